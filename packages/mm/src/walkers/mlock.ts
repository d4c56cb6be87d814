/** munlock_vma_pages_range (v5.8): pages that may be reclaimed again, in batches of one table of ptes and one zone. */
import { type Pfn, vaddrWrap } from '@kernel-mm/pgtable-core';
import { type MunlockOptions, munlockFill } from './mlock-fill.ts';
import { followPage, type MlockPage, type MlockPages, ONE_REF } from './mlock-page.ts';
import { needs } from './needs.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';
import type { Outside } from './walk.ts';

/** What was unlocked. */
export interface Munlocked {
  /** The batches, in order; a large folio is not in one. */
  readonly batches: readonly (readonly Pfn[])[];
  /** Heads of large folios. */
  readonly large: readonly Pfn[];
  readonly failure?: Outside;
}

/**
 * Unlocks what is mapped in a range of pages; an empty one is nothing. Every reference that it takes is given back. Kernels
 * from v5.18 on walk pages instead.
 */
export function munlock(walker: WalkerOf, range: Range, options: MunlockOptions): Munlocked {
  needs({ walker, range, options });
  const { pages, batch: _, ...walkOptions } = options;
  const { size } = walker.mm.arch.geometry.pte;
  const batches: (readonly Pfn[])[] = [];
  const large: Pfn[] = [];
  let start: bigint = range.start;
  while (start < endOf(range)) {
    const addr = vaddrWrap(start);
    const found = followPage(walker, addr, pages, walkOptions);
    if (found && 'kind' in found) return { batches, large, failure: found };
    if (!found) start += size;
    else if (found.page.order > 0) {
      const whole = munlockLarge(found, pages);
      if (whole) large.push(found.pfn);
      start += whole ? size << BigInt(found.page.order) : size;
    } else {
      const filled = munlockFill(walker, { start: addr, end: range.end }, found, options);
      const batch = 'kind' in filled ? [found.pfn] : filled.batch;
      pages.munlock(batch);
      for (const pfn of batch) pages.put(pfn, ONE_REF);
      batches.push(batch);
      if ('kind' in filled) return { batches, large, failure: filled };
      start += BigInt(batch.length) * size;
    }
  }
  return { batches, large };
}

/** Whether the whole folio is done: of a tail the head was done before, or lies outside. */
function munlockLarge({ pfn, page }: MlockPage, pages: MlockPages): boolean {
  const whole = pfn === page.head && pages.munlockLarge(pfn);
  pages.put(page.head, ONE_REF);
  return whole;
}
