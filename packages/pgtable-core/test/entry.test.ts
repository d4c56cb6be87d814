import { expect, test } from 'vitest';
import { entry, type Slot, sameSlot, slotPlus, UsageError } from '../src/index.ts';
import { refused } from './support/refused.ts';

const TOP = (1n << 64n) - 1n;
const slot = (addr: bigint, space: Slot['space'] = 'memory'): Slot<'pud'> => ({ level: 'pud', space, addr });

test('an entry is a word of 64 bits', () => {
  expect(entry('pmd', 0n)).toBe(0n);
  expect(entry('pmd', TOP)).toBe(TOP);
  for (const raw of [-1n, TOP + 1n, 7 as never, null as never])
    expect(refused(UsageError, () => entry('pmd', raw))).toMatchObject({
      code: 'entry-width',
      argument: 'pmd entry',
      expected: `a bigint from 0 to 2^64-1, not ${String(raw)}`,
    });
});

test('the next slot lies one entry further, whatever is there', () => {
  expect(slotPlus(slot(0x1000n), 1n, 8)).toEqual(slot(0x1008n));
  expect(slotPlus(slot(0x1000n, 'stack'), 3n, 4)).toEqual(slot(0x100cn, 'stack'));
  expect(slotPlus(slot(0x1000n), -1n, 8)).toEqual(slot(0xff8n));
  // Beyond the last slot of the address space lies none: not slot 0.
  expect(slotPlus(slot(TOP - 7n), 1n, 8)).toEqual(slot(TOP + 1n));
});

test('the same place is the same space and address, of whatever level', () => {
  expect(sameSlot(slot(8n), { ...slot(8n), level: 'pmd' } as Slot)).toBe(true);
  expect(sameSlot(slot(8n), slot(16n))).toBe(false);
  expect(sameSlot(slot(8n), slot(8n, 'stack'))).toBe(false);
});
