/** walk_hugetlb_range: the pages of a hugetlb mapping, each by the one entry that maps it. */
import { cropTo, type Entry, type Level, pXdIs, type Slot, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import type { Walked, WalkVma } from './pagewalk-ops.ts';
import type { TableWalk } from './pagewalk-tables.ts';
import type { Range, WalkerOf } from './port.ts';
import { type Outside, runWalk, type WalkerOptions } from './walk.ts';

/** A slot that could map a huge page, and what it holds. */
interface HugeSlot {
  readonly slot: Slot;
  readonly entry: Entry;
}

/** huge_pte_offset: the slot of this level for `addr`, also an empty one; `undefined` where there is no table for it. */
function hugeSlotOf(
  walker: WalkerOf,
  addr: Vaddr,
  level: Level,
  options: WalkerOptions,
): HugeSlot | Outside | undefined {
  const { mm } = walker;
  let found: HugeSlot | undefined;
  const end = vaddrWrap(addr + mm.arch.geometry.pte.size);
  const outside = runWalk(walker, { start: addr, end }, options, {
    enter({ slot, entry }) {
      if (slot.level === level) found = { slot, entry };
      const table = pXdIs(mm, 'present', slot.level, entry) && !pXdIs(mm, 'leaf', slot.level, entry);
      return found || !table ? 'stop' : 'descend';
    },
    pte({ slot, entry }) {
      found = { slot, entry };
      return 'stop';
    },
  });
  return outside ?? found;
}

/** Walks the part of a hugetlb mapping that `range` is, page by page; what is no multiple of the page is cropped. */
export function walkHugetlb<V extends WalkVma>({ walker, ops, options }: TableWalk<V>, vma: V, range: Range): Walked {
  const { size } = walker.mm.arch.geometry[vma.huge];
  let addr = range.start;
  do {
    const next = cropTo(addr, range.end, size);
    const found = hugeSlotOf(walker, addr, vma.huge, options);
    if (found && 'kind' in found) return { ret: 'EFAULT', failure: found };
    const ret = found
      ? ops.hugetlbEntry?.({ ...found, addr, next, vma })
      : ops.pteHole?.({ addr, next, depth: -1, vma });
    if (ret) return { ret };
    addr = next;
  } while (addr !== range.end);
  return { ret: 0 };
}
