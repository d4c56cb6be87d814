/** The port: every access of a walker to shared state, and to the stack that its pointers may lead to. */
import { type Mm, type Pfn, type ReadOnce, readEntry, StackArea } from '@kernel-mm/pgtable-core';
import type { Page } from './page.ts';

/** What a walker reads through, once per visit. A port can count, trace, or replay; walkers know no other way. */
export interface Port {
  /** The walker's own stack, with its local copies. */
  readonly stack: StackArea;
  /** READ_ONCE of a slot: in a table, or, for a pointer that never left the walker's stack, there. */
  readonly readOnce: ReadOnce;
}

/** What a speculative get made of a count: `zero` is never resurrected, `negative` has overflowed before. */
export type Got = 'got' | 'zero' | 'negative';

/** References, and pins with a counter of their own. */
export interface Weight {
  /** How much the count of references changes. */
  readonly refs: number;
  /** How much the count of pins does. */
  readonly pins: number;
}

/** The pages' side of a port: each call is one atomic access. Frames are those of heads, but for `page`. */
export interface PagePort {
  /** The struct page of a frame; `undefined` where there is none. */
  page(pfn: Pfn): Page | undefined;
  /** folio_ref_try_add: `refs` more, unless the count is 0 or less. It wraps as an int does: who comes next is refused. */
  tryGet(head: Pfn, refs: number): Got;
  /** folio_ref_add: more of what is held already, and no question asked. */
  add(head: Pfn, weight: Weight): void;
  /** Gives back what was taken. */
  put(head: Pfn, weight: Weight): void;
  /** Adds to a statistic: nr_foll_pin_acquired, nr_foll_pin_released. */
  count(event: 'acquired' | 'released', pins: number): void;
  /** get_dev_pagemap: whether the device's memory is still there; then it stays until `putPgmap`. */
  getPgmap(pfn: Pfn): boolean;
  /** put_dev_pagemap. */
  putPgmap(pfn: Pfn): void;
  /** arch_make_folio_accessible: `false` where a protected guest's page could not be exported (s390). */
  makeAccessible(pfn: Pfn): boolean;
  /** folio_set_referenced. */
  markReferenced(pfn: Pfn): void;
  /** ClearPageReferenced, where a device's page is given back. */
  clearReferenced(pfn: Pfn): void;
}

/** All that gup_fast may touch. */
export interface GupPort extends Port, PagePort {
  /** local_irq_save: until `irqRestore`, no table that the walk can reach is freed. */
  irqSave(): void;
  /** local_irq_restore. */
  irqRestore(): void;
  /** raw_seqcount_begin of write_protect_seq: odd while fork copies the address space. */
  seqBegin(): number;
  /** Whether it has changed since. */
  seqRetry(seq: number): boolean;
  /** mm_set_has_pinned_flag: sticky. */
  setHasPinned(): void;
  /** Whether the protection-key register allows the access (x86: PKRU). */
  keyAllows(key: number, write: boolean): boolean;
}

/** The port to quiet memory; its stack has the same entry beside each copy unless said otherwise. */
export const memoryPort = (mm: Mm, stack: StackArea = new StackArea()): Port => ({
  stack,
  readOnce: (slot) => (slot.space === 'stack' ? stack.readOnce(slot) : readEntry(mm, slot)),
});
