/** Page migration, as far as long-term pins need it: to the normal zone, if nobody else holds the folio. */
import { type Entry, type Pfn, paddr, pXdIs, ungrouped, vaddrWrap, withFrame } from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import type { MappedAt } from './rmap.ts';
import type { Space } from './space.ts';
import { makeMigration } from './walkers/migration.ts';
import { emptyOf } from './walkers/tables.ts';

const ONE = { refs: 1, pins: 0 };

/** An entry as it is to be when its page has moved. */
type Moved = Omit<MappedAt, 'entry'> & { readonly entry: Entry | undefined };

/**
 * Moves the folio of `pfn`. `false`, and nothing changed, where it is held by others or no frames are left. While it
 * moves, migration entries are in its place; then each entry comes back as it was, but for the frame.
 */
export function migrate({ pages, vmas }: Space, pfn: Pfn): boolean {
  const folio = pages.folio(pfn);
  if (!folio || folio.refs === 0 || folio.zone === 'normal') return folio?.zone === 'normal' && !folio.device;
  const mapped = pages.rmap.of(folio);
  const file = vmas.find(({ backing }) => backing?.holds(folio))?.backing;
  if (folio.device || (!file && folio.mapping !== 'anon')) return false;
  if (folio.refs !== mapped.length + (file ? 1 : 0)) return false;
  const made = pages.alloc({ order: folio.order, mapping: folio.mapping, hugetlb: folio.hugetlb });
  if (!made) return false;
  const moved = mapped.map((at) => ({ ...at, entry: movedEntry(at, made) }));
  if (moved.some(({ entry }) => entry === undefined)) {
    pages.put(made.head, ONE);
    return false;
  }
  for (const [n, exclusive] of folio.exclusive.entries()) made.exclusive[n] = exclusive;
  for (const at of mapped) unmapToMigrate(at, folio);
  // The file's reference goes over to the new folio; anonymous memory has none.
  if (file?.replace(folio, made)) pages.put(folio.head, ONE);
  for (const at of moved) removeMigration(at, made);
  if (!file) pages.put(made.head, ONE);
  return true;
}

/** The entry with the page's new place; its rights and marks, and whether it is young or dirty, stay. */
const movedEntry = ({ walker: { mm }, slot, entry, page }: MappedAt, { head }: Folio): Entry | undefined =>
  withFrame(
    mm.arch,
    slot.level,
    ungrouped(mm, slot, entry),
    paddr(BigInt(head + page) << BigInt(mm.arch.spec.pageShift)),
  );

/** try_to_migrate_one: nobody reaches the page by this entry any more, and it holds no reference. */
function unmapToMigrate({ walker, slot, entry, addr, page }: MappedAt, { head }: Folio): void {
  const { mm, port } = walker;
  const { size } = mm.arch.geometry[slot.level];
  const moving = makeMigration(mm, slot.level, {
    pfn: BigInt(head + page),
    write: pXdIs(mm, 'write', slot.level, entry),
  });
  port.lock(slot);
  port.writeOnce(slot, moving ?? emptyOf(mm, slot));
  port.unlock(slot);
  port.flushTlb({ start: addr, end: vaddrWrap(addr + size) });
  port.freePage(head + page);
}

/** remove_migration_pte: the page is mapped again. */
function removeMigration({ walker: { port }, slot, entry, addr, page }: Moved, { head }: Folio): void {
  if (entry === undefined) return;
  port.getPage(head + page);
  port.addRmap(head + page, addr);
  port.lock(slot);
  port.writeOnce(slot, entry);
  port.unlock(slot);
}
