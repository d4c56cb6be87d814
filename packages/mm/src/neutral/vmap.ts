/** vmap and vunmap in the neutrality report. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import { bytesOf } from '../walkers/making.ts';
import { vmap } from '../walkers/vmap.ts';
import { vunmap } from '../walkers/vunmap.ts';
import type { NeutralCase } from './case.ts';

/** Every level is told of, so that the mask decides. */
const syncMask = 31;

export const vmapCase: NeutralCase = {
  walker: 'vmap',
  space: 'fresh',
  run(space, options) {
    const pages = Number(bytesOf(space.range) / space.mm.arch.geometry.pte.size);
    const frames = Array.from({ length: pages }, (_, n) => (0x1_0000 + n) as Pfn);
    const prot = { read: true, write: true, exec: false, user: false };
    return vmap(space, space.range, frames, prot, { ...options, syncMask });
  },
};

export const vunmapCase: NeutralCase = {
  walker: 'vunmap',
  space: 'mapped',
  run: (space, options) => vunmap(space, space.range, { ...options, syncMask }),
};
