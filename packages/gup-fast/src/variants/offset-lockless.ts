/** What was merged (d3f7b1bb2040, v5.9): pointer and value both go down, and slots end by the level as ever. */
import { pXdOffsetLockless, type Stepper } from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/**
 * `pXd_offset_lockless(pXdp, pXd, addr)`. On s390 a folded level hands the real pointer on, so that advancing it is
 * right; so does arm64 at p4d, since v6.11. The generic form, for every other level folded at build time or at boot, hands
 * on the address of the walker's own copy. A second look at a leaf there compares that copy with itself.
 */
export const offsetLockless: Stepper = {
  name: 'offsetLockless',
  form: { boundary: 'level', descent: 'lockless' },
  descend: pXdOffsetLockless,
  boundary: stackCopy.boundary,
};
