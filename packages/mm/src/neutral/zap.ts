/** unmap_page_range for the neutrality report. */
import { zapPageRange } from '../walkers/zap.ts';
import type { NeutralCase } from './case.ts';
import { telling } from './told.ts';

/** Everything in the range goes: what is written, flushed and freed, in order. */
export const zapCase: NeutralCase = {
  walker: 'zap',
  space: 'mapped',
  run(space, options) {
    const walker = telling(space);
    const zapped = zapPageRange(walker, space.range, space.range, options);
    return { ...zapped, told: walker.told };
  },
};
