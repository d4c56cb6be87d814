import { expect, test } from 'vitest';
import { bumpAllocator, paddr, reusing } from '../src/index.ts';

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

test('what is freed is given out again, for its own size, and only once', () => {
  const { alloc, free } = reusing(bumpAllocator(paddr(0x1000n), paddr(0x1100n)));
  const [small, large] = [alloc(0x40)!, alloc(0x80)!];
  free(large);
  free(small);
  expect([alloc(0x40), alloc(0x40), alloc(0x80), alloc(0x80)]).toEqual([small, undefined, large, undefined]);
  free(small);
  for (const at of [small, paddr(0x1010n)]) expect(() => free(at)).toThrow('given out');
});
