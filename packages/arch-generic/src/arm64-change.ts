/** What Linux makes of arm64 entries, by kernel version: pte_mkdirty and its like, and swap entries. */
import {
  and,
  bits,
  clear,
  type Expr,
  has,
  type LevelSpec,
  or,
  type SwapFormat,
  select,
  set,
  wrap64,
} from '@kernel-mm/pgtable-core';
import { AF, bit, NG, RDONLY, TABLE, VALID } from './arm64-descriptor.ts';
import { DEVMAP, DIRTY, hwDirty, INVALID, SPECIAL, WRITE } from './arm64-linux.ts';
import { type LinuxVersion, since } from './linux.ts';

type Mk = NonNullable<LevelSpec['mk']>;

/** `e` with the bits of `on` set and those of `off` cleared. */
const turn = (e: Expr, on: bigint, off: bigint): Expr => and(or(e, on), wrap64(~off));

/**
 * The helpers of each level that has leaves. A pud leaf is a hugetlb page: Linux changes those with the pte's helpers
 * (huge_pte_mkdirty), and splits none.
 */
export function changes(linux: LinuxVersion): Readonly<Record<'pte' | 'pmd' | 'pud', Mk>> {
  const page: Mk = {
    young: set(AF),
    old: clear(AF),
    dirty: select(has(WRITE), turn('entry', DIRTY, RDONLY), set(DIRTY)),
    clean: turn('entry', RDONLY, DIRTY),
    // Since v6.18 write does not mean dirty any more.
    write: since(linux, '6.18')
      ? select(has(DIRTY), turn('entry', WRITE, RDONLY), set(WRITE))
      : turn('entry', WRITE, RDONLY),
    // Without RDONLY the hardware's mark is lost, so v5.10 began to note it in DIRTY.
    wrprotect: turn(since(linux, '5.10') ? select(hwDirty, set(DIRTY), 'entry') : 'entry', RDONLY, WRITE),
  };
  const special: Mk = { special: set(SPECIAL) };
  const block: Mk = { ...page, huge: clear(TABLE), ...(since(linux, '6.12') && special) };
  const devmap = (mask: bigint): Mk => (since(linux, '6.17') ? {} : { devmap: set(mask) });
  const invalid: Mk = {
    invalid: turn('entry', since(linux, '6.11') ? NG : since(linux, '5.11') ? INVALID : 0n, VALID),
  };

  return {
    pte: { ...page, ...special, ...devmap(DEVMAP | SPECIAL), ...(since(linux, '6.11') && invalid) },
    pmd: { ...block, ...devmap(DEVMAP), ...invalid },
    pud: block,
  };
}

/** Swap entries: bit 2 is the exclusive mark since v5.19; v6.11 moved the rest away from nG, which had come to mean present. */
export function swapFormat(linux: LinuxVersion): SwapFormat {
  if (since(linux, '6.11'))
    return { type: bits(10, 6), offset: bits(61, 12), base: 0n, exclusive: bit(2), uffdWp: bit(3) };
  if (since(linux, '5.19')) return { type: bits(7, 3), offset: bits(57, 8), base: 0n, exclusive: bit(2) };
  return { type: bits(7, 2), offset: bits(57, 8), base: 0n };
}
