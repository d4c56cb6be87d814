/** What is asked while the pages are held, in the kernel's order at each level; what is refused is given back. */
import { type Pfn, pXdIs, type Visit } from '@kernel-mm/pgtable-core';
import { refused } from './entry-rules.ts';
import { grab } from './grab.ts';
import type { Run } from './gup.ts';
import type { Page } from './page.ts';
import type { Place, Stop } from './result.ts';
import type { Rule } from './rules.ts';

/** One rule: of pages from `pfn` on, whose folio begins at `head`. */
export type HeldRule = (run: Run, place: Place, pfn: Pfn) => Rule | undefined;

/** Takes `pages` pages of one folio, all or none. */
export function take(run: Run, place: Place, pfn: Pfn, pages: number, rules: readonly HeldRule[]): Stop | undefined {
  const { port, taken } = run;
  const before = taken.pages;
  let rule = grab(run, pfn, pages);
  for (const asks of rules) rule ??= asks(run, place, pfn);
  if (rule) {
    taken.undoTo(before);
    return refused(place, rule, pfn);
  }
  port.markReferenced(pfn);
  return undefined;
}

const hasChanged = ({ port }: Run, { slot, entry }: Pick<Place, 'slot' | 'entry'>): boolean =>
  port.readOnce(slot) !== entry;

/** The entry is what it was: who clears it first and looks at the count then, sees the page held. */
export const changed: HeldRule = (run, place) => (hasChanged(run, place) ? 'changed' : undefined);

/** The pmd is what it was (since v6.1): else the table that the pte is in may have been freed by THP collapse. */
export const pmdChanged =
  (pmd: Visit): HeldRule =>
  (run) =>
    run.era.recheckPmd && hasChanged(run, pmd) ? 'pmd-changed' : undefined;

/** gup_fast_folio_allowed: may a page be handed out that no vma was asked about? */
export const allowed: HeldRule = (run, _place, pfn) => {
  const page = run.port.page(pfn);
  return page && notAllowed(run, page);
};

/** Secretmem since v5.14, files since v6.5. The mapping is read once. */
function notAllowed({ era, hold, write, longterm }: Run, page: Page): Rule | undefined {
  const rejectFile = hold === 'pin' && longterm && write;
  const checkSecret = page.order === 0;
  if (!era.folioAllowed || (!rejectFile && !checkSecret)) return undefined;
  if (page.slab) return 'slab';
  if (page.hugetlb) return undefined;
  if (page.mapping === 'none') return rejectFile || era.unmapped === 'refused' ? 'unmapped-file' : undefined;
  if (page.mapping === 'flagged') return 'flagged-mapping';
  if (page.mapping === 'secretmem' && checkSecret) return 'secretmem';
  return rejectFile && (page.mapping === 'file' || page.mapping === 'secretmem') ? 'file' : undefined;
}

/** A read-only pin must not see its page replaced at the next write; a leaf's head page answers for all of it. */
export const unshare: HeldRule = (run, { level, entry }, pfn) => {
  if (pXdIs(run.mm, 'write', level, entry)) return undefined;
  const page = run.port.page(pfn);
  const asked = level === 'pte' ? page : page && run.port.page(page.head);
  return asked && mustUnshare(run, asked) ? 'unshare' : undefined;
};

/**
 * gup_must_unshare of an entry that is not writable (since v5.19). `cow` is whether the mapping is a private one that
 * may be written; the fast path, which has no vma at hand, takes it for one.
 */
export function mustUnshare({ era, hold, write, longterm }: Run, page: Page, cow = true): boolean {
  if (!era.unshare || hold !== 'pin' || write) return false;
  return page.mapping === 'anon' ? !page.anonExclusive : longterm && cow;
}

/** A page of a protected guest must be exported before a device may look at it (s390). */
export const accessible: HeldRule = ({ hold, port }, _place, pfn) =>
  hold === 'get' || port.makeAccessible(pfn) ? undefined : 'inaccessible';
