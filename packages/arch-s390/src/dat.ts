/** s390 dynamic address translation, as far as every layout agrees: fields of the entries by the manual's names. */
import { address, and, bits, type Expr, type Fields, flag, shr, software } from '@kernel-mm/pgtable-core';

/** Table type, bits 60-61 of an entry or ASCE: 3 region-first, 2 region-second, 1 region-third, 0 segment table. */
export const TT: Expr = shr(and('entry', 0xcn), 2n);

/** Region-table entry that designates a table (Principles of Operation, "Region-Table Entries"). */
export const regionTable: Fields = {
  origin: address(63, 12),
  P: flag(9),
  TF: bits(7, 6),
  I: flag(5),
  TT: bits(3, 2, 'type'),
  TL: bits(1, 0),
};

/** Segment-table entry that designates a page table (STE with FC = 0). Page tables are 2 KiB, two to a frame. */
export const segmentTable: Fields = {
  origin: address(63, 11),
  FC: flag(10),
  P: flag(9),
  I: flag(5),
  CS: flag(4),
  TT: bits(3, 2, 'type'),
};

/** The hardware's part of a large region-third (`low` 31) or segment (`low` 20) entry: FC = 1, EDAT-2 and EDAT-1. */
export const largeFrame = (low: 31 | 20): Fields => ({
  frame: address(63, low),
  AV: flag(16),
  F: flag(11),
  FC: flag(10),
  P: flag(9),
  IEP: flag(8),
  I: flag(5),
  common: flag(4),
  TT: bits(3, 2, 'type'),
});

/** Page-table entry; Z must be 0 in a valid one. The rest is software's. */
export const page: Fields = {
  frame: address(63, 12),
  Z: { kind: 'zero', hi: 11, lo: 11 },
  I: flag(10),
  P: flag(9),
  IEP: flag(8),
  UNUSED: software(7),
  SPECIAL: software(6),
  WRITE: software(5),
  READ: software(4),
  DIRTY: software(3),
  YOUNG: software(2),
  SOFT_DIRTY: software(1),
  PRESENT: software(0),
};

/** The address-space-control element. */
export const asce: Fields = {
  origin: address(63, 12),
  G: flag(9),
  P: flag(8),
  S: flag(7),
  X: flag(6),
  R: flag(5),
  DT: bits(3, 2, 'type'),
  TL: bits(1, 0),
};
