/** The one owner of an address space's tables: every change goes through its port, which counts what the change costs. */
import { type Mm, type Paddr, type Pfn, reusing, type TableAllocator } from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import type { Pages } from './pages.ts';
import type { MmCounters } from './walkers/mapping-port.ts';
import { type MmPort, mmPort, type TableCounts, type WalkerOf } from './walkers/port.ts';

const ONE = { refs: 1, pins: 0 };

/** What an address space holds: pages and swap entries that are mapped, tables by level, flushes. */
export interface SpaceUsage extends MmCounters {
  /** mm->pgtables_bytes, as numbers of tables; those that are set aside for huge pages count. */
  readonly tables: TableCounts;
  /** How often caches, and what the hardware remembers, were flushed. */
  readonly flushes: Readonly<Record<'cache' | 'tlb', number>>;
}

/** An address space's tables, with what they hold: references to pages, and memory. */
export class Owner implements WalkerOf {
  readonly mm: Mm;
  readonly port: MmPort;
  readonly tables: TableAllocator;
  readonly #counts: TableCounts = { p4d: 0, pud: 0, pmd: 0, pte: 0 };
  readonly #flushes: Record<'cache' | 'tlb', number> = { cache: 0, tlb: 0 };
  #rss: MmCounters = { pages: 0, swap: 0 };
  #walkersInside = 0;
  #waiting: Paddr[] = [];

  /** @param tables where tables come from, and, if it takes them back, go to */
  constructor(mm: Mm, tables: TableAllocator, pages: Pages) {
    this.mm = mm;
    this.tables = tables.free ? tables : reusing(tables);
    this.port = this.#portOf(pages);
  }

  /** What the tables hold at this moment. */
  usage(): SpaceUsage {
    return { ...this.#rss, tables: { ...this.#counts }, flushes: { ...this.#flushes } };
  }

  /** A walker without locks turns interrupts off: no table that it may still reach is used anew. */
  irqSave(): void {
    this.#walkersInside++;
  }

  /** And on again; the last one lets tables go that were freed meanwhile. */
  irqRestore(): void {
    this.#walkersInside--;
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#walkersInside > 0) return;
    for (const table of this.#waiting) this.tables.free?.(table);
    this.#waiting = [];
  }

  #portOf(pages: Pages): MmPort {
    const quiet = mmPort(this.mm, this.tables, this.#counts, (_, table) => {
      this.#waiting.push(table);
      this.#giveBack();
    });
    const headOf = (pfn: number): Pfn => pages.folio(pfn as Pfn)?.head ?? (pfn as Pfn);
    return Object.assign(quiet, {
      isAnon: (pfn: number) => pages.folio(pfn as Pfn)?.mapping === 'anon',
      getPage: (pfn: number) => void pages.add(headOf(pfn), ONE),
      freePage: (pfn: number) => pages.put(headOf(pfn), ONE),
      markAccessed: (pfn: number) => pages.markReferenced(pfn as Pfn),
      countsPuds: () => true,
      addRmap: (pfn, addr, how) => {
        const folio = pages.folio(pfn as Pfn);
        if (!folio) return;
        pages.rmap.add(folio, pfn - folio.head, this, addr);
        if (how === 'shared') share(folio);
      },
      addCounters: ({ pages: more, swap }) => {
        this.#rss = { pages: this.#rss.pages + more, swap: this.#rss.swap + swap };
      },
      flushCache: () => void this.#flushes.cache++,
      flushTlb: () => void this.#flushes.tlb++,
    } satisfies Partial<MmPort>);
  }
}

/** What two address spaces map belongs to neither alone. */
function share(folio: Folio): void {
  folio.exclusive.fill(false);
}
