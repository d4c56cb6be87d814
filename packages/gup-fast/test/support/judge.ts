/** A walk under both oracles. */
import { type Mm, StackArea, type Stepper, type Vaddr } from '@kernel-mm/pgtable-core';
import { isAddressCorrect, keepsLaw, slotOf } from '@kernel-mm/pgtable-core/testing';
import { type LocklessWalk, walkLockless } from '../../src/index.ts';

export interface Judgement extends LocklessWalk {
  readonly addressCorrect: boolean;
  readonly law: boolean;
}

/** Walks [start, end) and asks both oracles at every step, and the first of them for every leaf too. */
export function judge(mm: Mm, stepper: Stepper, start: Vaddr, end: Vaddr, stack = new StackArea()): Judgement {
  let addressCorrect = true;
  let law = true;
  const walk = walkLockless(mm, start, end, {
    stepper,
    stack,
    onStep(step) {
      addressCorrect &&= isAddressCorrect(mm, stack, step.slot, step.addr);
      law &&= keepsLaw(mm, stepper, step);
    },
  });
  for (const leaf of walk.leaves) {
    const expected = leaf.level === 'pte' ? slotOf(mm, leaf.addr, 'pte') : leaf.slot;
    addressCorrect &&= expected?.addr === leaf.slot.addr && expected.space === leaf.slot.space;
  }
  // A slot that was stopped at counts as well: it was read.
  const stopped = walk.stop && 'slot' in walk.stop ? walk.stop : undefined;
  if (stopped?.level === 'pte') addressCorrect &&= slotOf(mm, stopped.addr, 'pte')?.addr === stopped.slot.addr;
  return { ...walk, addressCorrect, law };
}
