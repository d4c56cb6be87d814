/** How much a gather holds until it has to flush, and how it frees tables. */
import type { TableFreeing } from './port.ts';

/** How it collects. */
export interface GatherOptions {
  /** `rcu` unless said otherwise. */
  readonly freeing?: TableFreeing;
  /** How many pages fit before a flush is forced: {@link pagesOfGather}, unless said otherwise. */
  readonly capacity?: number;
  /** How many tables fit into a batch of their own (`rcu`), a page’s worth unless said otherwise; 0: no memory for one. */
  readonly tableCapacity?: number;
  /** exit_mmap: the whole address space goes, and is flushed as one. */
  readonly full?: boolean;
}

/**
 * How many pages fit (v5.8, 64-bit): 8 on the stack, then batches of one page each (a header of 16 bytes, then pointers),
 * as many as there is memory for, and no more than hold 10000.
 */
export function pagesOfGather(pageSize: number, batches: number = Number.POSITIVE_INFINITY): number {
  const each = Math.floor((pageSize - 16) / 8);
  return 8 + Math.min(batches, Math.floor(10000 / each)) * each;
}

/** struct mmu_table_batch: an rcu_head and a count before the pointers. */
export const tablesOfBatch = (pageSize: number): number => Math.floor((pageSize - 24) / 8);
