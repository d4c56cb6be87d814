/** arm64 stage 1, by granule and configured address size; a 52-bit kernel without LPA2 hardware folds one level at boot. */
import {
  type Arch,
  add,
  address,
  and,
  bits,
  checkFlags,
  checkObject,
  checkOneOf,
  defineArch,
  type Expr,
  type Fields,
  type FoldSpec,
  flag,
  LEVELS,
  type LeafFormat,
  type Level,
  type LevelSpec,
  select,
  shl,
  shr,
  type TableFormat,
  wrap64,
} from '@kernel-mm/pgtable-core';
import { changes, swapFormat } from './arm64-change.ts';
import {
  AF,
  bit,
  CONT,
  type Encoding,
  leafFields,
  NG,
  PXN,
  RDONLY,
  TABLE,
  tableFields,
  USER,
  UXN,
  VALID,
} from './arm64-descriptor.ts';
import { DIRTY, predicates, presentInvalid, WRITE } from './arm64-linux.ts';
import { checkLinux, DEFAULT_LINUX, type LinuxVersion, since } from './linux.ts';
import { type Levels, nop4d, nopmd, nopud } from './nop.ts';

/** Parameters of {@link arm64}: the page size, the address bits that Linux is configured for, and what the machine has. */
export type Arm64Options = {
  /**
   * Whose helpers to follow; v6.12 unless said otherwise. v5.10, v5.11, v5.14, v5.18, v5.19, v6.11, v6.12, v6.15, v6.17 and
   * v6.18 made differences.
   */
  readonly linux?: LinuxVersion;
} & (
  | ((
      | { readonly granule: '4k'; readonly va: 39 | 48 | 52 }
      | { readonly granule: '16k'; readonly va: 36 | 47 | 48 | 52 }
    ) & {
      /** 52-bit physical addresses. With `va` 52 they are there unless this is `false`, and then a level is folded at boot. */
      readonly lpa2?: boolean;
    })
  | {
      readonly granule: '64k';
      readonly va: 42 | 48 | 52;
      /** 52-bit physical addresses. */
      readonly lpa?: boolean;
    }
);

/** How many pages with the contiguous bit are one (CONT_PTES). */
const CONTIGUOUS = { '4k': 16, '16k': 128, '64k': 32 } as const;

/** What Linux offers with each granule (arch/arm64/Kconfig): bits of an address. */
export const SIZES: Readonly<Record<Arm64Options['granule'], readonly number[]>> = {
  ...{ '4k': [39, 48, 52], '16k': [36, 47, 48, 52], '64k': [42, 48, 52] },
};

const PAGE_SHIFT = { '4k': 12, '16k': 14, '64k': 16 } as const;

/** What is folded when the kernel is built, by how many levels are left (CONFIG_PGTABLE_LEVELS); of five none. */
const FOLDED: Readonly<Record<number, (levels: Levels) => Levels>> = { 2: nopmd, 3: nopud, 4: nop4d };

/**
 * arm64 as Linux reads it. Ids say the parameters: `arm64-4k-va48`, `arm64-16k-va52-lpa2`, `arm64-64k-va48-lpa`.
 * `-nolpa2` is a kernel configured for 52-bit addresses on a machine without LPA2: 48 (4 KiB pages) or 47 (16 KiB) remain.
 */
export function arm64(options: Arm64Options): Arch {
  checkObject('options', options);
  const { granule, va, linux = DEFAULT_LINUX } = options;
  checkOneOf('granule', granule, Object.keys(SIZES));
  checkOneOf('va', va, SIZES[granule]);
  checkLinux(linux);
  checkFlags<{ lpa?: boolean; lpa2?: boolean }>(options, 'lpa', 'lpa2');
  const lpa2 = options.granule !== '64k' && (options.lpa2 ?? va === 52);
  const lpa = options.granule === '64k' && options.lpa === true;
  const foldsAtBoot = granule !== '64k' && va === 52 && !lpa2;
  const encoding: Encoding = lpa2 ? 'lpa2' : lpa ? 'lpa' : 'plain';

  // PGTABLE_LEVELS and PGDIR_SHIFT of Linux: a table fills a page, and the top one takes what is left.
  const page = PAGE_SHIFT[granule];
  const stride = page - 3;
  // Arm ARM (DDI 0487), D8.7.1: 16, 128 or 32 pages are one, or 16, 32 or 32 blocks of 2, 32 or 512 MiB.
  const ptes = CONTIGUOUS[granule];
  const count = Math.floor((va - 4) / stride);
  const pgdShift = page + stride * (count - 1);
  const pgdBits = va - pgdShift;
  const bitsLeft = foldsAtBoot ? pgdShift : va;

  const is = predicates(linux);
  const mk = changes(linux);
  const swap = swapFormat(linux);
  const table: TableFormat = { fields: tableFields(encoding, page), base: VALID | TABLE };
  const leaf = (low: number, type: bigint): LeafFormat => leafFormat(encoding, low, type, linux);
  const grouped = (slots: number, format: LeafFormat): LeafFormat => ({ ...format, group: { bit: CONT, slots } });
  const upper: LevelSpec = { bits: stride, table, is: is.table };
  const pmd: LevelSpec = {
    ...upper,
    leaf: grouped(ptes === 128 ? 32 : ptes, leaf(page + stride, VALID)),
    is: is.pmd,
    mk: mk.pmd,
    swap,
  };
  const pud: LevelSpec = { ...upper, ...pudBlocks() };
  const pte: LevelSpec = { bits: stride, leaf: grouped(ptes, leaf(page, VALID | TABLE)), is: is.pte, mk: mk.pte, swap };
  const levels = { pgd: upper, p4d: upper, pud, pmd, pte };

  /**
   * Linux makes blocks of a pud with 4 KiB pages only. pud_leaf is a constant with 64 KiB pages or two levels; with 16 KiB
   * pages it reads the bits (arch/arm64/include/asm/pgtable.h).
   */
  function pudBlocks(): Pick<LevelSpec, 'is' | 'leaf' | 'reads' | 'mk' | 'swap'> {
    const low = page + 2 * stride;
    if (granule === '4k') return { leaf: leaf(low, VALID), is: is.pud, mk: mk.pud, swap };
    if (granule === '16k' && count > 2) return { reads: leafFields(encoding, low, linux), is: is.pud };
    return { is: { ...is.pud, leaf: 0n } };
  }

  // The top table is pgd by name; what its entries are follows from how many levels there are.
  const [top, next] = LEVELS.slice(-count) as [Level, Level];
  const real: Levels = {
    ...{ ...levels, pgd: { ...levels[top], bits: pgdBits } },
    ...(foldsAtBoot && { [next]: { ...levels[next], fold: reindexed(page, pgdShift - stride, stride) } }),
  };
  const tableShift = foldsAtBoot ? page : Math.max(pgdBits + 3, encoding === 'plain' ? 0 : 6);
  return defineArch({
    id: `arm64-${granule}-va${va}${foldsAtBoot ? '-nolpa2' : encoding === 'plain' ? '' : `-${encoding}`}`,
    pageShift: page,
    byteOrder: 'little',
    gupFastPermitted: false,
    va: { extend: 'halves', bits: bitsLeft, untagged: withoutTopByte },
    root: {
      fields: rootFields(encoding, tableShift),
      tops: { pgd: { base: 0n, limit: bit(bitsLeft) } },
      // asm/processor.h: by VA_BITS, as the kernel was built. TASK_SIZE goes by vabits_actual, as it has booted.
      ...(foldsAtBoot && { taskSizeMax: bit(va) }),
    },
    levels: ownP4dForm(FOLDED[count]?.(real) ?? real, linux),
  });
}

/**
 * Since v6.11 (36639013b346) a kernel with at most four levels has a p4d_offset_lockless of its own, which hands the
 * pointer on. With three or two levels that of pud, and of pmd, is the generic one all the same.
 */
const ownP4dForm = (levels: Levels, linux: LinuxVersion): Levels =>
  levels.p4d.fold?.when === 'build' && since(linux, '6.11')
    ? { ...levels, p4d: { ...levels.p4d, fold: { ...levels.p4d.fold, lockless: 'slot' } } }
    : levels;

/** untagged_addr: TBI0 is on for user space, and a user's address, of which bit 55 is 0, is walked without its top byte. */
const withoutTopByte: Expr = select(and('addr', bit(55)), 'addr', and('addr', bit(56) - 1n));

/** A page (descriptor type 3) or block (type 1). Clean writable pages are read-only with DBM, so write makes dirty. */
function leafFormat(encoding: Encoding, low: number, type: bigint, linux: LinuxVersion): LeafFormat {
  const always = AF | NG | PXN | (encoding === 'lpa2' ? 0n : 0x300n); // SH: inner shareable
  return {
    fields: leafFields(encoding, low, linux),
    base: type | always,
    protNone: (type & ~VALID) | always | UXN | RDONLY | presentInvalid(linux),
    rights: { read: [0n, 0n], write: [WRITE | DIRTY, RDONLY], exec: [0n, UXN], user: [USER, 0n] },
  };
}

/** TTBR: the top table is aligned to its size; where addresses have 52 bits, to 64 bytes at least. */
const rootFields = (encoding: Encoding, tableShift: number): Fields => ({
  CnP: flag(0),
  ...(encoding !== 'plain' && { high: address(5, 2, 48) }),
  origin: address(47, tableShift),
  ASID: bits(63, 48),
});

/**
 * The fold at boot: pXd_offset takes the page of the *pointer* it is given, and indexes that with the level's index of
 * the address. The pgd index of every user address is 0, so the pointer is the first slot of the real top table.
 */
const reindexed = (page: number, shift: number, indexBits: number): FoldSpec => ({
  when: 'boot',
  style: 'middle',
  slot: add(and('slot', wrap64(-1n << BigInt(page))), shl(and(shr('addr', BigInt(shift)), bit(indexBits) - 1n), 3n)),
});
