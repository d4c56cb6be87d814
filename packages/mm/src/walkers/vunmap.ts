/** unmap_kernel_range (v5.8): whatever the kernel has mapped in a range is forgotten; its tables stay. */
import { type Entry, type Level, pXdIs, type RangeStep, type UpperLevel, type Vaddr } from '@kernel-mm/pgtable-core';
import { type Losing, type Lost, losing } from './lost.ts';
import { checkRange } from './making.ts';
import { MODIFIED, syncModified } from './modified.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { emptyOf, noneOrClearBad } from './tables.ts';
import type { VmapOptions } from './vmap.ts';
import { type Outside, runWalk } from './walk.ts';

/** What was unmapped. */
export interface Vunmapped extends Losing {
  /** Ptes that were neither none nor present: cleared, with a warning. */
  readonly warned: readonly Vaddr[];
  /** The levels that were modified, as bits of {@link MODIFIED}. */
  readonly modified: number;
  readonly synced: boolean;
  readonly failure?: Outside;
}

/**
 * unmap_kernel_range_noflush. A large mapping goes whole, also where only a part of it lies in the range. Flushing caches
 * before and translations afterwards is the caller's.
 * @throws UsageError for a range that is empty or not of whole pages
 */
export function vunmapNoflush(walker: WalkerOf, range: Range, options: VmapOptions = {}): Vunmapped {
  needs({ walker, range });
  const { mm, port } = walker;
  checkRange(walker, range);
  const modified = { mask: 0 };
  const warned: Vaddr[] = [];
  const lost: Lost[] = [];

  /** pXd_clear_huge, which no pgd has. */
  const clearHuge = ({ slot, entry }: RangeStep): boolean => {
    const huge = slot.level !== 'pgd' && pXdIs<Level>(mm, 'leaf', slot.level, entry);
    if (huge) port.writeOnce(slot, emptyOf(mm, slot) as Entry<UpperLevel>);
    return huge;
  };

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const { level } = step.slot;
      const cleared = clearHuge(step);
      // An entry that is none counts where it is bad too (x86, RISC-V): it lacks the bits of a table.
      if (cleared || pXdIs(mm, 'bad', level, step.entry)) modified.mask |= MODIFIED[level];
      return cleared || noneOrClearBad(walker, step, lost) ? 'skip' : 'descend';
    },
    pte({ slot, entry, addr }) {
      const is = (what: 'none' | 'present'): boolean => pXdIs(mm, what, 'pte', entry);
      port.writeOnce(slot, emptyOf(mm, slot) as Entry<'pte'>);
      if (!is('none') && !is('present')) warned.push(addr);
      return 'next';
    },
    close() {
      modified.mask |= MODIFIED.pte;
    },
  });

  const synced = syncModified(walker, range, modified, options);
  return { warned, modified: modified.mask, synced, ...losing(lost), ...(outside && { failure: outside }) };
}

/** unmap_kernel_range: caches first, then the entries, then what the hardware remembers. */
export function vunmap(walker: WalkerOf, range: Range, options: VmapOptions = {}): Vunmapped {
  needs({ walker, range });
  checkRange(walker, range);
  walker.port.flushCache(range);
  const result = vunmapNoflush(walker, range, options);
  walker.port.flushTlb(range);
  return result;
}
