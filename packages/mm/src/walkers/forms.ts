/** The two forms of stepping that the series compares for ordinary walkers: both by real pointers, boundaries by the level or by the entry. */
import { pXdAddrEnd, pXdAddrEndOf, pXdOffset, type Stepper } from '@kernel-mm/pgtable-core';

/**
 * `static`: `pXd_addr_end(addr, end)`, as every walker had it and has it. `entryAware`: `pXd_addr_end(pXd, addr, end)`,
 * patch 2 of the series. Its typed form, patch 3, is the same at run time: the signature of {@link Stepper} is its check.
 */
export type Form = 'static' | 'entryAware';

/** The forms as steppers. A folded level hands on the real pointer that it was given. */
export const FORMS: Readonly<Record<Form, Stepper>> = {
  static: {
    name: 'static',
    descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
    boundary: (mm, level, _entry, addr, end) => pXdAddrEnd(mm, level, addr, end),
  },
  entryAware: {
    name: 'entryAware',
    descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
    boundary: pXdAddrEndOf,
  },
};
