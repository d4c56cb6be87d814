/** What an ASCE maps: its length, and the offset and length that an entry gives the table below, bound what is listed. */
import { type Level, type Memory, machine, ranges, translate, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { s390, s390Mmu } from '../src/index.ts';

const LEVELS = ['pgd', 'p4d', 'pud', 'pmd', 'pte'] as const;
const SHIFT = { pgd: 53n, p4d: 42n, pud: 31n, pmd: 20n, pte: 12n };
const TYPE = { pgd: 0xcn, p4d: 0x8n, pud: 0x4n, pmd: 0n, pte: 0n };
/** Each level's table, 16 MiB apart; what is not written is invalid at every level. */
const base = (level: Level): bigint => BigInt(1 + LEVELS.indexOf(level)) << 24n;
const of = machine(s390Mmu(s390()));

function memoryOf(words: ReadonlyMap<bigint, bigint>): Memory {
  return { pieces: [], read: (at) => words.get(at) ?? 0x420n, write: () => false };
}

/** A page in each quarter of the table at `level`, all by way of the same entries; `bounds` is in the one above it. */
function quarters(top: Level, level: Level, bounds: bigint): { memory: Memory; pages: bigint[] } {
  const words = new Map<bigint, bigint>();
  const pages = [0n, 1n, 2n, 3n].map((quarter) => (quarter << (SHIFT[level] + 9n)) | 0x1000n);
  for (const addr of pages)
    for (const one of LEVELS.slice(LEVELS.indexOf(top))) {
      const below = LEVELS[LEVELS.indexOf(one) + 1];
      const entry = below ? base(below) | TYPE[one] | (below === level ? bounds : one === 'pmd' ? 0n : 3n) : 0x5000n;
      words.set(base(one) + 8n * ((addr >> SHIFT[one]) & (one === 'pte' ? 0xffn : 0x7ffn)), entry);
    }
  return { memory: memoryOf(words), pages };
}

/** Every page is listed exactly where DAT translates it. */
function check(memory: Memory, root: bigint, pages: readonly bigint[], expected: readonly bigint[]): void {
  const starts = [...ranges(of, memory, root)].map((item) => (item.kind === 'mapped' ? item.start : item.kind));
  expect(starts).toEqual(expected);
  for (const addr of pages) {
    const { kind } = translate(of, memory, { root, addr: vaddr(addr), access: 'read' });
    expect(kind === 'address', addr.toString(16)).toBe(starts.some((start) => start === addr));
  }
}

describe.each(['pgd', 'p4d', 'pud', 'pmd'] as const)('a top table at %s', (top) => {
  test.each([0n, 1n, 2n, 3n])('TL = %d: addresses beyond are no part of the space', (length) => {
    const { memory, pages } = quarters(top, top, 0n);
    check(memory, base(top) | TYPE[top] | length, pages, pages.slice(0, Number(length) + 1));
  });
});

describe.each(['p4d', 'pud', 'pmd'] as const)('a table at %s', (level) => {
  const above = LEVELS[LEVELS.indexOf(level) - 1]!;
  const all = [0n, 1n, 2n, 3n];

  test.each(all.flatMap((offset) => all.map((length) => [offset, length] as const)))(
    'TF = %d, TL = %d: the quarters between',
    (offset, length) => {
      const { memory, pages } = quarters(above, level, (offset << 6n) | length);
      const within = pages.filter((_, quarter) => offset <= quarter && quarter <= length);
      check(memory, base(above) | TYPE[above] | 3n, pages, within);
    },
  );
});

test('real space: every address is its own, but for the prefix, and no table is read', () => {
  const prefixed = machine(s390Mmu(s390()), { prefix: 0x8000n });
  const memory: Memory = { pieces: [], write: () => false, read: () => expect.fail('a read') };
  const items = [...ranges(prefixed, memory, 0x20n, { merge: true, budget: 16 })];
  expect(items.map((item) => (item.kind === 'mapped' ? [item.start, item.end, item.paddr] : item))).toEqual([
    [0n, 0x2000n, 0x8000n],
    [0x2000n, 0x8000n, 0x2000n],
    [0x8000n, 0xa000n, 0n],
    [0xa000n, 0x10000n, 0xa000n],
    { kind: 'cursor', next: 0x10000n },
  ]);
});
