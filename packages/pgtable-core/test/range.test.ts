import { expect, test } from 'vitest';
import { checkPages, endOfPages, UsageError, vaddr } from '../src/index.ts';
import { refused } from './support/refused.ts';
import { toy3 } from './support/toys.ts';

const TOP_PAGE = (1n << 64n) - 0x1000n;
const end = (addr: bigint, n: number): bigint => endOfPages(toy3, vaddr(addr), n);
const code = (call: () => unknown): [string, string] => {
  const { code, argument } = refused(UsageError, call);
  return [code, argument];
};

test('the end of n pages', () => {
  expect(end(0x5000n, 1)).toBe(0x6000n);
  expect(end(0n, 2 ** 31 - 1)).toBe(0x7fff_ffff_000n);
  expect(end(0x5123n, 2)).toBe(0x7123n);
});

test.each([0, -0, -1, -3, -(2 ** 31)])('%d pages are an empty range', (n) => {
  expect(end(0x5000n, n)).toBe(0x5000n);
});

test.each([
  Number.NaN,
  1.5,
  -0.5,
  2 ** 31,
  -(2 ** 31) - 1,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  '3' as never,
])('%d is no number of pages', (n) => {
  expect(code(() => end(0x5000n, n))).toEqual(['range-count', 'n']);
});

test('a range may end at 2^64, which is 0, and no further', () => {
  expect(end(TOP_PAGE, 1)).toBe(0n);
  expect(end(TOP_PAGE - 0x2000n, 3)).toBe(0n);
  expect(code(() => end(TOP_PAGE, 2))).toEqual(['range-wraps', 'n']);
  expect(code(() => end(TOP_PAGE + 1n, 1))).toEqual(['range-wraps', 'n']);
  expect(end(TOP_PAGE, 0)).toBe(TOP_PAGE);
});

test('pages: aligned, and not backwards', () => {
  const check = (from: bigint, to: bigint): void => checkPages(toy3, vaddr(from), vaddr(to));
  expect(check(0x1000n, 0x3000n)).toBeUndefined();
  expect(check(0x1000n, 0x1000n)).toBeUndefined();
  expect(check(0x1000n, 0n)).toBeUndefined();
  expect(check(0n, 0n)).toBeUndefined();
  expect(check(TOP_PAGE, 0n)).toBeUndefined();
  expect(code(() => check(0x1001n, 0x3000n))).toEqual(['range-unaligned', 'addr, end']);
  expect(code(() => check(0x1000n, 0x3800n))).toEqual(['range-unaligned', 'addr, end']);
  expect(code(() => check(0x3000n, 0x1000n))).toEqual(['range-reversed', 'end']);
});
