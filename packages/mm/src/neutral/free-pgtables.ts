/** free_pgtables for the neutrality report. */
import { vaddr } from '@kernel-mm/pgtable-core';
import { freePgtables } from '../walkers/free-pgtables.ts';
import { Gather } from '../walkers/gather.ts';
import { unmapSingleVma } from '../walkers/zap.ts';
import type { NeutralCase } from './case.ts';
import { telling } from './told.ts';

/** A mapping without neighbours goes, first what it maps, then its tables. */
export const freePgtablesCase: NeutralCase = {
  walker: 'free_pgtables',
  space: 'mapped',
  run(space, options) {
    const walker = telling(space);
    const gather = new Gather(walker);
    const bounds = { floor: vaddr(0n), ceiling: vaddr(0n) };
    const zapped = unmapSingleVma(walker, gather, space.range, space.range, options);
    const outside = freePgtables(walker, gather, [space.range], bounds, options);
    gather.finish();
    return { zapped, outside, flushes: gather.flushes, told: walker.told };
  },
};
