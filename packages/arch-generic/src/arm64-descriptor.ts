/** An arm64 descriptor's bits by name (Arm ARM, D8.3), and the three ways in which it holds an address. */
import { address, bits, type Field, type Fields, flag, software } from '@kernel-mm/pgtable-core';
import { type LinuxVersion, since } from './linux.ts';

/**
 * How a descriptor holds its address: `plain`, 48 bits; `lpa`, 52 bits with 64 KiB pages, PA[51:48] in bits 15:12
 * (FEAT_LPA); `lpa2`, 52 bits with 4 and 16 KiB pages, PA[51:50] in bits 9:8, where SH was (FEAT_LPA2).
 */
export type Encoding = 'plain' | 'lpa' | 'lpa2';

/** Bit `n` as a mask. */
export const bit = (n: number): bigint => 1n << BigInt(n);

/** Bit 0: the descriptor is valid. */
export const VALID: bigint = bit(0);
/** Bit 1: with VALID, a table, or a page at the last level; without it a block. */
export const TABLE: bigint = bit(1);
/** AP[1]: EL0 may use the page. Linux: PTE_USER. */
export const USER: bigint = bit(6);
/** AP[2]: read-only. Linux: PTE_RDONLY. */
export const RDONLY: bigint = bit(7);
/** The access flag. */
export const AF: bigint = bit(10);
/** Not global. */
export const NG: bigint = bit(11);
/** The dirty bit modifier, which Linux uses as PTE_WRITE. */
export const DBM: bigint = bit(51);
/** EL1 may not execute. */
export const PXN: bigint = bit(53);
/** EL0 may not execute. */
export const UXN: bigint = bit(54);

/** The descriptor and its neighbours are one page: as many as are said beside the level. */
export const CONT: bigint = bit(52);

/** The pieces of an address of which the lowest bit is `low`. */
export const pieces = (encoding: Encoding, low: number): Readonly<Record<string, Field>> => {
  switch (encoding) {
    case 'plain':
      return { address: address(47, low) };
    case 'lpa':
      return { address: address(47, low), high: address(15, 12, 48) };
    case 'lpa2':
      return { address: address(49, low), high: address(9, 8, 50) };
  }
};

/** A descriptor of a table. AF is looked at with FEAT_HAFT only. */
export const tableFields = (encoding: Encoding, page: number): Fields => ({
  type: bits(1, 0, 'type'),
  AF: flag(10),
  ...pieces(encoding, page),
  PXNTable: flag(59),
  UXNTable: flag(60),
  APTable: bits(62, 61),
  NSTable: flag(63),
});

/** A descriptor of a page or block of 2^`low` bytes, with the bits that Linux keeps for itself. */
export const leafFields = (encoding: Encoding, low: number, linux: LinuxVersion): Fields => ({
  type: bits(1, 0, 'type'),
  AttrIndx: bits(4, 2),
  NS: flag(5),
  AP: bits(7, 6),
  ...(encoding !== 'lpa2' && { SH: bits(9, 8) }),
  AF: flag(10),
  nG: flag(11),
  ...pieces(encoding, low),
  GP: flag(50),
  DBM: flag(51),
  CONT: flag(52),
  PXN: flag(53),
  UXN: flag(54),
  DIRTY: software(55),
  SPECIAL: software(56),
  ...(!since(linux, '6.17') && { DEVMAP: software(57) }),
  ...(since(linux, '6.11') ? { UFFD_WP: software(58) } : { PROT_NONE: software(58), INVALID: software(59) }),
  POIndex: bits(62, 60),
});
