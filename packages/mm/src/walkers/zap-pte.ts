/** One pte of zap_pte_range (v5.8): cleared and noted, its page queued, or its swap entry freed. */
import { pXdIs } from '@kernel-mm/pgtable-core';
import type { Gather } from './gather.ts';
import { normalPage } from './leaves.ts';
import type { Lost } from './lost.ts';
import type { WalkerOf } from './port.ts';
import { swapKindOf } from './swap-kinds.ts';
import { emptyOf } from './tables.ts';
import type { PteStep } from './walk.ts';

/** Which pages go, and how. */
export interface ZapDetails {
  /** zap_details.check_mapping: only these pages go; the others stay, and so does every swap entry (v5.8). */
  readonly only?: (pfn: number) => boolean;
  /** VM_SEQ_READ: that a page of a file was used is no sign that it will be again. */
  readonly sequential?: boolean;
}

/** What one table came to, until it is closed. */
interface ZapTally {
  pages: number;
  swap: number;
  /** Something must be flushed before the lock is let go. */
  force: boolean;
}

/** A zap, and the table that it is at. */
export interface ZapRun {
  readonly walker: WalkerOf;
  readonly gather: Gather;
  readonly details: ZapDetails;
  readonly lost: Lost[];
  tally: ZapTally;
}

/** Zaps a pte that is not none. @returns whether the batch of pages is full with it */
export function zapPte(run: ZapRun, step: PteStep): boolean {
  if (pXdIs(run.walker.mm, 'present', 'pte', step.entry)) return zapPresent(run, step);
  zapSwap(run, step);
  return false;
}

function zapPresent({ walker, gather, details, tally }: ZapRun, { slot, entry, addr }: PteStep): boolean {
  const { mm, port } = walker;
  const pfn = normalPage(mm, 'pte', entry, addr);
  if (pfn !== undefined && details.only?.(pfn) === false) return false;
  port.writeOnce(slot, emptyOf(mm, slot) as typeof entry);
  gather.note(addr, 'pte');
  if (pfn === undefined) return false;
  if (!port.isAnon(pfn)) {
    if (pXdIs(mm, 'dirty', 'pte', entry)) {
      // Who cleans the page next must not meet a processor that still writes through the old translation.
      tally.force = true;
      port.setPageDirty(pfn);
    }
    if (pXdIs(mm, 'young', 'pte', entry) && !details.sequential) port.markAccessed(pfn);
  }
  tally.pages--;
  if (!gather.page(pfn)) return false;
  tally.force = true;
  return true;
}

/** No processor ever used such an entry: nothing is noted for the flush. */
function zapSwap({ walker, details, tally }: ZapRun, { slot, entry }: PteStep): void {
  const { mm, port } = walker;
  const what = swapKindOf(mm, 'pte', entry);
  const gone = what?.kind === 'device' ? details.only?.(what.pfn) !== false : !details.only;
  if (!gone) return;
  port.writeOnce(slot, emptyOf(mm, slot) as typeof entry);
  if (what?.kind === 'migration' || what?.kind === 'device') tally.pages--;
  if (what?.kind === 'device') port.freePage(what.pfn);
  if (what?.kind !== 'swap') return;
  tally.swap--;
  port.freeSwap(what.swap);
}
