/** The two oracles of a range walk, kept apart: is each address read where it should be, and does each loop keep the law? */
import type { Vaddr } from './brand.ts';
import { type Slot, sameSlot, slotPlus } from './entry.ts';
import { pgdOffset, pXdOffset } from './fold.ts';
import { isUpper, type Level } from './level.ts';
import { isTranslatable, type Mm, type ReadOnce, readEntry, topLevel, topOfRoot } from './mm.ts';
import type { StackArea } from './stack.ts';
import type { Stepper } from './stepper.ts';
import type { RangeStep } from './walk-range.ts';

/**
 * The slot that a walk of `addr` alone, from the top and by real pointers, reads at `level`. `undefined` if memory ends before
 * it, or no table translates `addr`: what its indexes find then is the entry of another address.
 */
export function slotOf(mm: Mm, addr: Vaddr, level: Level): Slot | undefined {
  const top = topOfRoot(mm) ?? topLevel(mm);
  if (top && !isTranslatable(mm, top, addr)) return undefined;
  let slot: Slot = pgdOffset(mm, addr);
  while (slot.level !== level && isUpper(slot.level)) {
    const at = { ...slot, level: slot.level };
    const entry = readEntry(mm, at);
    if (entry === undefined) return undefined;
    slot = pXdOffset(mm, at, entry, addr);
  }
  return slot;
}

/**
 * Address-correctness of one read: the slot, or the table slot whose live copy it is, is the one that a walk of `addr`
 * alone reads. To be asked while the walk stands there, since copies live no longer than their frame.
 */
export function isAddressCorrect(mm: Mm, stack: StackArea, slot: Slot, addr: Vaddr): boolean {
  const real = stack.origin(slot);
  const expected = slotOf(mm, addr, slot.level);
  return real !== undefined && expected !== undefined && sameSlot(real, expected);
}

/**
 * The law, for one step: if the loop goes on, the next slot is what pXd_offset of the parent gives for `next`.
 * @param readOnce how a form that reads again does so; it must be able to read the walker's stack, where slots are there
 */
export function keepsLaw(
  mm: Mm,
  stepper: Stepper,
  step: RangeStep,
  readOnce: ReadOnce = (slot) => readEntry(mm, slot),
): boolean {
  if (step.next === step.end) return true;
  const offset = step.parent ? stepper.descend(mm, step.parent, step.next, readOnce) : pgdOffset(mm, step.next);
  return offset !== undefined && sameSlot(slotPlus(step.slot, 1n, mm.arch.geometry[step.slot.level].slotBytes), offset);
}
