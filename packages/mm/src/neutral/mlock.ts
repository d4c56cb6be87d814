/** munlock as the neutrality report runs it: its batches, which end where a table of ptes ends. */
import type { Page } from '@kernel-mm/gup-fast';
import type { Mm, Pfn } from '@kernel-mm/pgtable-core';
import { munlock } from '../walkers/mlock.ts';
import type { NeutralCase } from './case.ts';
import { LARGE } from './space.ts';

const SMALL = { order: 0, mapping: 'anon', hugetlb: false, slab: false, anonExclusive: true, zero: false } as const;

/** The large page is one folio; every other page is one of its own; all in one zone. */
function pageOf({ arch }: Mm): (pfn: Pfn) => Page {
  const { pte, pmd } = arch.geometry;
  const span = Number(pmd.size / pte.size);
  const head = (Number(LARGE) * span) as Pfn;
  return (pfn) => ({
    ...{ ...SMALL, zone: 'normal', head: pfn },
    ...(span > 1 && pfn >= head && pfn < head + span && { head, order: Math.log2(span) }),
  });
}

/** Every large page was locked. */
export const mlockCase: NeutralCase = {
  walker: 'munlock',
  space: 'mapped',
  run: (space, options) =>
    munlock(space, space.range, {
      ...options,
      pages: {
        ...{ page: pageOf(space.mm), tryGet: () => 'got', put: () => undefined },
        ...{ munlock: () => undefined, munlockLarge: () => true },
      },
    }),
};
