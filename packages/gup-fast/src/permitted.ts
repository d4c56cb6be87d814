/** Which ranges the kernel never walks locklessly: beyond TASK_SIZE_MAX, or by `gup_fast_permitted`. */
import { fastLimitOf, type Mm, type ReadOnce, topLevel, topOfRoot, type Vaddr } from '@kernel-mm/pgtable-core';

/**
 * Whether [start, end) may be walked locklessly: `end` (0 is 2^64) is not beyond the kernel's limit. That is the
 * asce_limit of the process on s390, the end of the user half on x86-64, TASK_SIZE_MAX where Linux has no gup_fast_permitted.
 * Nothing is permitted where Linux has no such walk at all. Without this test a walker meets ranges that cannot occur, for
 * example a 3-level process across 4 TiB. The limit follows from the root register; only without one is slot 0 of the top
 * table asked.
 */
export function gupFastPermitted(mm: Mm, end: Vaddr, readOnce?: ReadOnce): boolean {
  if (mm.arch.spec.fastGup === false) return false;
  const top = topOfRoot(mm) ?? topLevel(mm, readOnce);
  return top !== undefined && end !== 0n && end <= fastLimitOf(mm, top);
}
