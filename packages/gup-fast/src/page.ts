/** What gup_fast asks of a struct page: one look at it, as plain data. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import type { Era } from './era.ts';

/**
 * What folio->mapping says: nothing (truncated, or never mapped), a flag bit that is anonymous memory's or another's
 * (movable pages of drivers), or the kind of file.
 */
export type Mapping = 'none' | 'anon' | 'flagged' | 'file' | 'shmem' | 'secretmem';

/** A page, and the folio that it belongs to, at one moment. */
export interface Page {
  /** The first frame of the folio. */
  readonly head: Pfn;
  /** log2 of the folio's pages; 0 is a page of its own. */
  readonly order: number;
  readonly mapping: Mapping;
  readonly hugetlb: boolean;
  readonly slab: boolean;
  /** PG_anon_exclusive of this very page (of a hugetlb folio: of its head). */
  readonly anonExclusive: boolean;
  /** The zero page of the architecture. */
  readonly zero: boolean;
  /** Where it lies: from CMA areas, isolated pageblocks and the movable zone pages must be able to move away. */
  readonly zone: 'normal' | 'movable' | 'cma' | 'isolated';
  /** Whose memory it is, if a device's; `coherent` is memory of a device that the CPU reaches as its own. */
  readonly device?: 'fsdax' | 'devdax' | 'p2pdma' | 'coherent';
}

/** FOLL_PIN adds so many references to a page without a pin counter: GUP_PIN_COUNTING_BIAS. */
export const PIN_BIAS = 1024;

/**
 * folio_is_longterm_pinnable, in the order of include/linux/mm.h (v6.14, v7.1). Memory that a driver may want back, as
 * device-coherent memory, must move; so must fsdax where the folio is asked for it.
 */
export function isLongtermPinnable({ zero, zone, device }: Page, { fsdaxFolio }: Pick<Era, 'fsdaxFolio'>): boolean {
  if (zone === 'cma' || zone === 'isolated') return false;
  if (zero) return true;
  return device !== 'coherent' && !(fsdaxFolio && device === 'fsdax') && zone !== 'movable';
}
