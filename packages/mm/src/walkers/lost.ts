/** What a walker took for a bad table and cleared: every walker that does so says it in this shape. */
import type { Entry, Slot, Vaddr } from '@kernel-mm/pgtable-core';

/** An entry that is gone: it was taken for a bad table, said so in the log, and cleared (pXd_clear_bad). */
export interface Lost {
  readonly slot: Slot;
  readonly entry: Entry;
  readonly addr: Vaddr;
}

/** The part of an answer that says what was lost. */
export interface Losing {
  /** Entries that were taken for bad tables: what was mapped by them is mapped no more. Missing where there are none. */
  readonly lost?: readonly Lost[];
}

/** The part of an answer for what was noted on the way. */
export const losing = (lost: readonly Lost[]): Losing => (lost.length > 0 ? { lost } : {});
