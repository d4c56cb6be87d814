/** Where a page was swapped out to: entries that are invalid for the hardware, by bits that no present entry has together. */
import { bits, type SwapFormat } from '@kernel-mm/pgtable-core';

const offset = bits(63, 12);
const softDirty = 0x2n;

/** A pte: I and P without PRESENT. The exclusive mark came with v5.19; the hardware does not look at it, for I comes first. */
export const pteSwap: SwapFormat = { type: bits(6, 2), offset, base: 0x600n, exclusive: 0x800n, softDirty };

/** A pmd or pud since v6.14: I and the common bit without PRESENT, and the table type `type`. */
export const largeSwap = (type: bigint): SwapFormat => ({ type: bits(10, 6), offset, base: 0x30n | type, softDirty });
