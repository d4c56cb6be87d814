/** RFC of July 2026 (20260713135614.1618183-1): above a level folded at build time, a read answers 0 and touches nothing. */
import { pXdOffset, type Stepper } from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/** Real pointers all the way, and no read of an entry that nobody looks at. Folds at boot and per process are read as ever. */
export const dummyRead: Stepper = {
  name: 'dummyRead',
  form: { boundary: 'level', descent: 'slot', read: 'dummy' },
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: stackCopy.boundary,
};
