import { type Entry, fieldsOf, leafAddress, makeLeaf, paddr, tableAddress } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type Layout, s390 } from '../src/index.ts';
import { asks } from './support/entries.ts';

const FULL = { read: true, write: true, exec: true, user: true };

describe.each<[Layout, 'pud' | 'pmd', bigint]>([
  ['classic', 'pud', 0x404n],
  ['classic', 'pmd', 0x400n],
  ['present', 'pud', 0x405n],
  ['present', 'pmd', 0x401n],
])('layout %s, %s', (layout, level, bare) => {
  test('old: invalid for the hardware, and still a present leaf', () => {
    const old = bare | 0x8000_0020n;
    expect(asks(layout, level, 'present', old)).toBe(true);
    expect(asks(layout, level, 'leaf', old)).toBe(true);
    expect(asks(layout, level, 'young', old)).toBe(false);
    expect(asks(layout, level, 'young', old | 0x1000n)).toBe(true);
  });

  test('dirty, soft-dirty, executable', () => {
    const soft = layout === 'classic' ? 0x4000n : 0x2n;
    const at = bare | 0x8000_0000n;
    expect([at, at | 0x2000n].map((raw) => asks(layout, level, 'dirty', raw))).toEqual([false, true]);
    expect([at, at | soft].map((raw) => asks(layout, level, 'softDirty', raw))).toEqual([false, true]);
    expect([at, at | 0x100n].map((raw) => asks(layout, level, 'exec', raw))).toEqual([true, false]);
    expect(asks(layout, level, 'user', at)).toBe(true);
  });

  test('the frame begins above the software bits', () => {
    const arch = s390({ layout });
    const { size } = arch.geometry[level];
    const entry = makeLeaf(arch, level, paddr(size), FULL) as Entry;
    expect(leafAddress(arch, level, entry)).toBe(size);
    expect(leafAddress(arch, level, ((size - 1n) | bare) as Entry)).toBe(0n);
    expect(fieldsOf(arch, level, 'leaf', entry)).toMatchObject({
      frame: 1n,
      FC: 1n,
      I: 0n,
      P: 0n,
      YOUNG: 1n,
      DIRTY: 1n,
    });
  });
});

test('the same bits read as a table: a 2 KiB page table, or a whole page', () => {
  expect(tableAddress(s390(), 'pmd', 0x770_3c03n as Entry)).toBe(0x770_3800n);
  expect(tableAddress(s390(), 'pud', 0x770_3c07n as Entry)).toBe(0x770_3000n);
});
