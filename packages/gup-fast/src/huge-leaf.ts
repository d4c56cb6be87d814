/** Leaves above pte: the part of the range that one covers is taken at once, or from a device page by page. */
import { type Level, type Pfn, pXdIs, type RangeStep } from '@kernel-mm/pgtable-core';
import { accessRefused, frameOf, isProtnone, pagesOf, refused } from './entry-rules.ts';
import type { Run } from './gup.ts';
import { allowed, changed, type HeldRule, take, unshare } from './held-rules.ts';
import type { Place, Stop } from './result.ts';
import type { Rule } from './rules.ts';
import { thoroughly } from './thorough.ts';

/** pgd's handler asks in another order than those of pud and pmd. */
const RULES: readonly HeldRule[] = [changed, allowed, unshare];
const PGD_RULES: readonly HeldRule[] = [changed, unshare, allowed];

/** gup_fast_pmd_leaf, gup_fast_pud_leaf, gup_fast_pgd_leaf. */
export function takeLeaf(run: Run, { slot, entry, addr, next }: RangeStep): Stop | undefined {
  const { mm, era } = run;
  const { level }: { level: Level } = slot;
  const place: Place = { level, slot, entry, addr };
  if (level === 'pgd' && !era.pgdLeaf) return refused(place, 'pgd-leaf');
  // Asked at pmd alone: no balancing touches a pud.
  if (level === 'pmd' && isProtnone(run, place)) return refused(place, 'protnone');
  const access = accessRefused(run, place);
  if (access) return access;
  const pages = pagesOf(run.mm, addr, next);
  const is = (ask: 'special' | 'devmap'): boolean => level !== 'pgd' && pXdIs<Level>(mm, ask, level, entry);
  if (era.hugeSpecial && is('special')) return refused(place, 'special');
  if (era.devmap && is('devmap'))
    return run.longterm ? refused(place, 'devmap-longterm') : takeDeviceLeaf(run, place, pages);
  return take(run, place, frameOf(mm, place), pages, level === 'pgd' ? PGD_RULES : RULES);
}

/** Device memory: each page under its pgmap, and all are given back if one fails or the leaf has changed. */
function takeDeviceLeaf(run: Run, place: Place, pages: number): Stop | undefined {
  const { port, taken } = run;
  const before = taken.pages;
  const first = frameOf(run.mm, place);
  const pgmaps: Pfn[] = [];
  const undo = (rule: Rule, pfn: Pfn): Stop => {
    taken.undoTo(before, (held) => port.clearReferenced(held.pfn));
    return refused(place, rule, pfn);
  };
  try {
    for (let n = 0; n < pages; n++) {
      const pfn = (first + n) as Pfn;
      if (!port.getPgmap(pfn)) return undo('pgmap', pfn);
      pgmaps.push(pfn);
      const stop = take(run, place, pfn, 1, []);
      if (stop?.kind === 'refused') return undo(stop.rule, pfn);
    }
    return changed(run, place, first) ? undo('changed', first) : undefined;
  } finally {
    thoroughly(pgmaps, (pfn) => port.putPgmap(pfn));
  }
}
