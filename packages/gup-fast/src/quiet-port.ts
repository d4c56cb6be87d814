/** A port for memory that nobody else touches: every frame has a page that can be had, unless you say otherwise. */
import type { Mm, Pfn, StackArea } from '@kernel-mm/pgtable-core';
import type { Page } from './page.ts';
import { type GupPort, memoryPort } from './port.ts';

/** Anonymous memory, nobody else's, in folios so large that no leaf reaches out of one. */
const ORDER = 22;
const plain = (pfn: Pfn): Page => ({
  ...{ head: (pfn - (pfn % 2 ** ORDER)) as Pfn, order: ORDER, mapping: 'anon', anonExclusive: true, zone: 'normal' },
  ...{ hugetlb: false, slab: false, zero: false },
});

/**
 * A port to an image: what would gup_fast answer here? References are given and forgotten, so that nothing is counted;
 * `@kernel-mm/mm` has pages that count.
 * @param page the struct page of a frame, `undefined` for none
 */
export const quietPort = (mm: Mm, page: (pfn: Pfn) => Page | undefined = plain, stack?: StackArea): GupPort => ({
  ...memoryPort(mm, stack),
  page,
  ...{ tryGet: () => 'got', add: ignore, put: ignore, count: ignore },
  ...{
    getPgmap: () => true,
    putPgmap: ignore,
    makeAccessible: () => true,
    markReferenced: ignore,
    clearReferenced: ignore,
  },
  ...{ irqSave: ignore, irqRestore: ignore, seqBegin: () => 0, seqRetry: () => false },
  ...{ setHasPinned: ignore, keyAllows: () => true },
});

const ignore = (): void => undefined;
