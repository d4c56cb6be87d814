/** A stepper answers the two questions of a range walk: where do I step down to, and where does this slot end? */
import type { Vaddr } from './brand.ts';
import type { Entry, Slot } from './entry.ts';
import type { Below, UpperLevel } from './level.ts';
import type { Mm } from './mm.ts';

/** What a walker has in hand when it has read an entry: the value, where it read it, and where its own copy is. */
export interface Visit<L extends UpperLevel = UpperLevel> {
  /** The pointer that was read. */
  readonly slot: Slot<L>;
  /** The walker's local copy of the value: a stack address. */
  readonly copy: Slot<NoInfer<L>>;
  readonly entry: Entry<NoInfer<L>>;
}

/**
 * A form of walking as data, for an engine that cannot call a stepper.
 *
 * - `boundary`: a slot ends where one of its `level` does, or where this very `entry` does.
 * - `descent`: from the address of the walker's local `copy`; from the pointer that was read, the `slot`; or `lockless`,
 *   as pXd_offset_lockless does it: from the slot where the fold is of the middle style, else from the copy.
 */
export interface Form {
  readonly boundary: 'level' | 'entry';
  readonly descent: 'copy' | 'lockless' | 'slot';
}

/** One form of walking. Two pure functions; the recursion that asks them is `walkRange`. */
export interface Stepper {
  /** As reports call it. */
  readonly name: string;
  /** What it does, as data; without it only the reference engine can walk so. */
  readonly form?: Form;
  /** The slot of the level below for `addr`. */
  descend<L extends UpperLevel>(mm: Mm, visit: Visit<L>, addr: Vaddr): Slot<Below<L>>;
  /** The end of the slot's part of [addr, end). `end` 0 is 2^64. */
  boundary<L extends UpperLevel>(mm: Mm, level: L, entry: Entry<NoInfer<L>>, addr: Vaddr, end: Vaddr): Vaddr;
}
