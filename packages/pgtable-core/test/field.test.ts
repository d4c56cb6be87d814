import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, addressMask, bits, type Fields, flag, gather, maskOf, scatter, software } from '../src/field.ts';
import { property } from './support/runs.ts';

/** arm64 with 64 KiB pages: bits 51…48 of an address in bits 15…12 of an entry. */
const split: Fields = { low: address(47, 16), type: bits(1, 0, 'type'), high: address(15, 12, 48) };

test('fields by their makers', () => {
  expect(address(51, 12)).toEqual({ kind: 'address', hi: 51, lo: 12, to: 12 });
  expect(address(53, 10, 12)).toEqual({ kind: 'address', hi: 53, lo: 10, to: 12 });
  expect(flag(5)).toEqual({ kind: 'flag', hi: 5, lo: 5 });
  expect(software(9)).toEqual({ kind: 'software', hi: 9, lo: 9 });
  expect(bits(7, 6)).toEqual({ kind: 'flag', hi: 7, lo: 6 });
  expect(bits(3, 2, 'type')).toEqual({ kind: 'type', hi: 3, lo: 2 });
});

test('masks, from one bit to all of them', () => {
  expect(maskOf(flag(0))).toBe(1n);
  expect(maskOf(flag(63))).toBe(1n << 63n);
  expect(maskOf(bits(7, 6))).toBe(0xc0n);
  expect(maskOf(address(63, 0))).toBe((1n << 64n) - 1n);
  expect(addressMask(split)).toBe(0xffff_ffff_f000n);
  expect(addressMask({ V: flag(0) })).toBe(0n);
});

test('an address in two pieces, each at its own place', () => {
  expect(scatter(split, 0x000a_1234_5678_0000n)).toBe(0x1234_5678_a000n);
  expect(gather(split, 0x1234_5678_a003n)).toBe(0x000a_1234_5678_0000n);
});

test('a piece that is stored two places lower', () => {
  const fields = { ppn: address(53, 10, 12) };
  expect(scatter(fields, 0x8000_3000n)).toBe(0x2000_0c00n);
  expect(gather(fields, 0x2000_0cffn)).toBe(0x8000_3000n);
});

test.each<[string, Fields, bigint]>([
  ['below the lowest piece', split, 0x8000n],
  ['above the highest piece', split, 1n << 52n],
  ['in a hole between pieces', { a: address(31, 16), b: address(47, 40) }, 1n << 32n],
  ['in no piece at all', { V: flag(0) }, 1n],
])('an address with a bit %s does not fit', (_where, fields, value) => {
  expect(scatter(fields, value)).toBeUndefined();
  expect(scatter(fields, 0n)).toBe(0n);
});

test('gather takes back what scatter placed, and scatter what gather took', () => {
  // Cut points of a 64-bit entry, and a permutation of the pieces: every way to hold an address in pieces.
  const layouts = fc
    .tuple(fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { maxLength: 5 }), fc.infiniteStream(fc.nat()))
    .map(([cuts, order]) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), 64];
      const pieces = edges
        .slice(1)
        .map((hi, i) => ({ lo: edges[i]!, length: hi - edges[i]!, key: order.next().value }));
      let to = 0;
      const fields: Record<string, Fields[string]> = {};
      for (const { lo, length } of [...pieces].sort((a, b) => a.key - b.key)) {
        fields[`at${lo}`] = address(lo + length - 1, lo, to);
        to += length;
      }
      return fields as Fields;
    });
  fc.assert(
    fc.property(layouts, fc.bigInt(0n, (1n << 64n) - 1n), (fields, word) => {
      const placed = scatter(fields, word);
      expect(placed).toBeDefined();
      expect(gather(fields, placed!)).toBe(word);
      expect(scatter(fields, gather(fields, word))).toBe(word);
    }),
    property,
  );
});
