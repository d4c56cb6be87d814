/** How wide the machine's word is: what an address, and a length in bytes, is a number of. */
import { type Arch, taskSizeMax } from '@kernel-mm/pgtable-core';

/** Bits of `unsigned long`: 32 where all of user space fits below 4 GiB, as with x86 PAE, whose entries have 64. */
export const wordBits = (arch: Arch): 32 | 64 => (taskSizeMax(arch) >> 32n ? 64 : 32);
