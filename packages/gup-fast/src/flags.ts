/** FOLL flags by name, and the numbers that they have in each era's kernel. */

/** A flag of the get_user_pages family, without its `FOLL_` prefix. */
export type FollFlag =
  | 'WRITE'
  | 'GET'
  | 'PIN'
  | 'FORCE'
  | 'LONGTERM'
  | 'FAST_ONLY'
  | 'NOFAULT'
  | 'PCI_P2PDMA'
  | 'HONOR_NUMA_FAULT'
  | 'TOUCH'
  | 'DUMP'
  | 'NOWAIT'
  | 'HWPOISON'
  | 'ANON'
  | 'SPLIT_PMD'
  | 'TRIED'
  | 'REMOTE'
  | 'INTERRUPTIBLE'
  | 'UNLOCKABLE'
  | 'MADV_POPULATE'
  | 'POPULATE'
  | 'NUMA'
  | 'MIGRATION'
  | 'MLOCK'
  | 'COW'
  | 'SPLIT';

/** The numbers of a kernel's flags. */
export type FlagBits = Readonly<Partial<Record<FollFlag, number>>>;

/** Linux v5.9, include/linux/mm.h. */
export const BITS_2020: FlagBits = {
  ...{
    WRITE: 0x1,
    TOUCH: 0x2,
    GET: 0x4,
    DUMP: 0x8,
    FORCE: 0x10,
    NOWAIT: 0x20,
    POPULATE: 0x40,
    SPLIT: 0x80,
    HWPOISON: 0x100,
  },
  ...{ NUMA: 0x200, MIGRATION: 0x400, TRIED: 0x800, MLOCK: 0x1000, REMOTE: 0x2000, COW: 0x4000, ANON: 0x8000 },
  ...{ LONGTERM: 0x1_0000, SPLIT_PMD: 0x2_0000, PIN: 0x4_0000, FAST_ONLY: 0x8_0000 },
};

const bit = (n: number): number => 2 ** n;

/** Linux since v6.3, include/linux/mm_types.h and mm/internal.h. */
export const BITS_TODAY: FlagBits = {
  ...{ WRITE: bit(0), GET: bit(1), DUMP: bit(2), FORCE: bit(3), NOWAIT: bit(4), NOFAULT: bit(5), HWPOISON: bit(6) },
  ...{ ANON: bit(7), LONGTERM: bit(8), SPLIT_PMD: bit(9), PCI_P2PDMA: bit(10), INTERRUPTIBLE: bit(11) },
  ...{ HONOR_NUMA_FAULT: bit(12), TOUCH: bit(16), TRIED: bit(17), REMOTE: bit(18), PIN: bit(19), FAST_ONLY: bit(20) },
  ...{ UNLOCKABLE: bit(21), MADV_POPULATE: bit(22) },
};

/**
 * The flags in a number, as a tool's `-F 0x1` has them; `undefined` where a bit is set that the kernel has no name for,
 * or `bits` is no unsigned 32-bit number.
 */
export function flagsFromBits(bits: FlagBits, value: number): FollFlag[] | undefined {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) return undefined;
  const named = Object.entries(bits).filter(([, mask]) => Math.floor(value / mask) % 2 === 1);
  const known = named.reduce((sum, [, mask]) => sum + mask, 0);
  return known === value ? named.map(([name]) => name as FollFlag) : undefined;
}
