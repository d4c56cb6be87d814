/** A walk under both oracles: does this form of walking survive this address space? */
import {
  isAddressCorrect,
  keepsLaw,
  type Mm,
  type StackArea,
  type Stepper,
  slotOf,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { memoryPort } from './port.ts';
import type { LocklessWalk } from './result.ts';
import { walkLockless } from './walk-lockless.ts';

/** What a walk did, and what it kept. */
export interface Judgement extends LocklessWalk {
  /** Every entry was read where a walk of its address alone reads it, and none outside the tables. */
  readonly addressCorrect: boolean;
  /** Whenever a loop went on, `slot + 1` was what pXd_offset of the parent gives for `next`. */
  readonly law: boolean;
}

/** Walks [start, end) with `stepper` on quiet memory, and asks both oracles at every step. */
export function judge(mm: Mm, stepper: Stepper, start: Vaddr, end: Vaddr, stack?: StackArea): Judgement {
  const port = memoryPort(mm, stack);
  let addressCorrect = true;
  let law = true;
  const walk = walkLockless(mm, start, end, {
    stepper,
    port,
    onStep(step) {
      addressCorrect &&= isAddressCorrect(mm, port.stack, step.slot, step.addr);
      law &&= keepsLaw(mm, stepper, step, port.readOnce);
    },
  });
  // The ptes: those that were taken, and the one that stopped the walk.
  const { leaves, stop } = walk;
  const ptes = [...leaves, ...(stop && 'slot' in stop ? [stop] : [])].filter(({ level }) => level === 'pte');
  addressCorrect &&= ptes.every(({ addr, slot }) => slotOf(mm, addr, 'pte')?.addr === slot.addr);
  return { ...walk, addressCorrect, law };
}
