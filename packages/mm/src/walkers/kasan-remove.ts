/** kasan_remove_zero_shadow's walk (v5.8): the shared page and tables leave a range of shadow, and tables that are empty then are freed. */
import {
  checkPages,
  type Entry,
  type Level,
  pXdIs,
  type RangeStep,
  tableAddress,
  type UpperLevel,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { type EarlyShadow, isShared, isSharedPage, slotsOf } from './early-shadow.ts';
import { isNoTable } from './making.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { emptyOf, tableBelow } from './tables.ts';
import { type Outside, runWalk, type WalkerOptions } from './walk.ts';

/** How to remove. */
export interface RemoveOptions extends WalkerOptions {
  /** v5.11 (a11a496ee6e2): a slot of which only a part is removed is gone into, and so is the shared table. Before, it is left. */
  readonly intoShared?: boolean;
}

/** What was removed. */
export interface Removed {
  /** Where something else is mapped than the shared page: left, with a warning. */
  readonly warned: readonly Vaddr[];
  /** Parts of slots that hold the shared table: left. */
  readonly kept: readonly Range[];
  readonly failure?: Outside;
}

/**
 * Removes a range of shadow; an empty one has nothing in it. No large page is shadow of this kind: one that is met is left
 * with a warning, where the kernel would take it for a table. A shared table is never freed.
 * @throws UsageError `range-unaligned`, `range-reversed`
 */
export function removeEarlyShadow(
  walker: WalkerOf,
  range: Range,
  shadow: EarlyShadow,
  options: RemoveOptions = {},
): Removed {
  needs({ walker, range, shadow });
  const { mm, port } = walker;
  checkPages(mm.arch, range.start, range.end);
  const warned: Vaddr[] = [];
  const kept: Range[] = [];
  if (range.start === range.end) return { warned, kept };

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const { slot, entry, addr, next } = step;
      if (!pXdIs(mm, 'present', slot.level, entry)) return 'skip';
      if (isNoTable(walker, step)) {
        warned.push(addr);
        return 'skip';
      }
      if (!isShared(walker, shadow, step)) return 'descend';
      const whole = ((addr | next) & (mm.arch.geometry[slot.level].size - 1n)) === 0n;
      if (whole) port.writeOnce(slot, emptyOf(mm, slot) as Entry<UpperLevel>);
      else if (options.intoShared) return 'descend';
      else kept.push({ start: addr, end: next });
      return 'skip';
    },
    pte({ slot, entry, addr }) {
      if (!pXdIs(mm, 'present', 'pte', entry)) return 'next';
      if (isSharedPage(walker, shadow, entry)) port.writeOnce(slot, emptyOf(mm, slot) as Entry<'pte'>);
      else warned.push(addr);
      return 'next';
    },
    leave(step, done) {
      if (done) freeIfEmpty(walker, shadow, step);
      return true;
    },
  });
  return { warned, kept, ...(outside && { failure: outside }) };
}

/** kasan_free_pXd: unlinks and frees the table that was gone through, if every entry of it is none. */
function freeIfEmpty(walker: WalkerOf, shadow: EarlyShadow, step: RangeStep): void {
  const { mm, port } = walker;
  const level = tableBelow(mm, step);
  if (level === undefined) return;
  const table = tableAddress(mm.arch, step.slot.level, step.entry);
  const isNone = (entry: Entry | undefined): boolean => entry !== undefined && pXdIs<Level>(mm, 'none', level, entry);
  if (!slotsOf(walker, level, table).every((slot) => isNone(port.readOnce(slot)))) return;
  port.writeOnce(step.slot, emptyOf(mm, step.slot) as Entry<UpperLevel>);
  if (!isShared(walker, shadow, step)) port.freeTable(level, table);
}
