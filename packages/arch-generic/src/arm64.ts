/** arm64 stage 1, by granule and configured address size; a 52-bit kernel without LPA2 hardware folds one level at boot. */
import {
  type Arch,
  add,
  address,
  and,
  bits,
  defineArch,
  eq,
  type Fields,
  type FoldSpec,
  flag,
  has,
  is,
  type LeafFormat,
  type LevelSpec,
  lacks,
  not,
  or,
  shl,
  shr,
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { nop4d } from './nop.ts';

/** Parameters of {@link arm64}: the configurations of this release. */
export type Arm64Options =
  | { readonly granule: '4k'; readonly va: 48 }
  | { readonly granule: '16k'; readonly va: 52; readonly lpa2: false };

// Arm ARM D8.3; software bits: arch/arm64/include/asm/pgtable-prot.h (Linux v5.11 to v6.10).
const VALID = 0x1n;
const TABLE = 0x2n;
const AF = 0x400n;
const bit = (n: number): bigint => 1n << BigInt(n);
const [USER, RDONLY, NG, WRITE, PXN, UXN, DIRTY] = [bit(6), bit(7), bit(11), bit(51), bit(53), bit(54), bit(55)];
const SPECIAL = bit(56);
const PROT_NONE = bit(58); // with VALID = 0

const table = (page: number): TableFormat => ({
  fields: {
    type: bits(1, 0, 'type'),
    address: address(47, page),
    PXNTable: flag(59),
    UXNTable: flag(60),
    APTable: bits(62, 61),
    NSTable: flag(63),
  },
  base: VALID | TABLE,
});

const attributes: Fields = {
  type: bits(1, 0, 'type'),
  AttrIndx: bits(4, 2),
  NS: flag(5),
  AP: bits(7, 6),
  SH: bits(9, 8),
  AF: flag(10),
  nG: flag(11),
  GP: flag(50),
  DBM: flag(51),
  CONT: flag(52),
  PXN: flag(53),
  UXN: flag(54),
  DIRTY: software(55),
  SPECIAL: software(56),
  DEVMAP: software(57),
  PROT_NONE: software(58),
  PBHA: bits(62, 59),
};

/** A page (descriptor type 3) or block (type 1). Clean writable pages are read-only with DBM, so write makes dirty. */
const leaf = (low: number, type: bigint): LeafFormat => ({
  fields: { ...attributes, address: address(47, low) },
  base: type | AF | NG | PXN | 0x300n,
  protNone: (type & ~VALID) | AF | NG | PXN | UXN | RDONLY | PROT_NONE | 0x300n,
  rights: { read: [0n, 0n], write: [WRITE | DIRTY, RDONLY], exec: [0n, UXN], user: [USER, 0n] },
});

const none = eq('entry', 0n);
const present = has(VALID | PROT_NONE);
const bad = lacks(TABLE);
const pageReading: LevelSpec['is'] = {
  none,
  present,
  protnone: is(VALID | PROT_NONE, PROT_NONE),
  special: has(SPECIAL),
  write: has(WRITE),
  young: has(AF),
  dirty: or(has(DIRTY), is(WRITE | RDONLY, WRITE)),
  exec: lacks(UXN),
  user: has(USER),
};
const blockReading: LevelSpec['is'] = { ...pageReading, bad, leaf: and(present, lacks(TABLE)) };

const CONFIGS = {
  // 1 GiB blocks exist with the 4 KiB granule only.
  '4k': { id: 'arm64-4k-va48', page: 12, pgd: 9, va: 48, pudLeaf: true },
  '16k': { id: 'arm64-16k-va52-nolpa2', page: 14, pgd: 5, va: 47, pudLeaf: false },
};

/**
 * The fold at boot: pud_offset takes the page of the *pointer* it is given, and indexes that with pud_index(addr).
 * The pgd index of every user address is 0, so that the pointer is the first slot of the real top table.
 */
const reindexed = (page: number, shift: number, indexBits: number): FoldSpec => ({
  when: 'boot',
  style: 'middle',
  slot: add(
    and('slot', (0xffff_ffff_ffff_ffffn << BigInt(page)) & 0xffff_ffff_ffff_ffffn),
    shl(and(shr('addr', BigInt(shift)), bit(indexBits) - 1n), 3n),
  ),
});

/**
 * arm64. Ids: `arm64-4k-va48`; `arm64-16k-va52-nolpa2`: 16 KiB pages configured for 52-bit addresses on a machine
 * without LPA2: p4d is folded at build time, pud at boot in middle style, and 47 address bits remain.
 */
export function arm64({ granule }: Arm64Options): Arch {
  const { id, page, pgd, va, pudLeaf } = CONFIGS[granule];
  const stride = page - 3;
  const pmdShift = page + stride;
  const pudShift = pmdShift + stride;
  const upper = { table: table(page), is: { none, present: not(none), bad } };
  const pud: LevelSpec = {
    ...{ bits: stride, table: table(page), is: pudLeaf ? blockReading : { ...pageReading, bad } },
    ...(pudLeaf && { leaf: leaf(pudShift, 1n) }),
    ...(granule === '16k' && { fold: reindexed(page, pudShift, stride) }),
  };
  return defineArch({
    id,
    pageShift: page,
    byteOrder: 'little',
    va: { extend: 'halves', bits: va },
    root: {
      fields: { CnP: flag(0), origin: address(47, 6), ASID: bits(63, 48) },
      tops: { pgd: { base: 0n, limit: bit(va) } },
    },
    levels: nop4d({
      pgd: { bits: pgd, ...upper },
      pud,
      pmd: { bits: stride, table: table(page), leaf: leaf(pmdShift, 1n), is: blockReading },
      pte: { bits: stride, leaf: leaf(page, 3n), is: pageReading },
    }),
  });
}
