/** munlock as the neutrality report runs it: its batches, which end where a table of ptes ends. */

import type { Page } from '@kernel-mm/gup-fast';
import type { Pfn } from '@kernel-mm/pgtable-core';
import { munlock } from '../walkers/mlock.ts';
import type { NeutralCase } from './case.ts';

const page = (head: Pfn): Page => ({
  ...{ head, order: 0, mapping: 'anon', hugetlb: false, slab: false, anonExclusive: true, zero: false, zone: 'normal' },
});

/** Every page one of its own, in one zone. */
export const mlockCase: NeutralCase = {
  walker: 'munlock',
  space: 'mapped',
  run: (space, options) =>
    munlock(space, space.range, {
      ...options,
      pages: { page, tryGet: () => 'got', put: () => undefined, munlock: () => undefined, munlockLarge: () => false },
    }),
};
