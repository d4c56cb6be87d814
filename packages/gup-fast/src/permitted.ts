/** Which ranges the kernel never walks locklessly: `gup_fast_permitted`. */
import { limitOf, type Mm, type ReadOnce, topLevel, topOfRoot, type Vaddr } from '@kernel-mm/pgtable-core';

/**
 * Whether [start, end) may be walked locklessly: `end` (0 is 2^64) is not beyond the limit of the address space, on
 * s390 the asce_limit of the process, elsewhere the end of the user half. Nothing is, where Linux has no such walk at all. Without this test a walker meets ranges
 * that cannot occur, for example a 3-level process across 4 TiB. The limit follows from the root register; only without
 * one is slot 0 of the top table asked.
 */
export function gupFastPermitted(mm: Mm, end: Vaddr, readOnce?: ReadOnce): boolean {
  if (mm.arch.spec.fastGup === false) return false;
  const top = topOfRoot(mm) ?? topLevel(mm, readOnce);
  return top !== undefined && end !== 0n && end <= limitOf(mm, top);
}
