/** munmap, mprotect and fork as what they are to tables: calls of the walkers, on the owner's port. */
import { type Vaddr, vaddr } from '@kernel-mm/pgtable-core';
import { forkedOf, type Mapped } from './mapping.ts';
import { copyPageRange } from './walkers/copy-page-range.ts';
import { freePgtables } from './walkers/free-pgtables.ts';
import { Gather } from './walkers/gather.ts';
import { losing } from './walkers/lost.ts';
import type { WalkerOf } from './walkers/port.ts';
import { unmapPageRange, type Zapped } from './walkers/zap.ts';

/** unmap_region: the pages of a mapping go, then the tables that neither neighbour uses. */
export function unmapRegion(walker: WalkerOf, vma: Mapped, before?: Mapped, after?: Mapped): Zapped {
  const gather = new Gather(walker);
  const zapped = unmapPageRange(walker, vma, vma, gather);
  const none: Vaddr = vaddr(0n);
  const bounds = { floor: before?.end ?? none, ceiling: after?.start ?? none };
  const freed = freePgtables(walker, [vma], bounds, gather);
  gather.finish();
  const failure = zapped.failure ?? freed.failure;
  return { ...losing([...(zapped.lost ?? []), ...(freed.lost ?? [])]), ...(failure && { failure }) };
}

/** dup_mmap: the child's tables get what the parent's have. @returns whether there was memory for all of it */
export function copyMappings(parent: WalkerOf, child: WalkerOf, vmas: readonly Mapped[]): boolean {
  const isDone = vmas.every((vma) => !copyPageRange(parent, child, vma, forkedOf(vma)).failure);
  // What both might have written is read-only from now on.
  for (const { start, end } of vmas) parent.port.flushTlb({ start, end });
  return isDone;
}
