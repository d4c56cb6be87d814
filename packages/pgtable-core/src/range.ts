/** Ranges of pages: a start and an end, where an end of 0 is 2^64. */
import { type Vaddr, vaddr, vaddrWrap } from './brand.ts';
import { checkArch } from './doors.ts';
import { kindOf, UsageError } from './errors.ts';
import type { Arch } from './geometry.ts';

/**
 * The end of `n` pages from `addr`. `n` of 0 or less is an empty range, as for the kernel's `int nr_pages` of 2020.
 * @throws {@link UsageError} `range-count` for what is no whole number below 2^31, `range-wraps` past 2^64
 */
export function endOfPages(arch: Arch, addr: Vaddr, n: number): Vaddr {
  checkArch(arch);
  vaddr(addr);
  if (!Number.isInteger(n) || n >= 2 ** 31 || n < -(2 ** 31))
    throw new UsageError('range-count', 'n', `a whole number below 2^31, not ${typeof n === 'number' ? n : kindOf(n)}`);
  const end = addr + (BigInt(Math.max(n, 0)) << BigInt(arch.spec.pageShift));
  if (end > 1n << 64n) throw new UsageError('range-wraps', 'n', 'a range that ends at 2^64 or before');
  return vaddrWrap(end);
}

/**
 * Refuses a range that no loop over pages may be given.
 * @throws {@link UsageError} `range-unaligned`, `range-reversed`
 */
export function checkPages(arch: Arch, addr: Vaddr, end: Vaddr): void {
  checkArch(arch);
  vaddr(addr);
  vaddr(end);
  const { pageShift } = arch.spec;
  if ((addr | end) & ((1n << BigInt(pageShift)) - 1n))
    throw new UsageError('range-unaligned', 'addr, end', `multiples of 2^${pageShift}`);
  if (end !== 0n && end < addr) throw new UsageError('range-reversed', 'end', 'an end that is not before addr');
}
