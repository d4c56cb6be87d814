/** Where new tables come from: memory that the caller sets aside. */
import { type Paddr, paddr } from './brand.ts';
import { checkFunction, checkObject } from './doors.ts';
import { UsageError } from './errors.ts';

/** Gives out memory for tables. */
export interface TableAllocator {
  /** `bytes` of memory, aligned to `bytes` (a power of two); `undefined` if there is none left. */
  alloc(bytes: number): Paddr | undefined;
  /** Takes memory back that `alloc` gave out. Left out: what is given out stays so. */
  free?(at: Paddr): void;
}

/** Refuses what gives out no memory. @throws {@link UsageError} `argument` */
export function checkAllocator(allocator: TableAllocator): void {
  checkObject('allocator', allocator);
  checkFunction('allocator.alloc', allocator.alloc);
}

/** The simplest allocator: takes from `[from, end)` upwards, and never takes back. */
export function bumpAllocator(from: Paddr, end: Paddr): TableAllocator {
  let next: bigint = paddr(from);
  paddr(end);
  return {
    alloc(bytes) {
      if (!(Number.isSafeInteger(bytes) && bytes > 0))
        throw new UsageError('argument', 'bytes', 'a whole number above 0');
      const size = BigInt(bytes);
      const at = (next + size - 1n) & ~(size - 1n);
      if (at + size > end) return undefined;
      next = at + size;
      return paddr(at);
    },
  };
}

/** An allocator that takes memory back: what was freed last is given out first, each piece for its own size only. */
export function reusing(allocator: TableAllocator): TableAllocator & Required<Pick<TableAllocator, 'free'>> {
  checkAllocator(allocator);
  const sizes = new Map<Paddr, number>();
  const free = new Map<number, Paddr[]>();
  return {
    alloc(bytes) {
      const at = free.get(bytes)?.pop() ?? allocator.alloc(bytes);
      if (at !== undefined) sizes.set(at, bytes);
      return at;
    },
    free(at) {
      const bytes = sizes.get(at);
      if (bytes === undefined) throw new UsageError('argument', 'at', 'memory that was given out, and not freed since');
      sizes.delete(at);
      free.set(bytes, [...(free.get(bytes) ?? []), at]);
    },
  };
}
