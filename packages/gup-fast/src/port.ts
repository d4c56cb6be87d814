/** The port: every access of a lockless walker to shared state. In this release that is reading entries. */
import { type Mm, type ReadOnce, readEntry, type StackArea } from '@kernel-mm/pgtable-core';

/** What a walker may do outside itself, once per visit. A port can count, trace, or replay; walkers know no other way. */
export interface Port {
  /** READ_ONCE of a slot: in a table, or, for a pointer that never left the walker's stack, there. */
  readonly readOnce: ReadOnce;
}

/** The port to quiet memory, with `stack` beside it. */
export const memoryPort = (mm: Mm, stack: StackArea): Port => ({
  readOnce: (slot) => (slot.space === 'stack' ? stack.readOnce(slot) : readEntry(mm, slot)),
});
