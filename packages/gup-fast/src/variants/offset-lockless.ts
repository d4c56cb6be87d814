/** What was merged (d3f7b1bb2040, v5.9): pointer and value both go down, and slots end by the level as ever. */
import { pXdOffsetLockless, type Stepper } from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/**
 * `pXd_offset_lockless(pXdp, pXd, addr)`. On s390 a folded level hands the real pointer on, so that advancing it is
 * right. The generic form, for a level folded at build time, still hands on the address of a copy.
 */
export const offsetLockless: Stepper = {
  name: 'offsetLockless',
  form: { boundary: 'level', descent: 'lockless' },
  descend: pXdOffsetLockless,
  boundary: stackCopy.boundary,
};
