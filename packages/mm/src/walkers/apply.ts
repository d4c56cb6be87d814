/** apply_to_page_range and apply_to_existing_page_range (v5.9): a function for every pte of a range, with or without new tables. */
import { ERRNO } from '@kernel-mm/gup-fast';
import { pXdIs, type RangeStep } from '@kernel-mm/pgtable-core';
import { type Losing, type Lost, losing } from './lost.ts';
import { type Blocked, isNoTable, occupied, wayDown } from './making.ts';
import { MODIFIED, type SyncOptions, syncModified } from './modified.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { noneOrClearBad } from './tables.ts';
import { type PteStep, runWalk, type WalkerOptions } from './walk.ts';

/** Called for a pte, which it may change through the port. Anything but 0 ends the walk, and is what the call returns. */
export type PteFn = (pte: PteStep) => number;

/** How to apply. */
export interface ApplyOptions extends WalkerOptions, SyncOptions {
  /** Whether these are the kernel's own tables (init_mm): no lock then, and new pte tables count as modified pmds. */
  readonly kernel?: boolean;
}

/** How to apply to what there is. */
export interface ApplyExistingOptions extends ApplyOptions {
  /**
   * The bug of v5.5 up to April 2025 (a995199384347): the pointer advances only when the function is called, so that
   * behind the first pte that is none the rest of its table is taken for none as well. Off unless asked for.
   */
  readonly stuckOnNone?: boolean;
}

/** What was done. */
export interface Applied extends Losing {
  /** What the call returns: 0, an error number negated, or what the function said. None where no call returns. */
  readonly ret?: number;
  /** The levels that were modified, as bits of {@link MODIFIED}. */
  readonly modified: number;
  readonly synced: boolean;
  /** Where it ended. With `occupied` and `outside-memory` no call returns. */
  readonly failure?: Blocked;
}

/** apply_to_page_range: makes every table, and calls the function for every pte, none or not. What was done stays. */
export const applyToPageRange = (walker: WalkerOf, range: Range, fn: PteFn, options: ApplyOptions = {}): Applied =>
  apply(walker, range, fn, options, true);

/** apply_to_existing_page_range: makes nothing, clears bad entries, and calls the function for ptes that are not none. */
export const applyToExistingPageRange = (
  walker: WalkerOf,
  range: Range,
  fn: PteFn,
  options: ApplyExistingOptions = {},
): Applied => apply(walker, range, fn, options, false);

function apply(walker: WalkerOf, range: Range, fn: PteFn, options: ApplyExistingOptions, create: boolean): Applied {
  needs({ walker, range, fn });
  const { mm, port } = walker;
  const { start, end } = range;
  if (start === end || (end < start && end !== 0n)) return { ret: -ERRNO.EINVAL, modified: 0, synced: false };
  const modified = { mask: 0 };
  const lost: Lost[] = [];
  let ret = 0;
  let failure: Blocked | undefined;

  /** The entry to go down by; only the kernel's own pte tables are told of, those of a process never. */
  const down = (step: RangeStep): ReturnType<typeof wayDown> =>
    wayDown(walker, step, step.slot.level === 'pmd' && !options.kernel ? undefined : modified);

  const outside = runWalk(walker, range, options, {
    enter(step) {
      if (!create && noneOrClearBad(walker, step, lost)) return 'skip';
      const way = create ? down(step) : isNoTable(walker, step) ? occupied(step) : step.entry;
      if (typeof way === 'bigint') return { into: way };
      if (way.kind === 'no-memory') ret = -ERRNO.ENOMEM;
      failure = way;
      return 'stop';
    },
    open: ({ slot }) => !options.kernel && port.lock(slot),
    pte(step) {
      if (!create && pXdIs(mm, 'none', 'pte', step.entry)) return options.stuckOnNone ? 'hold' : 'next';
      ret = fn(step);
      return ret === 0 ? 'next' : 'stop';
    },
    close({ slot }) {
      modified.mask |= MODIFIED.pte;
      if (!options.kernel) port.unlock(slot);
    },
  });

  const why = failure ?? outside;
  const returns = !why || why.kind === 'no-memory';
  const synced = returns && syncModified(walker, range, modified, options);
  return { ...(returns && { ret }), modified: modified.mask, synced, ...losing(lost), ...(why && { failure: why }) };
}
