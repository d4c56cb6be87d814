/** mmu_gather: what was unmapped, until the hardware has forgotten it; pages and tables are freed only after the flush. */
import { above, LEVELS, type Level, type LowerLevel, type Paddr, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { type GatherOptions, pagesOfGather, tablesOfBatch } from './gather-options.ts';
import type { Range, TableFreeing, WalkerOf } from './port.ts';

export type { GatherOptions } from './gather-options.ts';

/** What a flush told the hardware; the whole address space is 0 to 2^64. */
export interface Flushed extends Range {
  /** The smallest size that was unmapped, by its level: the granule of the flush. */
  readonly granule: Level;
  readonly tables: boolean;
}

const ALL = { start: 0n, end: 0n } as Range;

/** Collects until it is flushed. Whoever made it, finishes it. */
export class Gather {
  readonly flushes: Flushed[] = [];
  readonly #walker: WalkerOf;
  readonly #options: Required<GatherOptions>;
  #full: boolean;
  #range: { start: bigint; end: bigint } | undefined;
  readonly #cleared = new Set<Level>();
  #freedTables = false;
  #pages: number[] = [];
  #tables: { level: LowerLevel; table: Paddr }[] = [];

  constructor(walker: WalkerOf, options: GatherOptions = {}) {
    const pageSize = 2 ** walker.mm.arch.spec.pageShift;
    const { freeing = 'rcu', full = false } = options;
    const { capacity = pagesOfGather(pageSize), tableCapacity = tablesOfBatch(pageSize) } = options;
    this.#walker = walker;
    this.#options = { freeing, full, capacity, tableCapacity };
    this.#full = full;
    walker.port.flushPending(1);
  }

  /** tlb_start_vma, the generic form: the cache is flushed for the whole mapping, whatever part of it goes. */
  startVma(vma: Range): void {
    if (!this.#full) this.#walker.port.flushCache(vma);
  }

  /** tlb_end_vma: the hardware forgets; pages and tables still wait. */
  endVma(): void {
    if (!this.#full) this.flushTlb();
  }

  /** tlb_remove_tlb_entry of a leaf of this level. */
  note(addr: bigint, level: Level): void {
    this.#extend(addr, this.#walker.mm.arch.geometry[level].size);
    this.#cleared.add(level);
  }

  /** __tlb_remove_page: whether the batch is full with it, so that it must be flushed before the next. */
  page(pfn: number): boolean {
    this.#pages.push(pfn);
    return this.#isFull();
  }

  /**
   * pXd_free_tlb: a table of `level` that `addr` was in; the entry above it is what was cleared, but there is no such note
   * of a pgd. With interrupts tables lie among the pages; with RCU in a batch of their own, and where there is no memory
   * for that, each is freed at once, after an interrupt.
   */
  table(addr: bigint, level: LowerLevel, table: Paddr): void {
    const { freeing, tableCapacity } = this.#options;
    this.#extend(addr, this.#walker.mm.arch.geometry.pte.size);
    this.#freedTables = true;
    if (level !== 'p4d') this.#cleared.add(above(level));
    this.#tables.push({ level, table });
    if (freeing === 'ipi') {
      if (this.#isFull()) this.flush();
    } else if (this.#tables.length >= tableCapacity) {
      this.flushTlb();
      this.#freeTables(tableCapacity === 0 ? 'ipi' : 'rcu');
    }
  }

  #isFull(): boolean {
    const { capacity, freeing } = this.#options;
    return this.#pages.length + (freeing === 'ipi' ? this.#tables.length : 0) >= capacity;
  }

  #extend(addr: bigint, size: bigint): void {
    const { start = addr, end = addr } = this.#range ?? {};
    this.#range = { start: addr < start ? addr : start, end: addr + size > end ? addr + size : end };
  }

  /** tlb_flush_mmu_tlbonly: nothing where nothing was noted. */
  flushTlb(): void {
    if (!this.#range) return;
    const { start, end } = this.#range;
    const range = this.#full ? ALL : { start: start as Vaddr, end: vaddrWrap(end) };
    const granule = [...LEVELS].reverse().find((level) => this.#cleared.has(level)) ?? 'pte';
    this.#walker.port.flushTlb(range);
    this.flushes.push({ ...range, granule, tables: this.#freedTables });
    this.#range = undefined;
    this.#cleared.clear();
    this.#freedTables = false;
  }

  #freeTables(how: TableFreeing): void {
    const tables = this.#tables;
    this.#tables = [];
    if (tables.length) this.#walker.port.syncTables(how);
    for (const { level, table } of tables) this.#walker.port.freeTable(level, table);
  }

  /** tlb_flush_mmu: the hardware first, then tables, then pages. */
  flush(): void {
    this.flushTlb();
    this.#freeTables(this.#options.freeing);
    const pages = this.#pages;
    this.#pages = [];
    for (const pfn of pages) this.#walker.port.freePage(pfn);
  }

  /** tlb_finish_mmu: where another gather works on this address space, its entries may be missing here: all is flushed. */
  finish(): void {
    if (this.#walker.port.flushPending(0) > 1) {
      this.#full = true;
      this.#range = { start: 0n, end: 0n };
      this.#freedTables = true;
      this.#cleared.clear();
    }
    this.flush();
    this.#walker.port.flushPending(-1);
  }
}
