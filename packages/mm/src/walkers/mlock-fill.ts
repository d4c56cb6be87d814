/** __munlock_pagevec_fill (until v5.17): a batch of pages from one table of ptes, whose end is the series' one use without a loop. */
import { LEVELS, type Pfn, pXdAddrEnd, type UpperLevel, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { isTable, type MlockPage, type MlockPages, normalPage, ONE_REF } from './mlock-page.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { type Outside, type PteDecision, runWalk, type WalkerOptions } from './walk.ts';

/** How to unlock. */
export interface MunlockOptions extends WalkerOptions {
  readonly pages: MlockPages;
  /** Pages of a batch (PAGEVEC_SIZE): 15 unless said otherwise. */
  readonly batch?: number;
}

/** A batch, each page with a reference, and the address to go on from; 0 is 2^64. */
export interface Filled {
  readonly batch: readonly Pfn[];
  readonly next: Vaddr;
}

const UPPER = LEVELS.slice(0, -1) as UpperLevel[];

/**
 * pgd_addr_end, then p4d_, pud_ and pmd_addr_end of the result: the end of the pmd, or `end`; where the pmd is folded, that
 * of the pgd. By the level this is arithmetic. By the entry (patch 2 of the series) it takes four offsets more, and no
 * table is made for them; compilers drop the reads where nothing looks at the entries.
 */
export function cropToTable(walker: WalkerOf, range: Range, options: WalkerOptions): Vaddr | Outside {
  needs({ walker, range, options });
  const { start, end } = range;
  const { mm } = walker;
  if (options.form !== 'entryAware') return UPPER.reduce((next, level) => pXdAddrEnd(mm, level, start, next), end);
  let cropped = end;
  const outside = runWalk(walker, { start, end }, options, {
    enter(step) {
      cropped = step.next;
      return step.slot.level !== 'pmd' && isTable(walker, step) ? 'descend' : 'stop';
    },
  });
  return outside ?? cropped;
}

/**
 * The page of `start`, which is held, and those behind it in its table, as long as each is there, in the same zone, and no
 * part of a large folio. What lies outside memory ends it, and the references that it took are given back.
 */
export function munlockFill(
  walker: WalkerOf,
  range: Range,
  first: MlockPage,
  options: MunlockOptions,
): Filled | Outside {
  needs({ walker, range, first, options });
  const { start, end } = range;
  const { port, mm } = walker;
  const { pages, batch: most = 15, ...walkOptions } = options;
  const { size } = mm.arch.geometry.pte;
  const batch = [first.pfn];
  const filled = (): Filled => ({ batch, next: vaddrWrap(start + BigInt(batch.length) * size) });
  const cropped = cropToTable(walker, { start, end }, walkOptions);
  if (typeof cropped === 'object') return cropped;
  /** Whether the page joins the batch. */
  const take = (found: MlockPage | undefined): boolean => {
    if (!found || found.page.zone !== first.page.zone || found.page.order > 0) return false;
    if (pages.tryGet(found.page.head, 1) !== 'got') return false;
    batch.push(found.pfn);
    return true;
  };
  const outside = runWalk(walker, { start, end: cropped }, walkOptions, {
    enter: (step) => (isTable(walker, step) ? 'descend' : 'stop'),
    open: ({ slot }) => port.lock(slot),
    close: ({ slot }) => port.unlock(slot),
    pte(pte): PteDecision {
      const taken = pte.addr === start || take(normalPage(walker, pte, pages, pte.addr));
      return taken && batch.length < most ? 'next' : 'stop';
    },
  });
  for (const pfn of outside ? batch.slice(1) : []) pages.put(pfn, ONE_REF);
  return outside ?? filled();
}
