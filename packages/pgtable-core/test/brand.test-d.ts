import { expectTypeOf, test } from 'vitest';
import { type Paddr, type Pfn, paddr, paddrWrap, pfnOf, type Vaddr, vaddr, vaddrWrap, wrap64 } from '../src/index.ts';

test('a quantity is made by its maker, and goes wherever a bare number does', () => {
  expectTypeOf(vaddr(1n)).toEqualTypeOf<Vaddr>();
  expectTypeOf(vaddrWrap(1n)).toEqualTypeOf<Vaddr>();
  expectTypeOf(paddr(1n)).toEqualTypeOf<Paddr>();
  expectTypeOf(paddrWrap(1n)).toEqualTypeOf<Paddr>();
  expectTypeOf(pfnOf(paddr(1n), 12)).toEqualTypeOf<Pfn>();
  expectTypeOf<Vaddr>().toExtend<bigint>();
  expectTypeOf<Paddr>().toExtend<bigint>();
  expectTypeOf<Pfn>().toExtend<number>();
});

test('sums and masks are bare numbers again', () => {
  expectTypeOf(vaddr(1n) + 1n).toEqualTypeOf<bigint>();
  expectTypeOf(vaddr(1n) & 1n).toEqualTypeOf<bigint>();
  expectTypeOf(wrap64(vaddr(1n))).toEqualTypeOf<bigint>();
});

test('no quantity stands for another, and no bare number for one', () => {
  expectTypeOf<Paddr>().not.toExtend<Vaddr>();
  expectTypeOf<Vaddr>().not.toExtend<Paddr>();
  expectTypeOf<bigint>().not.toExtend<Vaddr>();
  expectTypeOf<bigint>().not.toExtend<Paddr>();
  expectTypeOf<number>().not.toExtend<Pfn>();
  // @ts-expect-error a virtual address has no frame
  pfnOf(vaddr(1n), 12);
  // @ts-expect-error a bare word may be either
  pfnOf(1n, 12);
  // @ts-expect-error numbers are too short for addresses
  vaddr(1);
});
