/** madvise (v5.8): MADV_COLD, MADV_PAGEOUT and MADV_FREE, a page walk with a handler for pmds. */
import { pXdIs, type Slot, swapOf, vaddrWrap } from '@kernel-mm/pgtable-core';
import { Gather } from './gather.ts';
import { type Lost, losing } from './lost.ts';
import { adviseHuge } from './madvise-huge.ts';
import {
  type Advice,
  type Advised,
  type AdvisePages,
  type AdviseVma,
  type Advising,
  giveAdvice,
} from './madvise-pages.ts';
import { type AdvisePte, advisePtes } from './madvise-ptes.ts';
import { needs } from './needs.ts';
import { walkPageRange } from './pagewalk.ts';
import type { Verdict, WalkAt } from './pagewalk-ops.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';
import { isOnDevice } from './swap-types.ts';
import { emptyOf } from './tables.ts';
import type { Outside, PteStep, WalkerOptions } from './walk.ts';

/** How to advise. */
export interface AdviseOptions extends WalkerOptions {
  readonly pages: AdvisePages;
}

const EINVAL: Advised = { ret: 'EINVAL', pages: 0, swaps: 0 };

/**
 * MADV_COLD or MADV_PAGEOUT: pages that are mapped here only look unused. Best effort: what cannot be split is left.
 * @returns EINVAL for mappings that are locked, of hugetlb, or without pages; EINTR where the task is dying
 */
export function madviseCold(
  walker: WalkerOf,
  range: Range,
  vma: AdviseVma,
  advice: 'cold' | 'pageout',
  options: AdviseOptions,
): Advised {
  needs({ walker, range, vma, advice, options, advised: options?.pages });
  if (vma.locked || vma.pfnmap || vma.backing?.kind === 'hugetlb') return EINVAL;
  return walkAdvised(walker, range, vma, advice, options);
}

/**
 * MADV_FREE: pages may be thrown away instead of written out, until they are written to again; what is swapped out goes at
 * once. The range is cropped to the mapping.
 * @returns EINVAL for mappings that are not anonymous memory, and for ranges outside the mapping
 */
export function madviseFree(walker: WalkerOf, range: Range, vma: AdviseVma, options: AdviseOptions): Advised {
  needs({ walker, range, vma, options, advised: options?.pages });
  const start = range.start > vma.start ? range.start : vma.start;
  const end = endOf(range) < endOf(vma) ? endOf(range) : endOf(vma);
  if (vma.backing || vma.pfnmap || start >= endOf(vma) || end <= vma.start) return EINVAL;
  return walkAdvised(walker, { start, end: vaddrWrap(end) }, vma, 'free', options);
}

/** Flushes what is noted on the way, once, at the end; an error on the way too. */
function walkAdvised(
  walker: WalkerOf,
  range: Range,
  vma: AdviseVma,
  advice: Advice,
  { pages, ...options }: AdviseOptions,
): Advised {
  const gather = new Gather(walker);
  const count = { pages: 0, swaps: 0 };
  const lost: Lost[] = [];
  const run: Advising = { walker, vma, pages, advice, options, gather, count, lost };
  let left: Outside | undefined;
  const pmdEntry = (at: WalkAt<'pmd'>): Verdict => {
    const answer = advice === 'free' ? freePmd(run, at) : coldPmd(run, at);
    if (typeof answer !== 'object') return answer ?? 0;
    left = answer;
    return 'EFAULT';
  };
  // tlb_start_vma: of the whole mapping.
  walker.port.flushCache({ start: vma.start, end: vma.end });
  const walked = walkPageRange(walker, range, [vma], { pmdEntry }, options);
  gather.finish();
  return { ...walked, ...count, ...losing([...(walked.lost ?? []), ...lost]), ...(left && { failure: left }) };
}

function coldPmd(run: Advising, at: WalkAt<'pmd'>): Outside | 'EINTR' | undefined {
  if (run.pages.fatalSignal?.()) return 'EINTR';
  if (pXdIs(run.walker.mm, 'leaf', 'pmd', at.entry) && adviseHuge(run, at) !== 'split') return undefined;
  const page: AdvisePte['page'] = (pte, { mapcount }) => {
    if (mapcount === 1) giveAdvice(run, pte);
  };
  return advisePtes(run, at, { page });
}

function freePmd(run: Advising, at: WalkAt<'pmd'>): Outside | undefined {
  if (pXdIs(run.walker.mm, 'leaf', 'pmd', at.entry) && adviseHuge(run, at) === 'advised') return undefined;
  return advisePtes(run, at, {
    swapped: (pte) => dropSwap(run, pte),
    page(pte, { dirty, swapCache, busy, mapcount }) {
      // Whoever else has it, or the swap cache, could still want what is in it.
      const wanted = (dirty || swapCache) && (busy || mapcount !== 1 || swapCache === 'stuck');
      if (!wanted) giveAdvice(run, pte);
    },
  });
}

/** A page that is swapped out is nowhere from now on; entries that are no swap (migration) stay. */
function dropSwap({ walker: { mm, port }, pages, count }: Advising, { slot, entry }: PteStep): void {
  const swap = pXdIs(mm, 'swap', 'pte', entry) ? swapOf(mm.arch, 'pte', entry) : undefined;
  if (!swap || !isOnDevice(swap)) return;
  pages.freeSwap(swap);
  port.writeOnce(slot as Slot<'pte'>, emptyOf(mm, slot) as typeof entry);
  count.swaps++;
}
