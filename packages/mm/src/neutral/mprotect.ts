/** mprotect for the neutrality report: read-only, all of it. */
import { changeProtection } from '../walkers/mprotect.ts';
import type { NeutralCase } from './case.ts';

/** change_protection of the range. */
export const mprotectCase: NeutralCase = {
  walker: 'mprotect',
  space: 'mapped',
  run: (space, options) =>
    changeProtection(space, space.range, { read: true, write: false, exec: false, user: true }, options),
};
