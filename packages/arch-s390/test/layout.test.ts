import { maskOf } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { SOFTWARE, softwareFields } from '../src/index.ts';

test('classic, up to v6.13: READ and WRITE are 2 and 1 in a pud, 1 and 2 in a pmd', () => {
  const shared = { YOUNG: 0x1000n, DIRTY: 0x2000n, SOFT_DIRTY: 0x4000n, PRESENT: 0n };
  expect(SOFTWARE.classic.pud).toEqual({ ...shared, READ: 0x2n, WRITE: 0x1n });
  expect(SOFTWARE.classic.pmd).toEqual({ ...shared, READ: 0x1n, WRITE: 0x2n });
});

test('since v6.14: the same in both, with a PRESENT bit', () => {
  const bits = { PRESENT: 0x1n, SOFT_DIRTY: 0x2n, READ: 0x4000n, WRITE: 0x8000n, DIRTY: 0x2000n, YOUNG: 0x1000n };
  expect(SOFTWARE.present.pud).toEqual(bits);
  expect(SOFTWARE.present.pmd).toEqual(bits);
});

test('as fields: each at its bit, and what a layout does not have is left out', () => {
  const fields = softwareFields(SOFTWARE.classic.pmd);
  expect(Object.keys(fields).sort()).toEqual(['DIRTY', 'READ', 'SOFT_DIRTY', 'WRITE', 'YOUNG']);
  for (const [name, field] of Object.entries(fields)) {
    expect(field.kind).toBe('software');
    expect(maskOf(field)).toBe(SOFTWARE.classic.pmd[name as 'READ']);
  }
  expect(softwareFields(SOFTWARE.present.pud).PRESENT).toEqual({ kind: 'software', hi: 0, lo: 0 });
});
