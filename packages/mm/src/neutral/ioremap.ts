/** ioremap_page_range in the neutrality report: large pages and small ones. */
import { paddr } from '@kernel-mm/pgtable-core';
import { ioremapPageRange } from '../walkers/ioremap.ts';
import type { NeutralCase } from './case.ts';

export const ioremapCase: NeutralCase = {
  walker: 'ioremap_page_range',
  space: 'fresh',
  run(space, options) {
    const { pmd } = space.mm.arch.geometry;
    // As far into a large page as the address is, so that large pages fit.
    const phys = paddr(pmd.size * 4n + (space.range.start & (pmd.size - 1n)));
    const prot = { read: true, write: true, exec: false, user: false };
    return ioremapPageRange(space, space.range, phys, prot, { ...options, syncMask: 31 });
  },
};
