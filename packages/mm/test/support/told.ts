/** The independent model of address spaces: a plain map from page to state, told only which calls were made. */

/** What is mapped as one: pages with one count. */
export interface ModelFolio {
  readonly pages: number;
  refs: number;
  readonly own: boolean[];
  /** Moved to where it may stay. */
  stays: boolean;
}

/** What a page's entry is. `zero`: the zero page. */
export interface ModelEntry {
  readonly folio: ModelFolio | 'zero';
  readonly index: number;
  readonly large: boolean;
  readonly write: boolean;
  /** Without any right. */
  readonly none: boolean;
}

/** Pages [0, small) are one mapping; [small, small + large) another, which gets one large page where it can. */
export interface ModelShape {
  readonly small: number;
  readonly large: number;
  /** Whether entries say that they have no right, so that a fault gives it back. */
  readonly hints: boolean;
}

type Rights = 'rw' | 'r' | 'none';

/** One address space of the model. */
export class Told {
  readonly shape: ModelShape;
  readonly entries = new Map<number, ModelEntry>();
  /** The rights of the mappings that there are: which of the two. */
  readonly vmas = new Map<'small' | 'large', Rights>();
  /** Whether small pages were or are in the large mapping: it keeps their table. */
  hasTable = false;

  constructor(shape: ModelShape) {
    this.shape = shape;
  }

  of = (page: number): 'small' | 'large' => (page < this.shape.small ? 'small' : 'large');

  pagesOf(which: 'small' | 'large'): number[] {
    const { small, large } = this.shape;
    return Array.from({ length: which === 'small' ? small : large }, (_, n) => n + (which === 'small' ? 0 : small));
  }

  mmap(which: 'small' | 'large'): void {
    this.vmas.set(which, 'rw');
  }

  munmap(which: 'small' | 'large'): void {
    this.zap(this.pagesOf(which));
    this.vmas.delete(which);
    if (which === 'large') this.hasTable = false;
  }

  protect(which: 'small' | 'large', rights: Rights): void {
    this.vmas.set(which, rights);
    this.change(this.pagesOf(which), rights === 'none');
  }

  /** Rights are taken away from pages, whatever their mapping says. */
  change(pages: readonly number[], none: boolean): void {
    this.#cut(pages);
    for (const page of pages) this.#update(page, { write: false, none });
  }

  zap(pages: readonly number[]): void {
    this.#cut(pages);
    for (const page of pages) {
      const entry = this.entries.get(page);
      if (entry && entry.folio !== 'zero' && (!entry.large || entry.index === 0)) entry.folio.refs--;
      this.entries.delete(page);
    }
  }

  /** A large page becomes small ones, each with a reference. */
  split(): void {
    for (const page of this.pagesOf('large')) {
      const entry = this.entries.get(page);
      if (!entry?.large || entry.folio === 'zero') continue;
      if (entry.index > 0) entry.folio.refs++;
      this.hasTable = true;
      this.#update(page, { large: false });
    }
  }

  /** Whether small pages become a large one. */
  collapse(): boolean {
    const all = this.pagesOf('large').map((page) => this.entries.get(page));
    const first = all[0];
    const fits = all.every(
      (e) => e && !e.large && e.folio !== 'zero' && e.folio.refs === 1 && e.write === first?.write,
    );
    if (!fits || !first) return false;
    const { write } = first;
    this.zap(this.pagesOf('large'));
    this.#map(this.pagesOf('large'), write);
    this.hasTable = false;
    return true;
  }

  /** @returns whether the mapping permits it */
  touch(page: number, write: boolean): boolean {
    const rights = this.vmas.get(this.of(page));
    if (!rights || rights === 'none' || (write && rights !== 'rw')) return false;
    const entry = this.entries.get(page);
    if (!entry) this.#fill(page, write);
    else if (entry.none && this.shape.hints) this.#leaf(page, { none: false, write: false });
    else if (write && !entry.write) this.#write(page, entry);
    return true;
  }

  #fill(page: number, write: boolean): void {
    const large = write && this.of(page) === 'large' && !this.hasTable;
    if (this.of(page) === 'large' && !large) this.hasTable = true;
    if (write) this.#map(large ? this.pagesOf('large') : [page], true);
    else this.entries.set(page, { folio: 'zero', index: 0, large: false, write: false, none: false });
  }

  #write(page: number, entry: ModelEntry): void {
    const { folio, large, index } = entry;
    const isOwn = folio !== 'zero' && (folio.own[large ? 0 : index] || folio.refs === 1);
    if (!isOwn) {
      const pages = large ? this.pagesOf('large') : [page];
      this.zap(pages);
      this.#map(pages, true);
    } else {
      folio.own.fill(true);
      this.#leaf(page, { write: true, none: false });
    }
  }

  #map(pages: readonly number[], write: boolean): void {
    const folio = { pages: pages.length, refs: 1, own: pages.map(() => true), stays: false };
    for (const [index, page] of pages.entries())
      this.entries.set(page, { folio, index, large: pages.length > 1, write, none: false });
  }

  #update(page: number, change: Partial<ModelEntry>): void {
    const entry = this.entries.get(page);
    if (entry) this.entries.set(page, { ...entry, ...change });
  }

  /** All pages of the leaf that a page is in. */
  #leaf(page: number, change: Partial<ModelEntry>): void {
    for (const one of this.entries.get(page)?.large ? this.pagesOf('large') : [page]) this.#update(one, change);
  }

  /** What reaches into a large page, but does not cover it, splits it. */
  #cut(pages: readonly number[]): void {
    const all = this.pagesOf('large');
    if (pages.some((page) => this.entries.get(page)?.large) && !all.every((page) => pages.includes(page))) this.split();
  }

  fork(): Told {
    const child = new Told(this.shape);
    for (const [which, rights] of this.vmas) child.vmas.set(which, rights);
    child.hasTable = this.hasTable;
    for (const [page, entry] of this.entries) {
      const { folio } = entry;
      if (folio !== 'zero') {
        folio.own.fill(false);
        if (!entry.large || entry.index === 0) folio.refs++;
      }
      this.entries.set(page, { ...entry, write: false });
      child.entries.set(page, { ...entry, write: false });
    }
    return child;
  }

  /** A page's folio goes to where it may stay. */
  migrate(page: number): void {
    const folio = this.entries.get(page)?.folio;
    if (folio && folio !== 'zero') folio.stays = true;
  }
}
