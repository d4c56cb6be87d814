/** struct page: which frames there are, what folios they form, and their counts, which are ints and wrap as ints do. */
import { type Got, type Page, type PagePort, PIN_BIAS, type Weight } from '@kernel-mm/gup-fast';
import { type Pfn, UsageError } from '@kernel-mm/pgtable-core';
import { type Folio, type FolioClass, newFolio, pageOf } from './folio.ts';

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
  readonly #first: number;
  readonly #end: number;
  #next: number;
  readonly #folios = new Map<number, Folio>();

  /** Frames [first, first + count), none in use. */
  constructor(first: Pfn, count: number) {
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(first + count) || first < 0 || count < 1)
      throw new UsageError('argument', 'first, count', 'frames, at least one');
    this.#first = first;
    this.#end = first + count;
    this.#next = first;
  }

  /** A new folio, aligned to its size, with one reference; `undefined` where no frames are left. Freed frames are not used anew. */
  alloc(kind: FolioClass = {}): Folio | undefined {
    const { order = 0 } = kind;
    if (!Number.isInteger(order) || order < 0 || order > 30)
      throw new UsageError('argument', 'order', 'a whole number up to 30');
    const pages = 2 ** order;
    const head = Math.ceil(this.#next / pages) * pages;
    if (head + pages > this.#end) return undefined;
    this.#next = head + pages;
    const folio = newFolio(head as Pfn, kind);
    for (let n = 0; n < pages; n++) this.#folios.set(head + n, folio);
    return folio;
  }

  /** The folio of a frame, in use or free; `undefined` where the frame was never part of one. */
  folio(pfn: Pfn): Folio | undefined {
    return this.#folios.get(pfn);
  }

  /** All folios that there ever were. */
  all(): Folio[] {
    return [...new Set(this.#folios.values())];
  }

  /** folio_maybe_dma_pinned: a count of pins, or of 1024 references or more; it reads the count as unsigned. */
  maybePinned(pfn: Pfn): boolean {
    const folio = this.#folios.get(pfn);
    return folio !== undefined && (folio.pins > 0 || folio.refs >>> 0 >= PIN_BIAS);
  }

  /** A frame that was never part of a folio reads as a free page. */
  page(pfn: Pfn): Page | undefined {
    if (!Number.isInteger(pfn) || pfn < this.#first || pfn >= this.#end) return undefined;
    const folio = this.#folios.get(pfn);
    return folio ? pageOf(folio, pfn) : pageOf({ ...newFolio(pfn, { mapping: 'none' }), refs: 0 }, pfn);
  }

  /** Never from 0, nor from a count that has wrapped: the one that wraps is taken, the next is not. */
  tryGet(head: Pfn, refs: number): Got {
    checkWeight({ refs, pins: 0 });
    const folio = this.#folios.get(head);
    if (!folio || folio.refs === 0) return 'zero';
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
    if (folio.refs === 0) folio.mapping = 'none';
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
    if (folio && folio.refs !== 0) return folio;
    return this.#report('free-page', folio ?? newFolio(head, {}), asked, undefined);
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
