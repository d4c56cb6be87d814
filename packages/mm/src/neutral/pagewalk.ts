/** walk_page_range as the neutrality report runs it: what its callbacks were told, in order. */

import { walkPageRange } from '../walkers/pagewalk.ts';
import type { WalkAt, WalkOps, WalkVma } from '../walkers/pagewalk-ops.ts';
import type { NeutralCase } from './case.ts';

/**
 * One mapping that is all of the range; its large pages are split. Not asked: levels above pmd, which may be folded, and
 * then are told of once in one form, and at each crossing in the other.
 */
export const pagewalkCase: NeutralCase = {
  walker: 'walk_page_range',
  space: 'mapped',
  run(space, options) {
    const told: string[] = [];
    const say = ({ slot, entry, addr, next }: WalkAt): undefined =>
      void told.push(`${slot.level} ${slot.addr}=${entry} [${addr}, ${next})`);
    const ops: WalkOps = {
      ...{ pmdEntry: say, pteEntry: say },
      pteHole: ({ addr, next, depth }) => void told.push(`hole of depth ${depth} [${addr}, ${next})`),
    };
    const vma: WalkVma = { ...space.range, pfnmap: false, backing: undefined, huge: 'pte' };
    return { ...walkPageRange(space, space.range, [vma], ops, options), told };
  },
};
