/** kasan's early shadow in the neutrality report: populated, and a part of it removed again. */
import { paddr, vaddr } from '@kernel-mm/pgtable-core';
import { earlyShadow } from '../walkers/early-shadow.ts';
import { populateEarlyShadow } from '../walkers/kasan.ts';
import { removeEarlyShadow } from '../walkers/kasan-remove.ts';
import type { NeutralCase } from './case.ts';

export const kasanCase: NeutralCase = {
  walker: 'kasan_populate_early_shadow, kasan_remove_zero_shadow',
  space: 'fresh',
  run(space, options) {
    const { pte } = space.mm.arch.geometry;
    const shadow = earlyShadow(space, paddr(pte.size * 64n));
    if (!shadow) return 'no memory';
    const populated = populateEarlyShadow(space, space.range, shadow, options);
    space.phase();
    const part = { start: vaddr(space.range.start + pte.size), end: space.range.end };
    return { populated, removed: removeEarlyShadow(space, part, shadow, options) };
  },
};
