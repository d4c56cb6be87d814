/** The way a lockless walk took to one page: the slots it stood at, with the names that C gives their pointers. */

import { memoryPort, walkLockless } from '@kernel-mm/gup-fast';
import {
  type Mm,
  type Neighbour,
  type PictureRow,
  pointerName,
  type RangeStep,
  StackArea,
  type Stepper,
  type Vaddr,
} from '@kernel-mm/pgtable-core';

/** The entries that led a walk of [start, end) to its leaf for `addr`; empty if it never got there. */
export function pathTo(
  mm: Mm,
  stepper: Stepper,
  [start, end]: readonly [Vaddr, Vaddr],
  neighbour: Neighbour,
  addr: Vaddr,
): PictureRow[] {
  const visits: (RangeStep & { pointer: string })[] = [];
  const { leaves } = walkLockless(mm, start, end, {
    stepper,
    port: memoryPort(mm, new StackArea(neighbour)),
    onStep: (step) => visits.push({ ...step, pointer: pointerName(mm, step) }),
  });
  const leaf = leaves.find((l) => l.addr <= addr && (l.end === 0n || addr < l.end));
  if (!leaf) return [];
  // The last visit of each level that the page's own address lies in.
  const levels = ['pgd', 'p4d', 'pud', 'pmd'] as const;
  const rows: PictureRow[] = levels.flatMap((level) => {
    const visit = visits.findLast((v) => v.slot.level === level && v.addr <= addr && (v.next === 0n || addr < v.next));
    return visit ? [visit] : [];
  });
  if (leaf.level === 'pte') rows.push({ ...leaf, pointer: pointerName(mm, leaf) });
  return rows;
}
