/** The half of the port that mapping and unmapping needs: what pages, swap space, counters and the scheduler are told. */
import type { Slot, Swap, Vaddr } from '@kernel-mm/pgtable-core';

/** How many pages, and how many swap entries, an address space has: mm->rss_stat, the kinds of pages as one. */
export interface MmCounters {
  readonly pages: number;
  readonly swap: number;
}

/** Every call is one access to state that others share. Frames are those of the page that was mapped, not of its head. */
export interface MappingPort {
  /** PageAnon: `false` for a page of a file. */
  isAnon(pfn: number): boolean;
  /** get_page: the reference of one more mapping. Its counterpart is `freePage`. */
  getPage(pfn: number): void;
  /**
   * page_add_new_anon_rmap, or with `shared` page_dup_rmap: this address space maps the page at `addr` too. What is
   * shared is exclusively nobody's any more.
   */
  addRmap(pfn: number, addr: Vaddr, how?: 'shared'): void;
  /** Whether mappings hold references to pages of a pud: of hugetlb always, of a device only from v6.15 on. */
  countsPuds(): boolean;
  /** set_page_dirty: what a pte knew, its page knows now. */
  setPageDirty(pfn: number): void;
  /** mark_page_accessed. */
  markAccessed(pfn: number): void;
  /** swap_duplicate: one more entry designates this place; `false` where its count has to grow first. */
  dupSwap(swap: Swap): boolean;
  /** add_swap_count_continuation; `false` where there is no memory. */
  extendSwap(swap: Swap): boolean;
  /** free_swap_and_cache: one entry less. */
  freeSwap(swap: Swap): void;
  /** Puts this address space on the list of those that swapoff looks through, if it is not there. */
  joinSwapList(): void;
  /** add_mm_rss_vec. */
  addCounters(change: MmCounters): void;
  /** inc_ and dec_tlb_flush_pending, or neither. @returns how many gathers work on this address space then */
  flushPending(by: -1 | 0 | 1): number;
  /** need_resched. */
  needResched(): boolean;
  /** cond_resched; no lock is held. */
  condResched(): void;
  /** spin_needbreak of the lock of the table that a slot lies in. */
  contended(slot: Slot): boolean;
}

/** Nobody else is there: all memory is anonymous, every count fits, nobody waits. */
export function quietMapping(): MappingPort {
  const nothing = (): void => undefined;
  let pending = 0;
  return {
    ...{ isAnon: () => true, dupSwap: () => true, extendSwap: () => true },
    ...{ addRmap: nothing, countsPuds: () => false },
    ...{ getPage: nothing, setPageDirty: nothing, markAccessed: nothing, freeSwap: nothing },
    ...{ joinSwapList: nothing, addCounters: nothing, condResched: nothing },
    ...{ needResched: () => false, contended: () => false },
    flushPending(by) {
      pending += by;
      return pending;
    },
  };
}
