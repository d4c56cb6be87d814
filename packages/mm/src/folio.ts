/** A folio: pages that are one, with one count of references; and the classes of pages that Linux tells apart. */
import type { Mapping, Page } from '@kernel-mm/gup-fast';
import type { Pfn } from '@kernel-mm/pgtable-core';

/** What a new folio is. Left out: one page of anonymous memory, exclusive, in the normal zone. */
export interface FolioClass {
  readonly order?: number;
  readonly mapping?: Mapping;
  readonly hugetlb?: boolean;
  readonly slab?: boolean;
  readonly zone?: Page['zone'];
  readonly device?: NonNullable<Page['device']>;
  /** The zero page: never freed. */
  readonly zero?: boolean;
}

/** The state of a folio; only {@link Pages} changes it. */
export interface Folio {
  readonly head: Pfn;
  readonly order: number;
  mapping: Mapping;
  readonly hugetlb: boolean;
  readonly slab: boolean;
  readonly zone: Page['zone'];
  readonly device: Page['device'];
  readonly zero: boolean;
  /** The reference count. 0 is free. */
  refs: number;
  /** The pin counter; only of folios that have one. */
  pins: number;
  /** PG_anon_exclusive, page by page. */
  readonly exclusive: boolean[];
  referenced: boolean;
  /** Whether a page can be made accessible to a device: not that of a protected guest which is in secure storage. */
  accessible: boolean;
  /** Whether the device that it lies on is there, and how many hold it there. */
  pgmap: { present: boolean; held: number };
}

/** A folio of this class, with one reference: its owner's. */
export function newFolio(head: Pfn, kind: FolioClass): Folio {
  const { order = 0, mapping = 'anon', hugetlb = false, slab = false, zone = 'normal', zero = false } = kind;
  return {
    ...{ head, order, mapping, hugetlb, slab, zone, zero, device: kind.device },
    ...{ refs: 1, pins: 0, referenced: false, accessible: true, pgmap: { present: true, held: 0 } },
    exclusive: Array.from({ length: 2 ** order }, () => mapping === 'anon'),
  };
}

/** One look at a page of a folio. */
export function pageOf(folio: Folio, pfn: Pfn): Page {
  const { head, order, mapping, hugetlb, slab, zone, zero, device } = folio;
  return {
    ...{ head, order, mapping, hugetlb, slab, zone, zero },
    anonExclusive: folio.exclusive[hugetlb ? 0 : pfn - head] ?? false,
    ...(device && { device }),
  };
}
