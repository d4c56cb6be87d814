/** try_grab_folio: a reference or a pin for pages of one folio, never from a count of 0. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import type { Run } from './gup.ts';
import { isLongtermPinnable, type Page, PIN_BIAS } from './page.ts';
import type { Got, Weight } from './port.ts';
import type { Rule } from './rules.ts';
import { wordBits } from './word.ts';

/** What holding `pages` pages of a folio weighs. A pin of the zero page may take nothing. */
export function weightOf({ era, mm, hold }: Pick<Run, 'era' | 'mm' | 'hold'>, page: Page, pages: number): Weight {
  if (hold === 'get') return { refs: pages, pins: 0 };
  if (era.zeroPageFree && page.zero && page.order === 0) return { refs: 0, pins: 0 };
  const isCounted = page.order >= era.pinCountFrom[wordBits(mm.arch)];
  return isCounted ? { refs: pages, pins: pages } : { refs: PIN_BIAS * pages, pins: 0 };
}

const REFUSALS: Readonly<Record<Exclude<Got, 'got'>, Rule>> = { zero: 'count-zero', negative: 'count-negative' };

/** A folio that is split and joined at each of so many looks is none that a kernel would meet. */
const LOOKS = 64;

/**
 * Takes `pages` pages from `pfn` on, all of one folio, into the run's ledger; or answers the rule that forbids it, and
 * then nothing was taken. The slow path does not ask whether a page may be pinned for long: it moves those that may not.
 */
export function grab(run: Run, pfn: Pfn, pages: number, path: 'fast' | 'slow' = 'fast'): Rule | undefined {
  const { era, hold, port, taken } = run;
  const before = taken.pages;
  const pinsForLong = hold === 'pin' && run.longterm && path === 'fast';
  const undone = (rule: Rule): Rule => {
    taken.undoTo(before);
    return rule;
  };
  for (let n = 0; n < LOOKS; n++) {
    const page = port.page(pfn);
    if (!page) return 'no-page';
    const { head } = page;
    if (pfn < head || pfn + pages > head + 2 ** page.order) return 'beyond-folio';
    if (pinsForLong && era.longterm === 'cma-before' && page.zone === 'cma') return 'cma';
    if (era.p2pdma && page.device === 'p2pdma' && !run.p2pdma) return 'p2pdma';
    const planned = weightOf(run, page, pages);
    if (planned.refs === 0) {
      taken.push({ pfn, pages, head, weight: planned, counted: 0 });
      return undefined;
    }
    // Since v5.15 a reference for each page first; what makes pins of them comes once it is known whose they are.
    const first = era.recheckFolio ? pages : planned.refs;
    const got = port.tryGet(head, first);
    if (got !== 'got') return REFUSALS[got] ?? 'count-zero';
    taken.push({ pfn, pages, head, weight: { refs: first, pins: 0 }, counted: 0 });
    const now = era.recheckFolio ? port.page(pfn) : page;
    if (now?.head !== head || now.order !== page.order) {
      taken.undoTo(before);
      continue;
    }
    if (hold === 'get') return undefined;
    if (pinsForLong && era.longterm === 'unpinnable-after' && !isLongtermPinnable(now, era)) return undone('longterm');
    const weight = weightOf(run, now, pages);
    const more = { refs: weight.refs - first, pins: weight.pins };
    if (more.refs || more.pins) port.add(head, more);
    taken.amend({ weight, counted: 0 });
    port.count('acquired', pages);
    taken.amend({ weight, counted: pages });
    return undefined;
  }
  return 'folio-moved';
}
