/** mmu_gather: what was unmapped, until the hardware has forgotten it; pages and tables are freed only after the flush. */
import { LEVELS, type Level, type LowerLevel, type Paddr, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import type { Range, TableFreeing, WalkerOf } from './port.ts';

/** What a flush told the hardware. */
export interface Flushed extends Range {
  /** The smallest size that was unmapped, by its level: the granule of the flush. */
  readonly granule: Level;
  readonly tables: boolean;
}

/** The pages of a batch: 8 on the stack first, then as many as a page holds. */
export interface GatherOptions {
  readonly freeing?: TableFreeing;
  /** How many pages fit before a flush is forced; Linux: 8, then a page’s worth at a time. */
  readonly capacity?: number;
}

/** Collects until it is flushed. */
export class Gather {
  readonly flushes: Flushed[] = [];
  readonly #walker: WalkerOf;
  readonly #freeing: TableFreeing;
  readonly #capacity: number;
  #range: { start: bigint; end: bigint } | undefined;
  readonly #cleared = new Set<Level>();
  #freedTables = false;
  #pages: number[] = [];
  #tables: { level: LowerLevel; table: Paddr }[] = [];

  constructor(walker: WalkerOf, { freeing = 'rcu', capacity = 8 }: GatherOptions = {}) {
    this.#walker = walker;
    this.#freeing = freeing;
    this.#capacity = capacity;
  }

  /** tlb_remove_tlb_entry of a leaf of this level. */
  note(addr: bigint, level: Level): void {
    this.#extend(addr, this.#walker.mm.arch.geometry[level].size);
    this.#cleared.add(level);
  }

  /** tlb_remove_page: whether the batch is full, so that it must be flushed before the next. */
  page(pfn: number): boolean {
    this.#pages.push(pfn);
    return this.#pages.length >= this.#capacity;
  }

  /** pXd_free_tlb: a table of `level` that `addr` was in; the entry above it is what was cleared. */
  table(addr: bigint, level: LowerLevel, table: Paddr): void {
    this.#extend(addr, this.#walker.mm.arch.geometry.pte.size);
    this.#freedTables = true;
    this.#cleared.add(LEVELS[LEVELS.indexOf(level) - 1] ?? 'pgd');
    this.#tables.push({ level, table });
  }

  #extend(addr: bigint, size: bigint): void {
    const { start = addr, end = addr } = this.#range ?? {};
    this.#range = { start: addr < start ? addr : start, end: addr + size > end ? addr + size : end };
  }

  /** tlb_flush_mmu_tlbonly: nothing where nothing was noted. */
  flushTlb(): void {
    if (!this.#range) return;
    const range = { start: this.#range.start as Vaddr, end: vaddrWrap(this.#range.end) };
    const granule = [...LEVELS].reverse().find((level) => this.#cleared.has(level)) ?? 'pte';
    this.#walker.port.flushTlb(range);
    this.flushes.push({ ...range, granule, tables: this.#freedTables });
    this.#range = undefined;
    this.#cleared.clear();
    this.#freedTables = false;
  }

  /** tlb_flush_mmu: the hardware first, then tables, then pages. */
  flush(): void {
    this.flushTlb();
    const { port } = this.#walker;
    const [tables, pages] = [this.#tables, this.#pages];
    [this.#tables, this.#pages] = [[], []];
    if (tables.length) port.syncTables(this.#freeing);
    for (const { level, table } of tables) port.freeTable(level, table);
    for (const pfn of pages) port.freePage(pfn);
  }
}
