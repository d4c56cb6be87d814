/** The port of walkers without locks: an address space's tables to read, its pages to hold. */
import { type GupPort, memoryPort } from '@kernel-mm/gup-fast';
import type { Mm, StackArea } from '@kernel-mm/pgtable-core';
import type { Pages } from './pages.ts';

/** What such a port shares with its address space. */
export interface Lockless {
  readonly mm: Mm;
  readonly pages: Pages;
  /** write_protect_seq; odd while fork copies. */
  readonly writeProtectSeq: number;
  /** Sticky: something of this process was pinned once. */
  hasPinned: boolean;
}

/** @param owner told when interrupts are off: no table that was freed is used anew meanwhile */
export function gupPort(space: Lockless, owner: Pick<GupPort, 'irqSave' | 'irqRestore'>, stack?: StackArea): GupPort {
  const { mm, pages } = space;
  return {
    ...memoryPort(mm, stack),
    page: (pfn) => pages.page(pfn),
    tryGet: (head, refs) => pages.tryGet(head, refs),
    add: (head, weight) => pages.add(head, weight),
    put: (head, weight) => pages.put(head, weight),
    count: (event, pins) => pages.count(event, pins),
    getPgmap: (pfn) => pages.getPgmap(pfn),
    putPgmap: (pfn) => pages.putPgmap(pfn),
    makeAccessible: (pfn) => pages.makeAccessible(pfn),
    markReferenced: (pfn) => pages.markReferenced(pfn),
    clearReferenced: (pfn) => pages.clearReferenced(pfn),
    irqSave: () => owner.irqSave(),
    irqRestore: () => owner.irqRestore(),
    seqBegin: () => space.writeProtectSeq,
    seqRetry: (seq) => seq !== space.writeProtectSeq,
    setHasPinned: () => {
      space.hasPinned = true;
    },
    keyAllows: () => true,
  };
}
