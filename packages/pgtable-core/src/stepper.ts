/** A stepper answers the two questions of a range walk: where do I step down to, and where does this slot end? */
import type { Vaddr } from './brand.ts';
import type { Entry, Slot } from './entry.ts';
import type { Form } from './form.ts';
import type { Below, UpperLevel } from './level.ts';
import type { Mm, ReadOnce } from './mm.ts';

/** What a walker has in hand when it has read an entry: the value, where it read it, and where its own copy is. */
export interface Visit<L extends UpperLevel = UpperLevel> {
  /** The pointer that was read. */
  readonly slot: Slot<L>;
  /** The walker's local copy of the value: a stack address. */
  readonly copy: Slot<NoInfer<L>, 'stack'>;
  readonly entry: Entry<NoInfer<L>>;
}

/**
 * One form of walking. Two functions that keep no state and touch none but through `readOnce`; the recursion that asks
 * them is `walkRange`.
 */
export interface Stepper {
  /** As reports call it. */
  readonly name: string;
  /** What it does, as data; without it only the reference engine can walk so, and every read is one of memory. */
  readonly form?: Form;
  /**
   * The slot of the level below for `addr`. Only a form that reads the slot again needs `readOnce`, the port's read;
   * `undefined` says that the slot could not be read again.
   */
  descend<L extends UpperLevel>(mm: Mm, visit: Visit<L>, addr: Vaddr, readOnce: ReadOnce): Slot<Below<L>> | undefined;
  /** The end of the slot's part of [addr, end). `end` 0 is 2^64. */
  boundary<L extends UpperLevel>(mm: Mm, level: L, entry: Entry<NoInfer<L>>, addr: Vaddr, end: Vaddr): Vaddr;
}
