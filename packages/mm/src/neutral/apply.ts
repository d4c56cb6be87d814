/** apply_to_page_range, with and without new tables, in the neutrality report. */
import { applyToExistingPageRange, applyToPageRange, type PteFn } from '../walkers/apply.ts';
import type { NeutralCase, NeutralSpace } from './case.ts';

/** What the function was called for, beside what the call answered. */
const seen = (apply: typeof applyToPageRange): NeutralCase['run'] =>
  function run(space: NeutralSpace, options) {
    const calls: bigint[] = [];
    const note: PteFn = ({ addr, entry }) => {
      calls.push(addr, entry);
      return 0;
    };
    return { ...apply(space, space.range, note, options), calls };
  };

export const applyCase: NeutralCase = { walker: 'apply_to_page_range', space: 'fresh', run: seen(applyToPageRange) };

export const applyExistingCase: NeutralCase = {
  walker: 'apply_to_existing_page_range',
  space: 'mapped',
  run: seen(applyToExistingPageRange),
};
