/** What a mapping shows: a file, shared memory, huge pages or secret memory; folio by folio, each made when it is first asked for. */
import type { Mapping } from '@kernel-mm/gup-fast';
import type { Pfn } from '@kernel-mm/pgtable-core';
import type { Folio, FolioClass } from './folio.ts';
import type { Pages } from './pages.ts';

/** The kinds that gup tells apart. */
export type BackingKind = 'file' | 'shmem' | 'hugetlb' | 'secretmem' | 'fsdax';

/** What to make. */
export interface BackingOptions {
  readonly kind: BackingKind;
  /** log2 of the pages of each folio; more than 0 for hugetlb. */
  readonly order?: number;
  readonly zone?: NonNullable<FolioClass['zone']>;
}

const CLASSES: Readonly<Record<BackingKind, FolioClass & { readonly mapping: Mapping }>> = {
  file: { mapping: 'file' },
  shmem: { mapping: 'shmem' },
  hugetlb: { mapping: 'file', hugetlb: true },
  secretmem: { mapping: 'secretmem' },
  fsdax: { mapping: 'file', device: 'fsdax' },
};

/** An object with pages of its own (`struct address_space`): it holds a reference to each. */
export class Backing {
  readonly kind: BackingKind;
  readonly order: number;
  readonly #pages: Pages;
  readonly #class: FolioClass;
  readonly #folios = new Map<number, Folio>();

  constructor(pages: Pages, { kind, order = 0, zone = 'normal' }: BackingOptions) {
    this.kind = kind;
    this.order = order;
    this.#pages = pages;
    this.#class = { ...CLASSES[kind], order, zone };
  }

  /** Whether the file system must hear of every write before it happens. */
  get dirtyTracking(): boolean {
    return this.kind === 'file';
  }

  /** The frame of page `index`; `undefined` where no memory is left. */
  frame(index: number): Pfn | undefined {
    const n = Math.floor(index / 2 ** this.order);
    const folio = this.#folios.get(n) ?? this.#pages.alloc(this.#class);
    if (!folio) return undefined;
    this.#folios.set(n, folio);
    return (folio.head + (index % 2 ** this.order)) as Pfn;
  }

  /** Takes pages away from the end of the file, from `index` on; who has one mapped or pinned keeps it, without a mapping. */
  truncate(index: number): void {
    for (const [n, folio] of this.#folios) {
      if (n * 2 ** this.order < index) continue;
      folio.mapping = 'none';
      this.#folios.delete(n);
      this.#pages.put(folio.head, { refs: 1, pins: 0 });
    }
  }

  /** Whether a folio is one of this object's. */
  holds(folio: Folio): boolean {
    return [...this.#folios.values()].includes(folio);
  }

  /** Has `by` in the place of `folio` from now on. Whether it was one of this object's. */
  replace(folio: Folio, by: Folio): boolean {
    for (const [n, mine] of this.#folios) if (mine === folio) return this.#folios.set(n, by).has(n);
    return false;
  }
}
