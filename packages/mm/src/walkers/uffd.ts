/** userfaultfd's mark of pages whose writes it wants to hear of: what a child that is not registered does not inherit. */
import { type Entry, type Level, type Mm, maskOf, pXdIs } from '@kernel-mm/pgtable-core';

/**
 * pXd_clear_uffd_wp, or pXd_swp_clear_uffd_wp (mm/memory.c and mm/huge_memory.c, v5.7). The same entry where the
 * architecture has no such mark.
 */
export function withoutUffdWp<L extends Level>(mm: Mm, level: L, entry: Entry<L>): Entry<L> {
  const { leaf, swap } = mm.arch.spec.levels[level];
  const mark = leaf?.fields.UFFD_WP;
  const bit = pXdIs<Level>(mm, 'present', level, entry as Entry) ? mark && maskOf(mark) : swap?.uffdWp;
  return (entry & ~(bit ?? 0n)) as Entry<L>;
}
