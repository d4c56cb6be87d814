import { expect, test } from 'vitest';
import { bumpAllocator, paddr } from '../src/index.ts';

test('each piece is aligned to its own size, and follows the one before', () => {
  const { alloc } = bumpAllocator(paddr(0x1010n), paddr(0x2000n));
  expect(alloc(0x40)).toBe(0x1040n);
  expect(alloc(0x40)).toBe(0x1080n);
  expect(alloc(0x100)).toBe(0x1100n);
  expect(alloc(8)).toBe(0x1200n);
});

test('what does not fit is refused, the last byte is not', () => {
  const { alloc } = bumpAllocator(paddr(0x1000n), paddr(0x1100n));
  expect(alloc(0x200)).toBeUndefined();
  expect(alloc(0x80)).toBe(0x1000n);
  expect(alloc(0x80)).toBe(0x1080n);
  expect(alloc(1)).toBeUndefined();
});
