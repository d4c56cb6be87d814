import {
  bumpAllocator,
  type Change,
  change,
  createMm,
  type Entry,
  flatMemory,
  type Level,
  machine,
  map,
  modify,
  NO_RIGHTS,
  type Prot,
  paddr,
  protect,
  type Rights,
  translate,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type Layout, type Levels, s390, s390Mmu, topOf } from '../src/index.ts';

const make = (layout: Layout, level: Level, what: Change, raw: bigint): bigint | undefined =>
  change(s390({ layout }), level, what, raw as Entry);

// The twelve states of a page: rights by dirty by young. I is set unless it is young and readable, P unless it is dirty
// and writable (arch/s390/include/asm/pgtable.h, "possible bit combinations").
type State = readonly [rights: '' | 'r' | 'rw', dirty: boolean, young: boolean];
const STATES: readonly (readonly [State, pte: bigint, pmd: bigint, presentPmd: bigint])[] = [
  [['', false, false], 0x601n, 0x620n, 0x621n],
  [['', false, true], 0x605n, 0x1620n, 0x1621n],
  [['', true, false], 0x609n, 0x2620n, 0x2621n],
  [['', true, true], 0x60dn, 0x3620n, 0x3621n],
  [['r', false, false], 0x611n, 0x621n, 0x4621n],
  [['r', false, true], 0x215n, 0x1601n, 0x5601n],
  [['r', true, false], 0x619n, 0x2621n, 0x6621n],
  [['r', true, true], 0x21dn, 0x3601n, 0x7601n],
  [['rw', false, false], 0x631n, 0x623n, 0xc621n],
  [['rw', false, true], 0x235n, 0x1603n, 0xd601n],
  [['rw', true, false], 0x439n, 0x2423n, 0xe421n],
  [['rw', true, true], 0x03dn, 0x3403n, 0xf401n],
];
const KINDS: readonly [what: string, Layout, Level, column: 1 | 2 | 3, softDirty: bigint][] = [
  ['pte', 'classic', 'pte', 1, 0x2n],
  ['pte', 'present', 'pte', 1, 0x2n],
  ['large pmd', 'classic', 'pmd', 2, 0x4000n],
  ['large pmd', 'present', 'pmd', 3, 0x2n],
];
const FRAME = 0x7_7700_0000n;

describe.each(KINDS)('%s, layout %s', (_what, layout, level, column, softDirty) => {
  const entryOf = (wanted: State): bigint =>
    FRAME | STATES.find(([state]) => String(state) === String(wanted))![column];

  test.each(STATES.map(([state]) => [String(state), state] as const))('%s', (_name, [rights, dirty, young]) => {
    const from = entryOf([rights, dirty, young]);
    expect(make(layout, level, 'young', from)).toBe(entryOf([rights, dirty, true]));
    expect(make(layout, level, 'old', from)).toBe(entryOf([rights, dirty, false]));
    expect(make(layout, level, 'dirty', from)).toBe(entryOf([rights, true, young]) | softDirty);
    expect(make(layout, level, 'clean', from)).toBe(entryOf([rights, false, young]));
    if (rights === 'r') expect(make(layout, level, 'write', from)).toBe(entryOf(['rw', dirty, young]));
    if (rights === 'rw') expect(make(layout, level, 'wrprotect', from)).toBe(entryOf(['r', dirty, young]));
    expect(make(layout, level, 'softDirty', from)).toBe(from | softDirty);
    expect(make(layout, level, 'clearSoftDirty', from | softDirty)).toBe(from);
    // mprotect comes to the same: rights change, and the rest is kept. Pages that may not be executed say so in 0x100.
    for (const other of ['', 'r', 'rw'] as const) {
      const prot: Prot = { read: other !== '', write: other === 'rw', exec: true, user: true };
      expect(modify(s390({ layout }), level, from as Entry, prot), other).toBe(entryOf([other, dirty, young]));
    }
  });
});

test.each<[Layout, Level, Change, bigint, bigint | undefined]>([
  ['classic', 'pte', 'special', 0x21dn, 0x25dn],
  // pmd_mkhuge makes young and protected; pmdp_invalidate sets I.
  ['classic', 'pmd', 'huge', 0x1n, 0x1601n],
  ['present', 'pmd', 'huge', 0x4001n, 0x5601n],
  ['classic', 'pmd', 'invalid', 0x3403n, 0x3423n],
  // In a pud of the classic layout READ is 2 and WRITE is 1.
  ['classic', 'pud', 'young', 0x2426n, 0x3406n],
  ['classic', 'pud', 'young', 0x2425n, 0x3425n],
  ['classic', 'pud', 'dirty', 0x1605n, 0x7405n],
  ['present', 'pud', 'dirty', 0xd605n, 0xf407n],
  ['classic', 'pte', 'huge', 0x21dn, undefined],
  ['classic', 'pud', 'huge', 0x3407n, undefined],
  ['classic', 'pte', 'devmap', 0x21dn, undefined],
  ['classic', 'p4d', 'young', 0x0bn, undefined],
])('layout %s, %s: %s of 0x%x', (layout, level, what, raw, expected) => {
  expect(make(layout, level, what, raw)).toBe(expected);
});

describe('mprotect, by the hardware’s reading', () => {
  const FULL: Prot = { read: true, write: true, exec: true, user: true };
  const rights = (text: string): Rights => ({
    read: text.includes('r'),
    write: text.includes('w'),
    execute: text.includes('x'),
  });

  test.each<[Levels, Layout]>(
    [2, 3, 4, 5].flatMap((levels) => [
      [levels as Levels, 'classic'],
      [levels as Levels, 'present'],
    ]),
  )('%i levels, layout %s', (levels, layout) => {
    const arch = s390({ layout });
    const allocator = bumpAllocator(paddr(0x10_0000n), paddr(0x20_0000n));
    const mm = createMm(arch, flatMemory(new ArrayBuffer(0x10_0000), 0x10_0000n), allocator, topOf(levels))!;
    // A page, and a segment of 1 MiB behind it.
    const [start, size] = [0x70_0000n - 0x1000n, 0x10_1000n];
    expect(map(mm, allocator, { addr: vaddr(start), paddr: paddr(0x8000_0000n + start), size, prot: FULL })).toEqual({
      size,
    });
    const before = [start, 0x70_0000n].map((addr) => walk(mm, vaddr(addr)).result);
    const dat = machine(s390Mmu(arch), { edat1: true, iep: true });

    const granted = (addr: bigint): Rights | string => {
      const answer = translate(dat, mm.memory, { root: mm.root!, addr: vaddr(addr), access: 'read' });
      return answer.kind === 'address' ? answer.rights : answer.name;
    };
    const steps: [Prot, Rights | undefined][] = [
      [{ ...FULL, write: false }, rights('rx')],
      [{ ...FULL, exec: false }, rights('rw')],
      [NO_RIGHTS, undefined],
      [{ ...FULL, write: false, exec: false }, rights('r')],
      [FULL, rights('rwx')],
    ];
    for (const [prot, expected] of steps) {
      expect(protect(mm, vaddr(start), size, prot)).toEqual({ kind: 'done', leaves: 2 });
      expect(granted(start + 0x123n)).toEqual(expected ?? 'page-translation');
      expect(granted(0x71_2345n)).toEqual(expected ?? 'segment-translation');
    }
    expect([start, 0x70_0000n].map((addr) => walk(mm, vaddr(addr)).result)).toEqual(before);
  });
});
