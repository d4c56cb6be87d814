/** The port: every read of a lockless walker, of shared state and of the stack that its pointers may lead to. */
import { type Mm, type ReadOnce, readEntry, StackArea } from '@kernel-mm/pgtable-core';

/** What a walker reads through, once per visit. A port can count, trace, or replay; walkers know no other way. */
export interface Port {
  /** The walker's own stack, with its local copies. */
  readonly stack: StackArea;
  /** READ_ONCE of a slot: in a table, or, for a pointer that never left the walker's stack, there. */
  readonly readOnce: ReadOnce;
}

/** The port to quiet memory; its stack has the same entry beside each copy unless said otherwise. */
export const memoryPort = (mm: Mm, stack: StackArea = new StackArea()): Port => ({
  stack,
  readOnce: (slot) => (slot.space === 'stack' ? stack.readOnce(slot) : readEntry(mm, slot)),
});
