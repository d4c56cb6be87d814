/** The pte level of gup_fast: its rules in the kernel's order, and what each gives back. */
import { type Pfn, pXdIs, roleOf, type Visit } from '@kernel-mm/pgtable-core';
import { accessRefused, frameOf, isProtnone, refused } from './entry-rules.ts';
import type { Taker } from './fast-walk.ts';
import type { Run } from './gup.ts';
import { accessible, allowed, changed, pmdChanged, take, unshare } from './held-rules.ts';
import { thoroughly } from './thorough.ts';

/** What the walk does with tables of ptes. */
export function pteRules(run: Run): Required<Pick<Taker, 'table' | 'pte' | 'leave'>> {
  const { mm, port, era, taken } = run;
  /** What was held when this table was entered, and the device memory that is held for its pages. */
  let before = 0;
  const pgmaps: Pfn[] = [];

  return {
    table(pmd, addr) {
      before = taken.pages;
      const at = { level: 'pmd', addr, slot: pmd.slot, entry: pmd.entry } as const;
      if (mm.arch.rules.pte.is.special === undefined) return refused(at, 'no-special-bit');
      return era.mapMayFail && !isTable(run, pmd) ? refused(at, 'table-unmapped') : undefined;
    },

    pte(found, pmd) {
      if (isProtnone(run, found)) return refused(found, 'protnone');
      const access = accessRefused(run, found);
      if (access) return access;
      const pfn = frameOf(mm, found);
      if (era.devmap && pXdIs(mm, 'devmap', found.level, found.entry)) {
        if (run.longterm) return refused(found, 'devmap-longterm', pfn);
        if (!port.getPgmap(pfn)) {
          taken.undoTo(before, (held) => port.clearReferenced(held.pfn));
          return refused(found, 'pgmap', pfn);
        }
        pgmaps.push(pfn);
      } else if (pXdIs(mm, 'special', found.level, found.entry)) return refused(found, 'special', pfn);
      return take(run, found, pfn, 1, [pmdChanged(pmd), changed, allowed, unshare, accessible]);
    },

    leave() {
      thoroughly(pgmaps.splice(0), (pfn) => port.putPgmap(pfn));
    },
  };
}

/** Whether pte_offset_map takes the value. What is absent or a leaf has gone another way: what is left out is bad. */
const isTable = ({ mm }: Run, { slot, entry }: Visit): boolean => roleOf(mm, slot.level, entry) === 'table';
