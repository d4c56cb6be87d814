/** remap_pfn_range in the neutrality report. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import { remapPfnRange } from '../walkers/remap.ts';
import type { NeutralCase } from './case.ts';

export const remapCase: NeutralCase = {
  walker: 'remap_pfn_range',
  space: 'fresh',
  run(space, options) {
    const { start, end } = space.range;
    const flags = {
      read: true,
      write: true,
      mayRead: true,
      mayWrite: true,
      shared: true,
      io: false,
      pfnmap: false,
      fsdax: false,
    };
    const vma = { ...space.range, ...flags, secret: false, dirtyTracking: false };
    const prot = { read: true, write: true, exec: false, user: true };
    const size = BigInt.asUintN(64, end - start);
    return remapPfnRange(space, vma, { addr: start, pfn: 0x1_0000 as Pfn, size, prot }, options);
  },
};
