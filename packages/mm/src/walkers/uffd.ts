/** userfaultfd's mark of pages whose writes it wants to hear of: who keeps it, and who loses it. */
import { type Entry, type Level, type Mm, maskOf, pXdIs } from '@kernel-mm/pgtable-core';

/** The bit of the mark, of an entry that is present or of one that is not; 0 where the architecture has none. */
function markOf(mm: Mm, level: Level, entry: Entry): bigint {
  const { leaf, swap } = mm.arch.spec.levels[level];
  const mark = leaf?.fields.UFFD_WP;
  return (pXdIs(mm, 'present', level, entry) ? mark && maskOf(mark) : swap?.uffdWp) ?? 0n;
}

/**
 * pXd_clear_uffd_wp, or pXd_swp_clear_uffd_wp (mm/memory.c and mm/huge_memory.c, v5.7): what a child that is not registered
 * inherits. The same entry where the architecture has no such mark.
 */
export const withoutUffdWp = <L extends Level>(mm: Mm, level: L, entry: Entry<L>): Entry<L> =>
  (entry & ~markOf(mm, level, entry as Entry)) as Entry<L>;

/** `made`, a part of what `from` was, with the mark if that had it: __split_huge_pmd_locked keeps it (mm/huge_memory.c, v5.7). */
export const withUffdWpOf = (mm: Mm, from: Entry<'pmd'>, made: Entry<'pte'>): Entry<'pte'> =>
  from & markOf(mm, 'pmd', from) ? ((made | markOf(mm, 'pte', made)) as Entry<'pte'>) : made;
