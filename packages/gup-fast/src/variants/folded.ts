/** Series v2, patch 1: the pointer stays on the stack, but helpers of its own end each slot where its entry ends. */
import { pXdAddrEndFolded, type Stepper } from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/**
 * `pXd_addr_end_folded(pXd, addr, end)`, for lockless walkers only. A folded level is visited once and never
 * advanced; the walk returns to pgd, where the pointer is real.
 */
export const folded: Stepper = {
  name: 'folded',
  form: { boundary: 'entry', descent: 'copy' },
  descend: stackCopy.descend,
  boundary: pXdAddrEndFolded,
};
