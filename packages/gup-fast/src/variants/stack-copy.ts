/** The regression: descends from the address of the local copy, and ends slots by the level. Linux v5.2 … v5.9-rc6. */
import { pXdAddrEnd, pXdOffset, type Stepper } from '@kernel-mm/pgtable-core';

/**
 * `pXdp = pXd_offset(&copy, addr)` and `pXd_addr_end(addr, end)`. Where a level is folded, the pointer stays on the
 * stack; where the level's own size then ends inside the range, `pXdp++` leaves the copy behind.
 */
export const stackCopy: Stepper = {
  name: 'stackCopy',
  form: { boundary: 'level', descent: 'copy' },
  descend: (mm, { copy, entry }, addr) => pXdOffset(mm, copy, entry, addr),
  boundary: (mm, level, _entry, addr, end) => pXdAddrEnd(mm, level, addr, end),
};
