/** Where new tables come from: memory that the caller sets aside. */
import { type Paddr, paddr } from './brand.ts';

/** Gives out memory for tables. */
export interface TableAllocator {
  /** `bytes` of memory, aligned to `bytes` (a power of two); `undefined` if there is none left. */
  alloc(bytes: number): Paddr | undefined;
}

/** The simplest allocator: takes from `[from, end)` upwards, and never takes back. */
export function bumpAllocator(from: Paddr, end: Paddr): TableAllocator {
  let next: bigint = from;
  return {
    alloc(bytes) {
      const size = BigInt(bytes);
      const at = (next + size - 1n) & ~(size - 1n);
      if (at + size > end) return undefined;
      next = at + size;
      return paddr(at);
    },
  };
}
