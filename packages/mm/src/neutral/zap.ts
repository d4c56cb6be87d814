/** unmap_page_range for the neutrality report. */
import { zapPageRange } from '../walkers/zap.ts';
import type { NeutralCase } from './case.ts';

/** Everything in the range goes. */
export const zapCase: NeutralCase = {
  walker: 'zap',
  space: 'mapped',
  run: (space, options) => zapPageRange(space, space.range, { ...space.range, pfnmap: false }, options),
};
