/** What an entry maps: which page, whether one that counts, and whether more than a page at once. */
import { type Entry, type Level, leafAddress, leafSize, type Mm, pXdIs, type Vaddr } from '@kernel-mm/pgtable-core';

/**
 * vm_normal_page: the frame that a present entry maps at `addr`; none for a special entry or a device’s (x86 has both bits
 * in those), whose page is not counted.
 */
export function normalPage(mm: Mm, level: Level, entry: Entry, addr: Vaddr): number | undefined {
  if (pXdIs(mm, 'special', level, entry) || pXdIs(mm, 'devmap', level, entry)) return undefined;
  const offset = addr & (leafSize(mm.arch, level, entry) - 1n);
  return Number((leafAddress(mm.arch, level, entry) + offset) >> BigInt(mm.arch.spec.pageShift));
}

/** is_swap_pmd, pmd_trans_huge or pmd_devmap: a huge page, or one that moves. */
export const isHugeKind = (mm: Mm, level: Level, entry: Entry): boolean =>
  pXdIs(mm, 'leaf', level, entry) || (!pXdIs(mm, 'none', level, entry) && !pXdIs(mm, 'present', level, entry));
