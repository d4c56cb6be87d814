import { evaluator, type Fields, gather, maskOf } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { asce, largeFrame, page, regionTable, segmentTable, TT } from '../src/index.ts';

const ALL = (1n << 64n) - 1n;
const masks = (fields: Fields): Record<string, bigint> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, maskOf(field)]));

// Principles of Operation by way of arch/s390/include/asm/dat-bits.h.
test.each<[string, Fields, Record<string, bigint>]>([
  ['ASCE', asce, { origin: ALL & ~0xfffn, G: 0x200n, P: 0x100n, S: 0x80n, X: 0x40n, R: 0x20n, DT: 0xcn, TL: 0x3n }],
  ['region table entry', regionTable, { origin: ALL & ~0xfffn, P: 0x200n, TF: 0xc0n, I: 0x20n, TT: 0xcn, TL: 0x3n }],
  [
    'segment table entry',
    segmentTable,
    { origin: ALL & ~0x7ffn, FC: 0x400n, P: 0x200n, I: 0x20n, CS: 0x10n, TT: 0xcn },
  ],
  [
    'page table entry',
    page,
    {
      ...{ frame: ALL & ~0xfffn, Z: 0x800n, I: 0x400n, P: 0x200n, IEP: 0x100n, UNUSED: 0x80n, SPECIAL: 0x40n },
      ...{ WRITE: 0x20n, READ: 0x10n, DIRTY: 0x8n, YOUNG: 0x4n, SOFT_DIRTY: 0x2n, PRESENT: 0x1n },
    },
  ],
])('%s', (_name, fields, expected) => {
  expect(masks(fields)).toEqual(expected);
});

test.each([
  [31, ALL & ~0x7fff_ffffn],
  [20, ALL & ~0xf_ffffn],
] as const)('a large frame of 2^%d', (low, frame) => {
  expect(masks(largeFrame(low))).toEqual({
    ...{ frame, AV: 0x1_0000n, F: 0x800n, FC: 0x400n, P: 0x200n, IEP: 0x100n, I: 0x20n, common: 0x10n, TT: 0xcn },
  });
});

test('Z must be zero, the type bits are constant, the rest of a page entry is software’s', () => {
  expect(page.Z?.kind).toBe('zero');
  expect([regionTable.TT?.kind, segmentTable.TT?.kind, asce.DT?.kind]).toEqual(['type', 'type', 'type']);
  const software = Object.keys(page).filter((name) => page[name]?.kind === 'software');
  expect(software).toEqual(['UNUSED', 'SPECIAL', 'WRITE', 'READ', 'DIRTY', 'YOUNG', 'SOFT_DIRTY', 'PRESENT']);
});

test('an origin is gathered from its own bits only', () => {
  expect(gather(asce, 0x26d_41c7n)).toBe(0x26d_4000n);
  expect(gather(segmentTable, 0x26d_cfffn)).toBe(0x26d_c800n);
  expect(gather(largeFrame(31), 0x1_ffff_ffffn)).toBe(0x1_8000_0000n);
  expect(gather(largeFrame(20), 0x1_ffff_ffffn)).toBe(0x1_fff0_0000n);
});

test('the type of an entry, 0 to 3', () => {
  const type = evaluator(TT);
  expect([0x20n, 0x24n, 0x28n, 0x2cn, ALL].map((entry) => type({ entry }))).toEqual([0n, 1n, 2n, 3n, 3n]);
});
