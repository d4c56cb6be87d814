/** zap_huge_pmd and zap_huge_pud (v5.8): a large page that goes as a whole. */
import { type Entry, pXdIs, type RangeStep, type Slot, type Vaddr } from '@kernel-mm/pgtable-core';
import type { Gather } from './gather.ts';
import { isHugeKind, normalPage } from './leaves.ts';
import { migrationOf } from './migration.ts';
import type { WalkerOf } from './port.ts';
import { emptyOf } from './tables.ts';

/**
 * Clears a huge pmd under its lock, notes it, takes back the table that was set aside for it, and queues its page; of one
 * that moves there is no reference to give back.
 * @returns `false`, and nothing was done, where it is not huge any more
 */
export function zapHugePmd(walker: WalkerOf, gather: Gather, { slot, addr }: RangeStep): boolean {
  const { mm, port } = walker;
  const { pmd: huge, pte: page } = mm.arch.geometry;
  const pmd = slot as Slot<'pmd'>;
  port.lock(pmd);
  const entry = takeHuge(walker, gather, pmd, addr);
  if (entry === undefined) {
    port.unlock(pmd);
    return false;
  }
  const present = pXdIs(mm, 'present', 'pmd', entry);
  const moving = migrationOf(mm, 'pmd', entry)?.pfn;
  const pfn = present ? normalPage(mm, 'pmd', entry, addr) : moving === undefined ? undefined : Number(moving);
  // The zero page has a table set aside too; a file's page has none.
  const table = pfn === undefined || port.isAnon(pfn) ? port.withdraw(pmd, 'kept') : undefined;
  if (table !== undefined) port.freeTable('pte', table);
  if (pfn !== undefined) port.addCounters({ pages: -Number(huge.size / page.size), swap: 0 });
  port.unlock(pmd);
  if (present && pfn !== undefined && gather.page(pfn)) gather.flush();
  return true;
}

/** The same of a pud. Up to v6.14 only a device has such pages (DAX), and mappings hold no reference to them. */
export function zapHugePud(walker: WalkerOf, gather: Gather, { slot, addr }: RangeStep): boolean {
  walker.port.lock(slot);
  const entry = takeHuge(walker, gather, slot as Slot<'pud'>, addr);
  const pfn = entry === undefined ? undefined : dropPud(walker, entry, addr);
  walker.port.unlock(slot);
  if (pfn !== undefined && gather.page(pfn)) gather.flush();
  return entry !== undefined;
}

/** Counts a pud's pages off, where they count. @returns the first of them, whose reference goes */
export function dropPud({ mm, port }: WalkerOf, entry: Entry<'pud'>, addr: Vaddr): number | undefined {
  const { pud, pte } = mm.arch.geometry;
  const isCounted = port.countsPuds() && pXdIs(mm, 'present', 'pud', entry);
  const pfn = isCounted ? normalPage(mm, 'pud', entry as Entry, addr) : undefined;
  if (pfn !== undefined) port.addCounters({ pages: -Number(pud.size / pte.size), swap: 0 });
  return pfn;
}

/** Get-and-clear, if there still is something huge. */
function takeHuge<L extends 'pmd' | 'pud'>(
  { mm, port }: WalkerOf,
  gather: Gather,
  slot: Slot<L>,
  addr: bigint,
): Entry<L> | undefined {
  const entry: Entry<L> | undefined = port.readOnce(slot);
  if (entry === undefined || !isHugeKind(mm, slot.level, entry as Entry)) return undefined;
  port.writeOnce(slot, emptyOf(mm, slot) as Entry<L>);
  gather.note(addr, slot.level);
  return entry;
}
