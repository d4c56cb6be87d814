/** x86-64 with four and five levels. A kernel with five levels built in folds p4d when it boots without LA57. */
import {
  type Arch,
  address,
  and,
  bits,
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
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { foldedInto } from './nop.ts';

/** Parameters of {@link x86}. */
export interface X86Options {
  /** `4-level` (48-bit addresses) or `5-level` (57-bit, CR4.LA57). */
  readonly paging: '4-level' | '5-level';
  /** With four levels: was p4d folded when the kernel was built, or when it booted? `boot` unless said otherwise. */
  readonly fold?: 'build' | 'boot';
}

// SDM volume 3, tables 4-15 to 4-20. Software bits: arch/x86/include/asm/pgtable_types.h.
const P = 0x1n;
const RW = 0x2n;
const US = 0x4n;
const A = 0x20n;
const D = 0x40n;
const PSE = 0x80n;
const PROTNONE = 0x100n; // bit 8 is G in a present entry; Linux uses it for PROT_NONE where P is 0
const SPECIAL = 0x200n;
const SOFT_DIRTY = 0x800n;
const NX = 1n << 63n;
/** What the kernel calls flags: everything outside the 52-bit frame mask. */
const FLAGS = 0xfff0_0000_0000_0fffn;

const common: Fields = { P: flag(0), RW: flag(1), US: flag(2), PWT: flag(3), PCD: flag(4), A: flag(5), NX: flag(63) };
const pageBits: Fields = {
  ...common,
  D: flag(6),
  G: flag(8),
  SPECIAL: software(9),
  UFFD_WP: software(10),
  SOFT_DIRTY: software(11),
  PKEY: bits(62, 59),
};
const table: TableFormat = { fields: { ...common, address: address(51, 12) }, base: 0x67n };

/** A page of 4 KiB, 2 MiB or 1 GiB. Where P is 0 the frame is stored inverted, against L1TF (since v4.19). */
const leaf = (low: 12 | 21 | 30): LeafFormat => ({
  fields: {
    ...pageBits,
    address: address(51, low),
    ...(low === 12 ? { PAT: flag(7) } : { PS: bits(7, 7, 'type'), PAT: flag(12) }),
  },
  base: P | A | (low === 12 ? 0n : PSE),
  protNone: PROTNONE | A | (low === 12 ? 0n : PSE),
  rights: { read: [0n, 0n], write: [RW | D, 0n], exec: [0n, NX], user: [US, 0n] },
  inverted: and(not(eq('entry', 0n)), lacks(P)),
});

const NONE = lacks(~(A | D) & 0xffff_ffff_ffff_ffffn); // erratum: A and D may be set in a none entry
const pageReading: LevelSpec['is'] = {
  none: NONE,
  protnone: is(P | PROTNONE, PROTNONE),
  special: has(SPECIAL),
  write: has(RW),
  young: has(A),
  dirty: has(D),
  softDirty: has(SOFT_DIRTY),
  exec: lacks(NX),
  user: has(US),
};

const pmd: LevelSpec = {
  bits: 9,
  table,
  leaf: leaf(21),
  is: {
    ...pageReading,
    present: has(P | PROTNONE | PSE), // PSE: a huge page that is being split has P cleared for a moment
    bad: not(is(FLAGS & ~US & ~A, P | RW | D)), // since v6.1; before, A had to be set too
    leaf: has(PSE),
  },
};
const pud: LevelSpec = {
  bits: 9,
  table,
  leaf: leaf(30),
  is: {
    ...pageReading,
    present: has(P),
    bad: has(FLAGS & ~0x67n),
    leaf: is(PSE | P, PSE | P), // PSE alone since v6.12
  },
};
const p4d: LevelSpec = { bits: 9, table, is: { none: NONE, present: has(P), bad: has(FLAGS & ~0x67n & ~NX) } };
const pgd: LevelSpec = {
  bits: 9,
  table,
  is: { none: eq('entry', 0n), present: has(P), bad: not(is(FLAGS & ~US & ~NX, 0x63n)) },
};
const pte: LevelSpec = { bits: 9, leaf: leaf(12), is: { ...pageReading, present: has(P | PROTNONE) } };

/** x86-64, by the helpers of Linux v6.1. Ids: `x86-64`, `x86-64-la57`. */
export function x86({ paging, fold = 'boot' }: X86Options): Arch {
  const five = paging === '5-level';
  return defineArch({
    id: five ? 'x86-64-la57' : 'x86-64',
    pageShift: 12,
    byteOrder: 'little',
    va: { extend: 'sign' },
    root: {
      fields: { origin: address(51, 12), PCID: bits(11, 0) },
      // gup_fast_permitted: no bit of `end` above the user half.
      tops: { pgd: { base: 0n, limit: (five ? 1n << 56n : 1n << 47n) - 0x1000n } },
    },
    levels: { pgd, p4d: five ? p4d : foldedInto(p4d, { when: fold, style: 'top' }), pud, pmd, pte },
  });
}
