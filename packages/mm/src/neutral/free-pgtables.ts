/** free_pgtables for the neutrality report. */
import { vaddr } from '@kernel-mm/pgtable-core';
import { freePgtables } from '../walkers/free-pgtables.ts';
import { Gather } from '../walkers/gather.ts';
import { unmapSingleVma } from '../walkers/zap.ts';
import type { NeutralCase } from './case.ts';

/** A mapping without neighbours goes, first what it maps, then its tables. */
export const freePgtablesCase: NeutralCase = {
  walker: 'free_pgtables',
  space: 'mapped',
  run(space, options) {
    const gather = new Gather(space);
    const bounds = { floor: vaddr(0n), ceiling: vaddr(0n) };
    const zapped = unmapSingleVma(space, space.range, { ...space.range, pfnmap: false }, gather, options);
    space.phase();
    const freed = freePgtables(space, [space.range], bounds, gather, options);
    gather.finish();
    return { zapped, freed, flushes: gather.flushes };
  },
};
