/** The ptes below one pmd as madvise goes through them: a page of a large folio is split first, and its pte looked at again. */
import { type Pfn, pXdIs, pXdOffset, type Slot, type Vaddr } from '@kernel-mm/pgtable-core';
import { type AdvisedPage, type Advising, pfnOfLeaf } from './madvise-pages.ts';
import type { WalkAt } from './pagewalk-ops.ts';
import { noneOrHugeOrClearBad } from './tables.ts';
import { type Outside, type PteDecision, type PteStep, walkPtes } from './walk.ts';

/** What to do with ptes, under their lock. */
export interface AdvisePte {
  /** One that is neither none nor present. */
  swapped?(pte: PteStep): void;
  /** A page that is no part of a large folio. */
  page(pte: PteStep, page: AdvisedPage): void;
}

/**
 * Goes through the ptes of [addr, next), if there is a table of them (v5.8, pmd_trans_unstable). What cannot be split ends
 * it for this pmd.
 */
export function advisePtes(run: Advising, { slot, addr, next }: WalkAt<'pmd'>, advise: AdvisePte): Outside | undefined {
  const { walker, pages } = run;
  const { mm, port } = walker;
  const pmd = port.readOnce(slot);
  if (pmd === undefined) return { kind: 'outside-memory', slot, addr };
  if (noneOrHugeOrClearBad(walker, { slot, entry: pmd, addr }, run.lost)) return undefined;
  let left: Outside | undefined;
  let large: Pfn | undefined;
  // No page is split twice, whatever its owner says of it afterwards.
  const done = new Set<Pfn>();

  const visitor = {
    open: (table: { readonly slot: Slot }) => port.lock(table.slot),
    close: (table: { readonly slot: Slot }) => port.unlock(table.slot),
    pte(pte: PteStep): PteDecision {
      const { entry } = pte;
      if (pXdIs(mm, 'none', 'pte', entry)) return 'next';
      if (!pXdIs(mm, 'present', 'pte', entry)) {
        advise.swapped?.(pte);
        return 'next';
      }
      const pfn = pfnOfLeaf(walker, pte);
      const page = pXdIs(mm, 'special', 'pte', entry) ? undefined : pages.page(pfn);
      if (!page) return 'next';
      if (!page.large) {
        advise.page(pte, page);
        return 'next';
      }
      if (page.mapcount !== 1 || page.busy || done.has(pfn)) return 'stop';
      large = pfn;
      return 'stay';
    },
  };
  const outside = (at: Slot, where: Vaddr): void => {
    left = { kind: 'outside-memory', slot: at, addr: where };
  };
  for (let start = addr; ; ) {
    const at = walkPtes(walker, { slot: pXdOffset(mm, slot, pmd, start), start, end: next }, visitor, outside);
    // Without the lock, which splitting takes itself.
    if (typeof at === 'boolean' || large === undefined || !pages.split(large)) return left;
    done.add(large);
    start = at;
  }
}
