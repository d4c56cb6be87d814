/** The kernel's answers, entry by entry, for every architecture: by the reference reading, by both engines' lookups and pins. */
import { pinRange } from '@kernel-mm/gup-fast';
import {
  accessPermitted,
  bumpAllocator,
  createMm,
  type Entry,
  flatMemory,
  lookup,
  type Mm,
  type Pfn,
  paddr,
  populate,
  pXdIs,
  type Vaddr,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { compile, room, wasmMemory } from '../src/index.ts';
import { archs } from './support/archs.ts';
import { ARM64 } from './support/kernel/arm64.ts';
import { OTHERS } from './support/kernel/others.ts';
import { GENERIC } from './support/kernel/riscv-s390.ts';
import { ACCESS, type Facts, KINDS, PAGE, type Row, type Word } from './support/kernel/row.ts';
import { X86 } from './support/kernel/x86.ts';

const ALL: readonly Facts[] = [...X86, ...ARM64, ...OTHERS, ...GENERIC];
const words = (truths: string): readonly string[] => truths.split(' ');
const holds = ([, , truths]: Row, word: Word): boolean => words(truths).includes(word);
const isLeaf = (row: Row): boolean => holds(row, 'present') && (row[0] === 'pte' || holds(row, 'leaf'));

/** What is asked of a row: rights and state of a leaf only; access of whatever is no table. */
const asked = (row: Row): readonly Word[] => {
  if (isLeaf(row)) return [...KINDS, ...ACCESS, ...PAGE];
  return holds(row, 'present') ? KINDS : [...KINDS, ...ACCESS];
};

function answer(mm: Mm, word: Word, [level, raw]: Row): boolean {
  const entry = raw as Entry<typeof level>;
  if (word === 'readable' || word === 'writable') return accessPermitted(mm, level, entry, word === 'writable');
  return pXdIs(mm, word, level, entry);
}

/** Tables from 1 MiB to 2 MiB, with the row's entry in the second slot of its level. What the row designates is elsewhere. */
function placed({ arch }: Facts, [level, raw]: Row) {
  const wasm = wasmMemory({ bytes: 2 ** 21 });
  const at = room(wasm, 16);
  const allocator = bumpAllocator(paddr(2n ** 20n), paddr(2n ** 21n));
  const mm = createMm(arch, flatMemory(wasm), allocator);
  if (!mm) throw new Error('no memory for the top table');
  const addr = vaddr(arch.geometry[level].size);
  const slot = populate(mm, allocator, addr, level);
  if ('kind' in slot || !writeEntry(mm, slot, raw as Entry)) throw new Error(`no ${level} slot`);
  const [frames, words] = [new Float64Array(wasm.buffer, at, 1), new Int32Array(wasm.buffer, at + 8, 1)];
  return { mm, addr, engine: compile(arch), frames, words };
}

/** Where a walk that trusts nothing ends. */
function end(row: Row): string {
  if (holds(row, 'none')) return 'none';
  if (!holds(row, 'present')) return 'not-present';
  if (isLeaf(row)) return 'leaf';
  return holds(row, 'bad') ? 'bad' : 'outside-memory';
}

/** What gup_fast makes of the leaf: the frame, or the first no. */
function pinned({ arch }: Facts, row: Row, write: boolean): string | Pfn {
  const { 3: at } = row;
  if (arch.spec.fastGup === false) return 'not-permitted';
  if (!holds(row, write ? 'writable' : 'readable')) return 'access';
  if (holds(row, 'special')) return 'special';
  if (at === undefined) throw new Error('a leaf that is taken has an address');
  return Number(at >> BigInt(arch.spec.pageShift)) as Pfn;
}

const titled = (row: Row): [string, Row] => [`${row[0]} 0x${row[1].toString(16)}: ${row[2]}`, row];

describe.each(ALL.map((facts) => [facts.name, facts] as const))('%s', (_name, facts) => {
  test.each(facts.rows.map(titled))('%s', (_title, row) => {
    const { mm, addr, engine, frames, words: counts } = placed(facts, row);
    expect(
      asked(row)
        .filter((word) => answer(mm, word, row))
        .sort(),
    ).toEqual([...words(row[2])].sort());

    for (const by of [undefined, engine]) {
      const found = lookup(mm, addr, by);
      expect(found.kind, by ? 'compiled' : 'reference').toBe(end(row));
      if (found.kind === 'leaf' && row[3] !== undefined) expect(found.paddr).toBe(row[3]);
      if (!isLeaf(row)) continue;
      for (const write of [false, true]) {
        counts.fill(1);
        const first = Number((row[3] ?? 0n) >> BigInt(facts.arch.spec.pageShift)) as Pfn;
        const to = vaddr(addr + facts.arch.geometry.pte.size) as Vaddr;
        const options = { write, frames, counts: { words: counts, first }, ...(by && { engine: by }) };
        const { pages, stop } = pinRange(mm, addr, to, options);
        const why = stop && ('rule' in stop ? stop.rule : stop.kind);
        expect(why ?? frames[0], `${by ? 'compiled' : 'reference'}, write ${write}`).toBe(pinned(facts, row, write));
        expect([pages, counts[0]]).toEqual(why ? [0, 1] : [1, 2]);
      }
    }
  });
});

test('every architecture that is shipped has rows, and every predicate is true of some row and not of another', () => {
  const ids = new Set(ALL.map(({ arch }) => arch.id));
  expect(archs.map(([, arch]) => arch.id).filter((id) => !ids.has(id))).toEqual([]);
  for (const word of [...KINDS, ...ACCESS, ...PAGE]) {
    const rows = ALL.flatMap((facts) => facts.rows).filter((row) => asked(row).includes(word));
    expect(new Set(rows.map((row) => holds(row, word))), word).toEqual(new Set([true, false]));
  }
});
