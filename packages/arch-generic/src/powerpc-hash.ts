/** powerpc with the hashed page table, 4 KiB pages: a tree that only Linux walks, with huge pages in directories of their own. */
import {
  type Arch,
  address,
  and,
  bits,
  defineArch,
  eq,
  type Fields,
  flag,
  type HugepdFormat,
  has,
  is,
  type LevelSpec,
  or,
  select,
  set,
  shr,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { nop4d } from './nop.ts';
import { INVALID, LEAF, leaf, PRESENT, pages, SPECIAL } from './powerpc.ts';

// arch/powerpc/include/asm/book3s/64/hash-4k.h, pgtable-4k.h, hugetlb.h and asm/mmu.h, as they were up to v6.10.
const table = (low: number): TableFormat => ({
  fields: { PRESENT: flag(63), PTE: bits(62, 62, 'type'), address: address(59, low) },
  base: PRESENT,
});

/** hash__hugepd_ok: no pte, and a page size in the low six bits: MMU_PAGE_16M is 10, MMU_PAGE_16G 14, two bits up. */
const SIZE = 0x3fn;
const isHugepd = and(is(PRESENT | LEAF, PRESENT), has(SIZE));
const hugepdFields: Fields = {
  PRESENT: flag(63),
  PTE: bits(62, 62, 'type'),
  size: bits(5, 0, 'type'),
  address: address(59, 6),
};
const hugepd: HugepdFormat = {
  fields: hugepdFields,
  is: isHugepd,
  shift: select(eq(shr(and('entry', SIZE), 2n), 14n), 34n, 24n),
};

const none = eq('entry', 0n);
/** A directory of huge pages is no table: whoever does not know it finds it bad. */
const directory = (bad: bigint): LevelSpec['is'] => ({ none, present: has(PRESENT), bad: or(has(LEAF), has(bad)) });

/**
 * 64-bit powerpc without radix, up to Linux v6.10. The kernel's reading alone: the hardware never sees this tree. Pages of
 * 16 MiB and 16 GiB hang in `hugepd` entries of pud and pgd, which nothing but gup_fast of that time looks into here;
 * to a quiet walk they are bad. Id: `powerpc-hash-4k`.
 */
export function powerpcHash(): Arch {
  const { is: pageReading, mk } = pages('6.1');
  // pte_present is one function for both MMUs: INVALID stands for PRESENT here too.
  const present = and(has(PRESENT | INVALID), has(LEAF));
  return defineArch({
    id: 'powerpc-hash-4k',
    pageShift: 12,
    byteOrder: 'big',
    gupFastPermitted: false,
    va: { extend: 'zero' },
    // No register: the address of the pgd. TASK_SIZE_64TB.
    root: { fields: { origin: address(59, 12) }, tops: { pgd: { base: 0n, limit: 1n << 46n } } },
    levels: nop4d({
      pgd: { bits: 9, table: table(12), is: directory(0xfffn), hugepd },
      pud: { bits: 9, table: table(10), is: directory(0x3ffn), hugepd },
      pmd: { bits: 7, table: table(12), is: directory(0xfffn) },
      pte: {
        ...{ bits: 9, leaf: leaf(12) },
        is: { ...pageReading, none, present, swap: is(PRESENT | INVALID | LEAF, LEAF) },
        mk: { ...mk, special: set(SPECIAL) },
      },
    }),
  });
}
