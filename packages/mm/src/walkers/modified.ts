/** pgtbl_mod_mask: at which levels the kernel's tables were changed, so that other top tables can be told (v5.8). */
import { type Entry, type Level, pXdIs } from '@kernel-mm/pgtable-core';
import type { Range, WalkerOf } from './port.ts';
import { allocBelow, type UpperStep } from './tables.ts';

/** The bits of a mask, by level: PGTBL_PGD_MODIFIED and so on. */
export const MODIFIED: Readonly<Record<Level, number>> = { pgd: 1, p4d: 2, pud: 4, pmd: 8, pte: 16 };

/** What a walk has changed so far. */
export interface Modified {
  mask: number;
}

/** Who has to be told. */
export interface SyncOptions {
  /**
   * ARCH_PAGE_TABLE_SYNC_MASK: the levels, as bits of {@link MODIFIED}, whose changes other top tables do not see by
   * themselves. 0, the generic value, unless said otherwise; x86 with five levels: `MODIFIED.pgd`, with four
   * `MODIFIED.p4d`, 32-bit x86 where processes have pmd tables of their own `MODIFIED.pmd`.
   */
  readonly syncMask?: number;
}

/** pXd_alloc_track: as `allocBelow`; where the entry was none, the level that it is of counts as modified. */
export function allocTrack(walker: WalkerOf, step: UpperStep, modified: Modified): Entry | undefined {
  const { level } = step.slot;
  const entry = allocBelow(walker, step);
  if (entry !== undefined && pXdIs(walker.mm, 'none', level, step.entry)) modified.mask |= MODIFIED[level];
  return entry;
}

/** arch_sync_kernel_mappings, if the mask asks for it. @returns whether it did */
export function syncModified({ port }: WalkerOf, range: Range, { mask }: Modified, options: SyncOptions): boolean {
  const wanted = (mask & (options.syncMask ?? 0)) !== 0;
  if (wanted) port.syncKernel(range);
  return wanted;
}
