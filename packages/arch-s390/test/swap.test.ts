import { type Entry, type Level, makeSwap, swapOf } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { type Layout, s390 } from '../src/index.ts';
import { asks } from './support/entries.ts';

// The marks: 0x800 is exclusive, 0x2 soft-dirty. The first entry stood in the tables of a guest with Linux v6.1, whose
// pagemap told device 0, page 256.
const ENTRIES: readonly [Layout, Level, raw: bigint, type: bigint, offset: bigint, marks: bigint][] = [
  ['classic', 'pte', 0x10_0e02n, 0n, 0x100n, 0x802n],
  ['classic', 'pte', 0x1676n, 0x1dn, 0x1n, 0x2n],
  ['present', 'pte', 0xffff_ffff_ffff_f67cn, 0x1fn, 0xf_ffff_ffff_ffffn, 0n],
  ['present', 'pmd', 0x10_0570n, 0x15n, 0x100n, 0n],
  ['present', 'pmd', 0x10_0572n, 0x15n, 0x100n, 0x2n],
  ['present', 'pud', 0x10_0574n, 0x15n, 0x100n, 0n],
];

test.each(ENTRIES)('layout %s, %s 0x%x', (layout, level, raw, type, offset, marks) => {
  const arch = s390({ layout });
  const { swap } = arch.spec.levels[level];
  expect(swapOf(arch, level, raw as Entry)).toEqual({ type, offset });
  expect(makeSwap(arch, level, { type, offset })).toBe(raw & ~marks);
  expect(raw & ((swap?.exclusive ?? 0n) | (swap?.softDirty ?? 0n))).toBe(marks);
  const is = (['swap', 'none', 'present', 'leaf'] as const).map((what) => asks(layout, level, what, raw));
  expect(is).toEqual([true, false, false, false]);
});

test('a large page has no swap entry before v6.14, and none that does not fit', () => {
  for (const level of ['pud', 'pmd'] as const) expect(swapOf(s390(), level, 0x10_0570n as Entry)).toBeUndefined();
  expect(makeSwap(s390(), 'pte', { type: 0x20n, offset: 1n })).toBeUndefined();
  expect(makeSwap(s390(), 'pte', { type: 0n, offset: 1n << 52n })).toBeUndefined();
});
