/** struct page: which frames there are, what folios they form, and their counts, which are ints and wrap as ints do. */
import { type Got, type Page, type PagePort, PIN_BIAS, type Weight } from '@kernel-mm/gup-fast';
import { type Pfn, UsageError } from '@kernel-mm/pgtable-core';
import { type Folio, type FolioClass, newFolio, pageOf } from './folio.ts';
import { Rmap } from './rmap.ts';

/** Something that a kernel would warn of, or be broken by. Nothing was changed. */
export interface PageReport {
  readonly kind: 'underflow' | 'negative' | 'free-page';
  readonly head: Pfn;
  /** The counts as they are, and what was asked for. */
  readonly refs: number;
  readonly pins: number;
  readonly asked: Weight;
}

/** All frames that have a struct page, and what became of them. */
export class Pages implements PagePort {
  /** What went wrong so far. */
  readonly reports: PageReport[] = [];
  /** nr_foll_pin_acquired and nr_foll_pin_released. */
  readonly pinned: Record<'acquired' | 'released', number> = { acquired: 0, released: 0 };
  /** Where each folio may be mapped. */
  readonly rmap: Rmap = new Rmap();
  readonly #first: number;
  readonly #end: number;
  /** No frame below this one is free. */
  #lowest: number;
  readonly #folios = new Map<number, Folio>();

  /** Frames [first, first + count), none in use. */
  constructor(first: Pfn, count: number) {
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(first + count) || first < 0 || count < 1)
      throw new UsageError('argument', 'first, count', 'frames, at least one');
    this.#first = first;
    this.#end = first + count;
    this.#lowest = first;
  }

  /**
   * A new folio of the lowest free frames that are aligned to its size, with one reference; `undefined` where there are
   * none. Frames that were freed come back, in the zone that they were of: a zone is a part of memory.
   */
  alloc(kind: FolioClass = {}): Folio | undefined {
    const { order = 0, zone = 'normal' } = kind;
    if (!Number.isInteger(order) || order < 0 || order > 30)
      throw new UsageError('argument', 'order', 'a whole number up to 30');
    const pages = 2 ** order;
    const head = this.#findFree(pages, zone);
    if (head === undefined) return undefined;
    if (head <= this.#lowest) this.#lowest = head + pages;
    const folio = newFolio(head as Pfn, kind);
    for (let n = 0; n < pages; n++) this.#folios.set(head + n, folio);
    return folio;
  }

  #findFree(pages: number, zone: Folio['zone']): number | undefined {
    for (let head = Math.ceil(this.#lowest / pages) * pages; head + pages <= this.#end; head += pages) {
      let n = 0;
      while (n < pages && this.#isFree(head + n, zone)) n++;
      if (n === pages) return head;
    }
    return undefined;
  }

  #isFree(frame: number, zone: Folio['zone']): boolean {
    const last = this.#folios.get(frame);
    return !last || (last.refs === 0 && last.zone === zone);
  }

  /** The folio that a frame is or was part of last, in use or free; `undefined` where it never was. */
  folio(pfn: Pfn): Folio | undefined {
    return this.#folios.get(pfn);
  }

  /** All folios, in use or free, but for those whose frames are all part of others by now. */
  all(): Folio[] {
    return [...new Set(this.#folios.values())];
  }

  /** folio_maybe_dma_pinned: a count of pins, or of 1024 references or more; it reads the count as unsigned. */
  maybePinned(pfn: Pfn): boolean {
    const folio = this.#folios.get(pfn);
    return folio !== undefined && (folio.pins > 0 || folio.refs >>> 0 >= PIN_BIAS);
  }

  /** A frame that is part of no folio, or was part of one that was freed, reads as a free page. */
  page(pfn: Pfn): Page | undefined {
    if (!Number.isInteger(pfn) || pfn < this.#first || pfn >= this.#end) return undefined;
    const folio = this.#folios.get(pfn);
    return folio && folio.refs !== 0
      ? pageOf(folio, pfn)
      : pageOf({ ...newFolio(pfn, { mapping: 'none' }), refs: 0 }, pfn);
  }

  /** Never from 0, nor from a count that has wrapped: the one that wraps is taken, the next is not. */
  tryGet(head: Pfn, refs: number): Got {
    checkWeight({ refs, pins: 0 });
    const folio = this.#folios.get(head);
    // A tail has no count of its own.
    if (!folio || folio.refs === 0 || folio.head !== head) return 'zero';
    if (folio.refs < 0) return this.#report('negative', folio, { refs, pins: 0 }, 'negative');
    folio.refs = (folio.refs + refs) | 0;
    return 'got';
  }

  /** Raises counts that somebody holds already. A free page is reported, and stays free. */
  add(head: Pfn, asked: Weight): void {
    const folio = this.#held(head, asked);
    if (!folio) return;
    folio.refs = (folio.refs + asked.refs) | 0;
    folio.pins = (folio.pins + asked.pins) | 0;
  }

  /** Gives back; the last reference frees the folio. What was never taken is reported, and not given back. */
  put(head: Pfn, asked: Weight): void {
    const folio = this.#held(head, asked);
    if (!folio) return;
    // What has wrapped goes back over the same edge.
    const [refs, pins] = [folio.refs >>> 0, folio.pins >>> 0];
    const last = refs === asked.refs;
    // A folio is not freed while it has pins, and the zero page never.
    if (refs < asked.refs || pins < asked.pins || (last && (folio.zero || pins > asked.pins))) {
      this.#report('underflow', folio, asked, undefined);
      return;
    }
    folio.refs = (refs - asked.refs) | 0;
    folio.pins = (pins - asked.pins) | 0;
    if (folio.refs !== 0) return;
    folio.mapping = 'none';
    this.#lowest = Math.min(this.#lowest, folio.head);
  }

  /** Adds to the statistic. */
  count(event: 'acquired' | 'released', pins: number): void {
    this.pinned[event] += pins;
  }

  /** Holds the device's memory where it is. */
  getPgmap(pfn: Pfn): boolean {
    const pgmap = this.#folios.get(pfn)?.pgmap;
    if (!pgmap?.present) return false;
    pgmap.held++;
    return true;
  }

  /** Lets it go. */
  putPgmap(pfn: Pfn): void {
    const pgmap = this.#folios.get(pfn)?.pgmap;
    if (pgmap) pgmap.held--;
  }

  /** Whether the page could be exported. */
  makeAccessible(pfn: Pfn): boolean {
    return this.#folios.get(pfn)?.accessible ?? false;
  }

  /** PG_referenced. */
  markReferenced(pfn: Pfn): void {
    const folio = this.#folios.get(pfn);
    if (folio) folio.referenced = true;
  }

  /** And back. */
  clearReferenced(pfn: Pfn): void {
    const folio = this.#folios.get(pfn);
    if (folio) folio.referenced = false;
  }

  #held(head: Pfn, asked: Weight): Folio | undefined {
    checkWeight(asked);
    const folio = this.#folios.get(head);
    if (folio && folio.refs !== 0 && folio.head === head) return folio;
    const free = folio?.head === head ? folio : { ...newFolio(head, {}), refs: 0 };
    return this.#report('free-page', free, asked, undefined);
  }

  #report<T>(kind: PageReport['kind'], { head, refs, pins }: Folio, asked: Weight, answer: T): T {
    this.reports.push({ kind, head, refs, pins, asked });
    return answer;
  }
}

function checkWeight({ refs, pins }: Weight): void {
  if (!Number.isInteger(refs) || refs < 0 || !Number.isInteger(pins) || pins < 0)
    throw new UsageError('argument', 'refs, pins', 'whole numbers, not negative');
}
