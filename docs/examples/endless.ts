/** A stepper with a mistake, for `kernel-mm judge`: where a slot ends it forgets the end of the range. */
import { pXdAddrEnd, pXdOffset, type Stepper, vaddr } from '@kernel-mm/pgtable-core';

const endless: Stepper = {
  name: 'endless',
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: (mm, level, _entry, addr) => pXdAddrEnd(mm, level, addr, vaddr(0n)),
};
export default endless;
