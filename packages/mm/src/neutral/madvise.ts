/** madvise(MADV_COLD) and then MADV_FREE as the neutrality report runs them: what became of which page. */
import { madviseCold, madviseFree } from '../walkers/madvise.ts';
import type { AdvisePages } from '../walkers/madvise-pages.ts';
import type { NeutralCase } from './case.ts';

/** Pages of one mapping, each mapped there alone and not part of anything. */
export const madviseCase: NeutralCase = {
  walker: 'madvise (cold, free)',
  space: 'mapped',
  run(space, options) {
    const told: string[] = [];
    const pages: AdvisePages = {
      page: () => ({ large: false, mapcount: 1 }),
      split: () => true,
      advise: (pfn, advice) => void told.push(`${advice} ${pfn}`),
      freeSwap: ({ type, offset }) => void told.push(`swap ${type}:${offset}`),
    };
    const vma = { ...space.range, pfnmap: false, backing: undefined, huge: 'pte' as const };
    const cold = madviseCold(space, space.range, vma, 'cold', { ...options, pages });
    space.phase();
    const free = madviseFree(space, space.range, vma, { ...options, pages });
    return { cold, free, told };
  },
};
