/** arm with the Large Physical Address Extension: three levels of 8-byte descriptors, room enough for Linux's bits. */
import {
  type Arch,
  address,
  bits,
  clear,
  defineArch,
  eq,
  type Fields,
  flag,
  has,
  is,
  type LeafFormat,
  type LevelSpec,
  lacks,
  not,
  set,
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { ARM, armSwap, pteAccess, swappedOut, TASK_SIZE } from './arm.ts';
import { nopud } from './nop.ts';

// ARMv7 ARM B3.6; software bits: arch/arm/include/asm/pgtable-3level.h.
const VALID = 0x1n;
const TABLE = 0x2n;
const bit = (n: number): bigint => 1n << BigInt(n);
const [USER, AP2, AF, NG, XN] = [bit(6), bit(7), bit(10), bit(11), bit(54)];
const [DIRTY, SPECIAL, NONE, RDONLY] = [bit(55), bit(56), bit(57), bit(58)];
const SHARED_CACHED = 0x31cn; // inner shareable, memory attribute 7

const table: TableFormat = {
  fields: {
    type: bits(1, 0, 'type'),
    address: address(39, 12),
    ...{ PXNTable: flag(59), XNTable: flag(60), APTable: bits(62, 61), NSTable: flag(63) },
  },
  base: VALID | TABLE,
};

const attributes: Fields = {
  type: bits(1, 0, 'type'),
  ...{ AttrIndx: bits(4, 2), NS: flag(5), AP: bits(7, 6), SH: bits(9, 8), AF: flag(10), nG: flag(11) },
  ...{ contiguous: flag(52), PXN: flag(53), XN: flag(54) },
  ...{ DIRTY: software(55), SPECIAL: software(56), NONE: software(57), RDONLY: software(58) },
};

/** A page or section. The hardware's read-only bit is set where Linux's is, or the page is clean. */
const leaf = (low: number, type: bigint): LeafFormat => ({
  fields: { ...attributes, address: address(39, low) },
  base: type | SHARED_CACHED | AF,
  protNone: (type & ~VALID) | SHARED_CACHED | AF | XN | RDONLY | NONE,
  rights: { read: [0n, 0n], write: [DIRTY, RDONLY | AP2], exec: [0n, XN], user: [USER | NG, 0n] },
  group: { bit: 1n << 52n, slots: 16 },
});

const none = eq('entry', 0n);
const pageReading: LevelSpec['is'] = { none, write: lacks(RDONLY), young: has(AF), dirty: has(DIRTY) };
const changes: LevelSpec['mk'] = {
  ...{ young: set(AF), old: clear(AF), dirty: set(DIRTY), clean: clear(DIRTY) },
  ...{ write: clear(RDONLY), wrprotect: set(RDONLY), huge: clear(TABLE) },
};

const pgd: LevelSpec = { bits: 2, table, is: { none, present: not(none), bad: lacks(TABLE) } };
const pmd: LevelSpec = {
  bits: 9,
  table,
  leaf: leaf(21, VALID),
  is: { ...pageReading, present: has(VALID), bad: lacks(TABLE), leaf: is(VALID | TABLE, VALID) },
  mk: { ...changes, invalid: clear(VALID) },
};
// PROT_NONE clears VALID and leaves the other bit: pte_present asks for either.
const present = has(VALID | TABLE);
// L_PTE_PRESENT is both low bits.
const pte: LevelSpec = {
  bits: 9,
  leaf: leaf(12, VALID | TABLE),
  is: {
    ...{ ...pageReading, present, swap: swappedOut(present), special: has(SPECIAL), exec: lacks(XN), user: has(USER) },
    ...pteAccess({ PRESENT: VALID | TABLE, USER, RDONLY }),
  },
  mk: { ...changes, special: set(SPECIAL) },
  swap: armSwap,
};

/** 32-bit arm with LPAE, by the helpers of Linux v6.12: 40-bit physical addresses, 2 MiB sections. Id: `arm-lpae`. */
export function armLpae(): Arch {
  return defineArch({
    ...ARM,
    id: 'arm-lpae',
    gupFastPermitted: false,
    root: {
      fields: { CnP: flag(0), origin: address(39, 5), ASID: bits(55, 48) },
      tops: { pgd: { base: 0n, limit: TASK_SIZE } },
    },
    levels: nopud({ pgd, pmd, pte }),
  });
}
