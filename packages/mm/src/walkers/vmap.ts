/** map_kernel_range (v5.8): pages, wherever they lie, in a row in the kernel's address space. */
import { type Level, type Pfn, type Prot, pXdIs, UsageError } from '@kernel-mm/pgtable-core';
import { type Blocked, bytesOf, checkRange, leafOf, occupied, wayDown } from './making.ts';
import { MODIFIED, type SyncOptions, syncModified } from './modified.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { runWalk, type WalkerOptions } from './walk.ts';

/** How to map, and how to unmap. */
export interface VmapOptions extends WalkerOptions, SyncOptions {}

/** What was mapped. */
export interface Vmapped {
  /** How many pages; they stay, also after an error. */
  readonly mapped: number;
  /** What the call returns where it is not 0: this, whatever the reason was. */
  readonly error?: 'ENOMEM';
  /** Why. `occupied` is -EBUSY of a pte, and `no-page` -ENOMEM of one; the levels above make -ENOMEM of both. */
  readonly failure?: Blocked | { readonly kind: 'no-page'; readonly index: number };
  /** The levels that were modified, as bits of {@link MODIFIED}. */
  readonly modified: number;
  readonly synced: boolean;
}

/**
 * map_kernel_range_noflush: one page of `pages` after the other. An error ends it at once: nothing is undone, and nobody
 * is told, although tables may have been put.
 * @param pages one for each page of the range, by frame; `undefined` where the caller has none
 * @throws UsageError for a range that is empty or not of whole pages, too few `pages`, frames that do not fit
 */
export function vmapNoflush(
  walker: WalkerOf,
  range: Range,
  pages: readonly (Pfn | undefined)[],
  prot: Prot,
  options: VmapOptions = {},
): Vmapped {
  needs({ walker, range, pages, prot });
  const { mm, port } = walker;
  checkRange(walker, range);
  const { size } = mm.arch.geometry.pte;
  if (BigInt(pages.length) * size < bytesOf(range))
    throw new UsageError('argument', 'pages', 'one for each page of the range');
  const leaves = pages.map((pfn) => (pfn === undefined ? pfn : leafOf(mm, 'pte', BigInt(pfn) * size, prot)));
  const modified = { mask: 0 };
  let mapped = 0;
  let failure: Vmapped['failure'];

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const { slot, entry } = step;
      // Nobody clears it here: the walk follows it, as it does below.
      if (slot.level === 'pgd' && pXdIs<Level>(mm, 'bad', slot.level, entry)) modified.mask |= MODIFIED.pgd;
      const way = wayDown(walker, step, modified);
      if (typeof way === 'bigint') return { into: way };
      failure = way;
      return 'stop';
    },
    pte(step) {
      const leaf = leaves[mapped];
      if (!pXdIs(mm, 'none', 'pte', step.entry)) failure = occupied(step);
      else if (leaf === undefined) failure = { kind: 'no-page', index: mapped };
      if (failure || leaf === undefined) return 'stop';
      port.writeOnce(step.slot, leaf);
      mapped++;
      return 'next';
    },
    close() {
      if (!failure) modified.mask |= MODIFIED.pte;
    },
  });

  const why = failure ?? outside;
  const synced = !why && syncModified(walker, range, modified, options);
  const told = why && { ...(isError(why) && { error: 'ENOMEM' as const }), failure: why };
  return { mapped, ...told, modified: modified.mask, synced };
}

/** map_kernel_range: the same; then caches are flushed, also after an error. */
export function vmap(
  walker: WalkerOf,
  range: Range,
  pages: readonly (Pfn | undefined)[],
  prot: Prot,
  options: VmapOptions = {},
): Vmapped {
  const result = vmapNoflush(walker, range, pages, prot, options);
  walker.port.flushCache(range);
  return result;
}

/** Whether the call returns at all: not out of memory that is none, and not out of a large page taken for a table. */
const isError = (why: NonNullable<Vmapped['failure']>): boolean =>
  why.kind === 'no-memory' || why.kind === 'no-page' || (why.kind === 'occupied' && why.slot.level === 'pte');
