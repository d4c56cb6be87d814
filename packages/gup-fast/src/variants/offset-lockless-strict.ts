/** No folded level hands on a local copy. No merged kernel walks so: arm64's fix of 2024 (36639013b346) is for p4d alone. */
import { pXdOffset, type Stepper } from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/**
 * Needed where a fold at build time stands above a middle-style fold at run time: the lower one makes its slot from
 * the pointer, so that even the first use of a stack address is fatal. It costs one more load of the same slot.
 */
export const offsetLocklessStrict: Stepper = {
  name: 'offsetLocklessStrict',
  form: { boundary: 'level', descent: 'slot' },
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: stackCopy.boundary,
};
