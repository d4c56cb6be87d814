/** What both table formats of 32-bit arm Linux have in common: 32-bit addresses, the user's part of them, swap entries. */
import {
  type ArchSpec,
  and,
  bits,
  type Expr,
  eq,
  is,
  type LevelSpec,
  not,
  type SwapFormat,
} from '@kernel-mm/pgtable-core';

/** Little-endian 4 KiB pages under 32-bit addresses. */
export const ARM: Pick<ArchSpec, 'pageShift' | 'byteOrder' | 'va'> = {
  pageShift: 12,
  byteOrder: 'little',
  va: { extend: 'zero', bits: 32 },
};

/** TASK_SIZE where the kernel has the upper gigabyte: 16 MiB below it, where modules lie. */
export const TASK_SIZE = 0xbf00_0000n;

/** The swap entry of Linux v6.3 and later; before, the offset began at bit 7, and nothing said exclusive. */
export const armSwap: SwapFormat = { type: bits(6, 2), offset: bits(31, 8), base: 0n, exclusive: 0x80n };

/** What generic code takes for a swap entry where no bit is reserved for it: neither none nor present. */
export const swappedOut = (present: Expr): Expr => and(not(eq('entry', 0n)), not(present));

/**
 * pte_access_permitted (arch/arm/include/asm/pgtable.h, since v4.16): every bit of L_PTE_PRESENT, and the user's; to
 * write, not read-only. The header has it once for both formats, and for ptes alone: a pmd has the generic form.
 */
export const pteAccess = ({
  PRESENT,
  USER,
  RDONLY,
}: Readonly<Record<'PRESENT' | 'USER' | 'RDONLY', bigint>>): LevelSpec['is'] => ({
  accessRead: is(PRESENT | USER, PRESENT | USER),
  accessWrite: is(PRESENT | USER | RDONLY, PRESENT | USER),
});
