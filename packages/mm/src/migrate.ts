/** Page migration, as far as long-term pins need it: to the normal zone, if nobody else holds the folio. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import type { Space } from './space.ts';

/** Moves the folio of `pfn`. `false`, and nothing changed, where it is held by others or no frames are left. */
export function migrate(space: Space, pfn: Pfn): boolean {
  const { pages, leaves, vmas } = space;
  const folio = pages.folio(pfn);
  if (!folio || folio.refs === 0 || folio.zone === 'normal') return folio?.zone === 'normal' && !folio.device;
  const mapped = leaves.of(folio);
  const owner = folio.mapping === 'anon' ? 0 : 1;
  if (folio.refs !== mapped.length + owner || folio.device) return false;
  const made = pages.alloc({ order: folio.order, mapping: folio.mapping, hugetlb: folio.hugetlb });
  if (!made) return false;
  for (const [n, exclusive] of folio.exclusive.entries()) made.exclusive[n] = exclusive;
  for (const vma of vmas) vma.backing?.replace(folio, made);
  for (const wish of mapped) leaves.move(wish, folio, made);
  // The owner's reference: the file's goes over to the new folio, anonymous memory has none.
  pages.put(owner ? folio.head : made.head, { refs: 1, pins: 0 });
  return true;
}
