/** free_pgtables (v5.8, and as of v6.5): the tables that mappings leave behind go, but for those that neighbours may use. */
import {
  type Entry,
  pXdIs,
  type RangeStep,
  tableAddress,
  UsageError,
  type Vaddr,
  vaddrWrap,
  wrap64,
} from '@kernel-mm/pgtable-core';
import type { Gather } from './gather.ts';
import { type Losing, type Lost, losing } from './lost.ts';
import { needs } from './needs.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';
import { emptyOf, noneOrClearBad, tableBelow } from './tables.ts';
import { type Outside, runWalk, type WalkerOptions } from './walk.ts';

/**
 * Between which addresses tables may go: a table that reaches below `floor`, or from `ceiling` on, is somebody else’s too.
 * A ceiling of 0 is none.
 */
export interface Bounds {
  readonly floor: Vaddr;
  readonly ceiling: Vaddr;
}

/** How it ended; without a failure every table that might go is gone. */
export interface Freed extends Losing {
  readonly failure?: Outside;
}

/** A mapping that was unmapped. */
export interface FreedVma extends Range {
  readonly hugetlb?: boolean;
}

/**
 * Frees the tables of mappings, in order of addresses and with nothing mapped in them any more. What lies close together
 * is done in one go: up to the size of a pmd apart, and never a hugetlb mapping with others.
 * @param bounds the end of the mapping before the first, or the first address of user space; and the start of the one
 * behind the last
 */
export function freePgtables(
  walker: WalkerOf,
  vmas: readonly FreedVma[],
  bounds: Bounds,
  gather: Gather,
  options: WalkerOptions = {},
): Freed {
  needs({ walker, vmas, bounds, gather });
  const { floor, ceiling } = bounds;
  const { size } = walker.mm.arch.geometry.pmd;
  const lost: Lost[] = [];
  for (let n = 0; n < vmas.length; ) {
    const first = vmas[n++]!;
    let last = first;
    while (!first.hugetlb && vmas[n] && !vmas[n]!.hugetlb && vmas[n]!.start <= wrap64(last.end + size))
      last = vmas[n++]!;
    const bounds = { floor, ceiling: vmas[n]?.start ?? ceiling };
    const freed = freePgdRange(walker, { start: first.start, end: last.end }, bounds, gather, options);
    lost.push(...(freed.lost ?? []));
    if (freed.failure) return { ...losing(lost), failure: freed.failure };
  }
  return losing(lost);
}

/**
 * free_pgd_range: every table of ptes in the range, and each higher table that lies between the bounds as a whole. All is
 * counted modulo 2^64 and compared less one, so that an end or a ceiling of 0 lies behind everything.
 * @throws UsageError `range-empty` for a range that is empty or reversed, which no mapping can be
 */
export function freePgdRange(
  walker: WalkerOf,
  range: Range,
  bounds: Bounds,
  gather: Gather,
  options: WalkerOptions = {},
): Freed {
  needs({ walker, range, bounds, gather });
  if (range.start >= endOf(range)) throw new UsageError('range-empty', 'range', 'a start before the end');
  const { mm } = walker;
  const cropped = crop(mm.arch.geometry.pmd.size, range, bounds);
  if (!cropped) return {};
  const lost: Lost[] = [];
  const outside = runWalk(walker, cropped.range, options, {
    enter(step) {
      if (noneOrClearBad(walker, step, lost)) return 'skip';
      if (pXdIs(mm, 'leaf', step.slot.level, step.entry)) return 'skip';
      if (step.slot.level !== 'pmd') return 'descend';
      free(walker, gather, step, step.addr);
      return 'skip';
    },
    leave(step, done) {
      const { size } = mm.arch.geometry[step.slot.level];
      if (done && mayGo(size, { start: step.addr, end: step.next }, cropped.bounds))
        free(walker, gather, step, vaddrWrap(step.addr & -size));
      return true;
    },
  });
  return { ...losing(lost), ...(outside && { failure: outside }) };
}

/** The part of a range whose tables of ptes no neighbour uses; the end itself is not rounded, the floor never. */
function crop(
  size: bigint,
  { start, end }: Range,
  { floor, ceiling }: Bounds,
): { range: Range; bounds: Bounds } | undefined {
  let addr = wrap64(start & -size);
  if (addr < floor) {
    addr = wrap64(addr + size);
    if (addr === 0n) return undefined;
  }
  const below = wrap64(ceiling & -size);
  if (ceiling !== 0n && below === 0n) return undefined;
  const last = wrap64(end - 1n) > wrap64(below - 1n) ? wrap64(end - size) : end;
  if (addr > wrap64(last - 1n)) return undefined;
  return {
    range: { start: addr as Vaddr, end: last as Vaddr },
    bounds: { floor, ceiling: below as Vaddr },
  };
}

/** Whether the table below one slot, of which `part` was walked, may go: all that the slot covers lies between the bounds. */
function mayGo(size: bigint, part: Range, { floor, ceiling }: Bounds): boolean {
  if ((part.start & -size) < floor) return false;
  const below = wrap64(ceiling & -size);
  if (ceiling !== 0n && below === 0n) return false;
  return wrap64(part.end - 1n) <= wrap64(below - 1n);
}

/** Unlinks the table below a slot, and queues it. A folded level has none. */
function free({ mm, port }: WalkerOf, gather: Gather, { slot, entry }: RangeStep, addr: Vaddr): void {
  const level = tableBelow(mm, { slot, entry });
  if (!level) return;
  port.writeOnce(slot, emptyOf(mm, slot) as Entry<typeof slot.level>);
  gather.table(addr, level, tableAddress(mm.arch, slot.level, entry));
}
