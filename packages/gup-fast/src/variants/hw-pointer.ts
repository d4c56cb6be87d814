/** v3 of September 2026 (20260922-pte0-v3-0-5670b8cb9059): pointers to stored entries have a type of their own. */
import {
  type Below,
  type Mm,
  pXdOffset,
  type Slot,
  type Stepper,
  type UpperLevel,
  type Vaddr,
  type Visit,
} from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/** A visit whose pointer is known to point into a table. */
export interface HwVisit<L extends UpperLevel = UpperLevel> extends Visit<L> {
  /** The pointer that was read: never one to the walker's stack. */
  readonly slot: Slot<L, 'memory'>;
}

/** A stepper that goes down by pointers to stored entries only: that to a copy does not compile. */
export interface HwStepper extends Omit<Stepper, 'descend'> {
  /** The slot of the level below for `addr`: again one of a table. */
  descend<L extends UpperLevel>(mm: Mm, visit: HwVisit<L>, addr: Vaddr): Slot<Below<L>, 'memory'>;
}

/** Real pointers all the way, held to it by their type. At run time it is `offsetLocklessStrict`. */
export const hwPointer: HwStepper = {
  name: 'hwPointer',
  form: { boundary: 'level', descent: 'slot' },
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: stackCopy.boundary,
};
