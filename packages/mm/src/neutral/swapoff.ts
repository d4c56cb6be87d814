/** unuse_vma as the neutrality report runs it: which pages of the device came back. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import { unuseVma } from '../walkers/swapoff.ts';
import type { NeutralCase } from './case.ts';

/** All that lies on the swap device of type 1, by one mapping; page n of it comes back in frame 4096 + n. */
export const swapoffCase: NeutralCase = {
  walker: 'unuse_vma',
  space: 'mapped',
  run(space, options) {
    const freed: bigint[] = [];
    const vma = { ...space.range, prot: { read: true, write: true, exec: false, user: true } };
    const device = {
      type: 1n,
      readIn: (offset: bigint) => Number(4096n + offset) as Pfn,
      inUse: () => true,
      get: () => undefined,
      free: (offset: bigint) => void freed.push(offset),
    };
    return { ...unuseVma(space, vma, device, options), freed };
  },
};
