/** Series v2, patch 3: patch 2 as inline functions, so that the compiler checks which level's entry is handed in. */
import { pXdAddrEndOf, type Stepper } from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/** `pXd_addr_end(pXd_t entry, addr, end)`: another level's entry, a slot, a bare word or a `Paddr` does not compile. */
export const inlineTyped: Stepper = {
  name: 'inlineTyped',
  form: { boundary: 'entry', descent: 'copy' },
  descend: stackCopy.descend,
  boundary: pXdAddrEndOf,
};
