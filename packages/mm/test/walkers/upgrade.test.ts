/** s390's level upgrade: memory first, then one level after the other, and the old top stays where it was. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  bumpAllocator,
  createMm,
  flatMemory,
  map,
  type Paddr,
  paddr,
  type TableAllocator,
  topLevel,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { upgradeLevels } from '../../src/walkers/upgrade.ts';

const FROM = paddr(0x10_0000n);

/** A process with 3 levels, unless said otherwise, and one page; `left` tables can be had, and none once they are gone. */
function process(levels: 2 | 3 | 4 | 5 = 3, left = 9) {
  const memory = flatMemory(new ArrayBuffer(2 ** 20), FROM);
  const all = bumpAllocator(FROM, paddr(FROM + 2n ** 20n));
  const mm = createMm(s390(), memory, all, topOf(levels))!;
  const prot = { read: true, write: true, exec: false, user: true };
  map(mm, all, { addr: vaddr(0x1000n), paddr: paddr(0x5000n), size: 0x1000n, prot });
  let n = left;
  const tables: TableAllocator = { alloc: (bytes) => (n-- > 0 ? all.alloc(bytes) : undefined) };
  return { mm, tables };
}

describe('where to', () => {
  test.each([
    [3, 1n << 42n, 'unchanged'],
    [3, (1n << 42n) + 0x1000n, 'p4d'],
    [3, 1n << 53n, 'p4d'],
    [3, (1n << 53n) + 0x1000n, 'pgd'],
    [4, (1n << 53n) + 0x1000n, 'pgd'],
    [4, 0xffff_ffff_ffff_f000n, 'pgd'],
    [5, 0xffff_ffff_ffff_f000n, 'unchanged'],
    [3, 2n ** 64n - 1n, 'too-high'],
    [3, 0n, 'too-high'],
  ] as const)('%i levels, up to %d: %s', (levels, end, expected) => {
    const { mm, tables } = process(levels);
    const got = upgradeLevels(mm, tables, vaddr(end));
    if (got.kind !== 'upgraded') return expect(got.kind).toBe(expected);
    expect([got.to, topLevel(got.mm), got.from]).toEqual([expected, expected, topOf(levels)]);
    return expect(walk(got.mm, vaddr(0x1123n)).result).toMatchObject({ kind: 'leaf', paddr: 0x5123n });
  });
});

test('a walker that began at the old top resolves what it could before', () => {
  const { mm, tables } = process();
  const before = [...new Uint8Array(8)].map((_, n) => mm.memory.read(paddr(mm.pgd + 8n * BigInt(n)), 8, 'big'));
  const got = upgradeLevels(mm, tables, vaddr(1n << 60n));
  expect(got.kind).toBe('upgraded');
  expect(before).toEqual(before.map((_, n) => mm.memory.read(paddr(mm.pgd + 8n * BigInt(n)), 8, 'big')));
  expect(walk(mm, vaddr(0x1123n)).result).toMatchObject({ paddr: 0x5123n });
});

test('no memory, for the first table or the second: nothing changed, and what was taken is given back', () => {
  for (const left of [0, 1]) {
    const { mm, tables } = process(3, left);
    const freed: Paddr[] = [];
    expect(upgradeLevels(mm, tables, vaddr(1n << 60n), (table) => freed.push(table))).toEqual({ kind: 'no-memory' });
    expect(freed).toHaveLength(left);
    expect(topLevel(mm)).toBe('pud');
  }
});

test('a table that lies outside memory, the first or the second: all that was taken is given back', () => {
  for (const outside of [0, 1]) {
    const { mm, tables } = process();
    const taken: Paddr[] = [];
    const freed: Paddr[] = [];
    const alloc = (bytes: number): Paddr => {
      taken.push(taken.length === outside ? paddr(1n << 40n) : tables.alloc(bytes)!);
      return taken.at(-1)!;
    };
    expect(upgradeLevels(mm, { alloc }, vaddr(1n << 60n), (table) => freed.push(table))).toEqual({ kind: 'no-memory' });
    expect(taken).toHaveLength(2);
    expect(freed).toEqual(taken);
    expect(topLevel(mm)).toBe('pud');
  }
});

test('2 levels are none to begin with: compat processes are not upgraded', () => {
  const { mm, tables } = process(2);
  for (const end of [1n << 31n, 1n << 40n, 1n << 60n])
    expect(() => upgradeLevels(mm, tables, vaddr(end))).toThrow(expect.objectContaining({ code: 'argument' }));
});
