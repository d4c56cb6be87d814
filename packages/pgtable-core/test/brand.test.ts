import { expect, test } from 'vitest';
import { paddr, paddrWrap, pfnOf, UsageError, vaddr, vaddrWrap, wrap64 } from '../src/index.ts';
import { refused } from './support/refused.ts';

const TOP = (1n << 64n) - 1n;

test.each([0n, 1n, 1n << 63n, TOP])('0x%x is an address of either kind', (value) => {
  expect(vaddr(value)).toBe(value);
  expect(paddr(value)).toBe(value);
});

test.each([
  ['vaddr', vaddr],
  ['paddr', paddr],
] as const)('%s refuses what is no address', (name, make) => {
  const values = [
    [-1n, '-1'],
    [TOP + 1n, `${TOP + 1n}`],
    [1n << 200n, `${1n << 200n}`],
    [12 as never, '12'],
    ['12' as never, 'a string'],
    [undefined as never, 'undefined'],
  ] as const;
  for (const [value, told] of values)
    expect(refused(UsageError, () => make(value))).toMatchObject({
      name: 'UsageError',
      code: 'address-range',
      argument: name,
      expected: `a bigint from 0 to 2^64-1, not ${told}`,
    });
});

test('sums past the top wrap to the bottom', () => {
  expect(wrap64(TOP + 1n)).toBe(0n);
  expect(wrap64(-1n)).toBe(TOP);
  expect(vaddrWrap(TOP + 0x1001n)).toBe(0x1000n);
  expect(vaddrWrap(TOP)).toBe(TOP);
  expect(paddrWrap(-0x1000n)).toBe(TOP - 0xfffn);
  expect(paddrWrap((1n << 64n) * 3n + 5n)).toBe(5n);
});

test('a frame number counts pages, up to the last one', () => {
  expect(pfnOf(paddr(0x12fffn), 12)).toBe(0x12);
  expect(pfnOf(paddr(0x13000n), 12)).toBe(0x13);
  expect(pfnOf(paddr(TOP), 12)).toBe(2 ** 52 - 1);
  expect(pfnOf(paddr(0x7fffn), 14)).toBe(1);
});
