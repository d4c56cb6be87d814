/** The idea of passing pointers and no values, `readAgain`: right while nothing changes, and untested data if it does. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { entry as makeEntry, type ReadOnce, readEntry, type Stepper, vaddr, writeEntry } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { judge, memoryPort, offsetLockless, readAgain, walkLockless } from '../src/index.ts';
import { rangeOf, spaceWith } from './support/space.ts';

const arch = s390();

test.each([2, 3, 4] as const)(
  'on quiet memory, %i levels: address-correct, and the law is broken as for the merged form',
  (levels) => {
    const size = { 2: 1n << 20n, 3: 1n << 31n, 4: 1n << 42n }[levels];
    const { mm } = spaceWith(arch, topOf(levels), [0n, size - 0x2000n], 4);
    const range = rangeOf(arch, size - 0x2000n, 4);
    const { addressCorrect, law, strays } = judge(mm, readAgain, ...range);
    expect({ addressCorrect, law, strays }).toEqual({ addressCorrect: true, law: false, strays: [] });
  },
);

test('an entry that goes away after its check: the value read once still leads to its table, the pointer elsewhere', () => {
  const walkWhileCleared = (stepper: Stepper) => {
    const { mm, frameOf } = spaceWith(arch, topOf(3), [0n], 1);
    // Another CPU unmaps the segment right after the walker has read its entry: EMPTY, whose origin bits are 0.
    const readOnce: ReadOnce = (slot) => {
      const entry = readEntry(mm, slot);
      if (slot.level === 'pmd' && entry !== 0x20n) writeEntry(mm, slot, makeEntry(slot.level, 0x20n));
      return slot.space === 'memory' ? entry : undefined;
    };
    return {
      frame: frameOf(0n),
      ...walkLockless(mm, vaddr(0n), vaddr(0x1000n), { stepper, port: { ...memoryPort(mm), readOnce } }),
    };
  };
  const byValue = walkWhileCleared(offsetLockless);
  expect(byValue.leaves.map(({ paddr }) => paddr)).toEqual([byValue.frame]);
  const byPointer = walkWhileCleared(readAgain);
  expect(byPointer.leaves).toEqual([]);
  // 0x20 is no table: its "origin" is physical 0.
  expect(byPointer.stop).toMatchObject({ kind: 'outside-memory', level: 'pte', slot: { addr: 0n } });
});
