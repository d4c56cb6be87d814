/** CVE-2026-72291 (s390, v7.1 to v7.1.4): the value is read and tested, then the slot is read again to go down by. */
import { pXdOffsetAgain, type Stepper } from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/**
 * `pXd_offset(pXdp, addr)` after a test of `pXdp_get(pXdp)`. Between the two reads a writer may clear the entry; what was
 * tested is then not what leads down. The repair, as `offsetLockless`, goes down by the value that was tested.
 */
export const readAgain: Stepper = {
  name: 'readAgain',
  form: { boundary: 'level', descent: 'slot', reads: 'again' },
  descend: pXdOffsetAgain,
  boundary: stackCopy.boundary,
};
