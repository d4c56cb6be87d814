/** Quantities that must not be mixed up carry their kind in the type; at run time they are plain bigints and numbers. */
import { kindOf, UsageError } from './errors.ts';

declare const quantity: unique symbol;

/** A virtual address in bytes, 0 … 2^64-1. As the `end` of a range, 0 means 2^64, as in the kernel. */
export type Vaddr = bigint & { readonly [quantity]: 'vaddr' };
/** A physical address in bytes, 0 … 2^64-1. */
export type Paddr = bigint & { readonly [quantity]: 'paddr' };
/** A page frame number: a physical address divided by the page size, exact in a double up to 2^53-1. */
export type Pfn = number & { readonly [quantity]: 'pfn' };

/** `value` modulo 2^64. */
export const wrap64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** A word as it is. Throws {@link UsageError} `address-range` for anything but 0 … 2^64-1. */
export function word(what: string, value: bigint): bigint {
  if (typeof value !== 'bigint' || value !== wrap64(value))
    throw new UsageError(
      'address-range',
      what,
      `a bigint from 0 to 2^64-1, not ${['bigint', 'number'].includes(typeof value) ? value : kindOf(value)}`,
    );
  return value;
}

/** A checked virtual address. Throws {@link UsageError} `address-range` for anything but 0 … 2^64-1. */
export const vaddr = (value: bigint): Vaddr => word('vaddr', value) as Vaddr;
/** A checked physical address. Throws {@link UsageError} `address-range` for anything but 0 … 2^64-1. */
export const paddr = (value: bigint): Paddr => word('paddr', value) as Paddr;
/** The virtual address `value` modulo 2^64: for sums that may pass the top of the address space. */
export const vaddrWrap = (value: bigint): Vaddr => wrap64(value) as Vaddr;
/** The physical address `value` modulo 2^64. */
export const paddrWrap = (value: bigint): Paddr => wrap64(value) as Paddr;

/** The frame of `address`, in units of 2^`pageShift` bytes. */
export const pfnOf = (address: Paddr, pageShift: number): Pfn => Number(address >> BigInt(pageShift)) as Pfn;
