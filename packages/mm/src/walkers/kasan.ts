/** kasan_populate_early_shadow (v5.8): a range of shadow, all of it the one page of zeros. */
import {
  type Entry,
  isUpper,
  makeTable,
  pXdOffset,
  type RangeStep,
  type Slot,
  type UpperLevel,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { type EarlyShadow, sharedPte } from './early-shadow.ts';
import { type Blocked, wayDown } from './making.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { tableBelow } from './tables.ts';
import { runWalk, type WalkerOptions } from './walk.ts';

/** How to populate. */
export interface PopulateOptions extends WalkerOptions {
  /**
   * Before the slab allocator: whether there was memory is looked at for tables of ptes only; elsewhere a kernel goes on
   * with a table that it has not got, and the walk ends here. Not so early unless said otherwise.
   */
  readonly early?: boolean;
}

/** What was populated. */
export interface Populated {
  /** What the call returns where it is not 0: only a failure at the top table comes so far. */
  readonly error?: 'ENOMEM';
  /** What has no shadow for want of a table, whether or not the call says so. */
  readonly missed: readonly Range[];
  readonly failure?: Blocked;
}

/**
 * Slots that lie in the range whole get the shared table, whatever they held; for the others tables are made. The result
 * of a lower level is ignored by the one above, which goes on.
 * @throws UsageError `range-reversed`: the kernel does not look, and would not come to an end. An empty range
 * makes tables for nothing; at 0, where the kernel would take its end for 2^64, it does nothing.
 */
export function populateEarlyShadow(
  walker: WalkerOf,
  range: Range,
  shadow: EarlyShadow,
  options: PopulateOptions = {},
): Populated {
  needs({ walker, range, shadow });
  const { mm, port } = walker;
  if (range.end < range.start && range.end !== 0n)
    throw new UsageError('range-reversed', 'range', 'an end that is not before its start');
  if (range.start === 0n && range.end === 0n) return { missed: [] };
  const pte = sharedPte(walker, shadow);
  const page = mm.arch.geometry.pte.size;
  const missed: Range[] = [];
  let error: Populated['error'];
  let failure: Blocked | undefined;
  let left = 0n;

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const { slot, addr, end } = step;
      const { size } = mm.arch.geometry[slot.level];
      if ((addr & (size - 1n)) === 0n && BigInt.asUintN(64, end - addr) >= size) {
        chain(walker, shadow, step);
        return 'skip';
      }
      const way = wayDown(walker, step);
      if (typeof way === 'bigint') return { into: way };
      const unseen = options.early === true && slot.level !== 'pmd';
      if (way.kind === 'no-memory' && !unseen) missed.push({ start: addr, end });
      else failure = way;
      if (way.kind === 'no-memory' && slot.level === 'pgd' && !unseen) error = 'ENOMEM';
      return failure || error ? 'stop' : 'up';
    },
    open({ start, end }) {
      left = BigInt.asUintN(64, end - start);
    },
    pte({ slot }) {
      if (left < page) return 'up';
      left -= page;
      port.writeOnce(slot, pte);
      return 'next';
    },
  });

  const why = failure ?? outside;
  return { ...(error && { error }), missed, ...(why && { failure: why }) };
}

/** The shared table into a slot; and, by way of the slot's address, the shared tables below into one another once more. */
function chain({ mm, port }: WalkerOf, { tables }: EarlyShadow, { slot: top, entry: read, addr }: RangeStep): void {
  let slot: Slot = top;
  let entry: Entry = read;
  while (isUpper(slot.level)) {
    const at: Slot<UpperLevel> = { ...slot, level: slot.level };
    const level = tableBelow(mm, { slot: at, entry: entry as Entry<UpperLevel> });
    if (level) {
      const table = tables[level];
      const made = table === undefined ? undefined : makeTable(mm.arch, at.level, table);
      if (made === undefined || !port.writeOnce(at, made)) return;
      entry = made;
    }
    slot = pXdOffset(mm, at, entry as Entry<UpperLevel>, addr);
  }
}
