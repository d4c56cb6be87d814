/** RISC-V entries bit by bit: the manual's names, what Linux does with the free bits, and how entries are made. */
import {
  add,
  address,
  addressOf,
  and,
  bits,
  type Fields,
  flag,
  has,
  type LeafFormat,
  select,
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { type LinuxVersion, since } from './linux.ts';

/** The translation modes of satp. */
export type RiscvMode = 'sv32' | 'sv39' | 'sv48' | 'sv57';

/** What an entry's meaning depends on. */
export interface RiscvKernel {
  readonly mode: RiscvMode;
  readonly linux: LinuxVersion;
  /** T-Head's cores: bits 63:59 are memory attributes. */
  readonly thead: boolean;
  /** Svrsw60t59b: bits 60 and 59 are free for software. */
  readonly svrsw60t59b: boolean;
}

// Privileged architecture, 12.3 to 12.6.
export const V = 0x1n;
export const R = 0x2n;
export const W = 0x4n;
export const X = 0x8n;
export const U = 0x10n;
export const A = 0x40n;
export const D = 0x80n;
/** An entry with one of these is a leaf. */
export const RWX = 0xen;
/** Svnapot: 16 slots map 64 KiB as one, and each of them holds the same entry. */
export const N: bigint = 1n << 63n;
export const SPECIAL = 0x100n;

/** Linux's PROT_NONE, where V is 0: G, or R until THP migration came (v5.17). */
export const protNone = ({ linux }: RiscvKernel): bigint => (since(linux, '5.17') ? 0x20n : R);

/** Bit 9, ZONE_DEVICE pages: v6.11 to v6.16. 0 where there is none. */
export const devmap = ({ linux, mode }: RiscvKernel): bigint =>
  mode !== 'sv32' && since(linux, '6.11') && !since(linux, '6.17') ? 0x200n : 0n;

/** Svrsw60t59b gave Linux the bits that it was short of (v7.0); 0 where there are none. */
export const softDirty = ({ svrsw60t59b }: RiscvKernel): bigint => (svrsw60t59b ? 1n << 59n : 0n);

/**
 * What T-Head's cores have in bits 63:59, by the vendor's names: strongly ordered, cacheable, bufferable, shareable,
 * trustable. Normal memory is C, B and SH (pgtable-64.h: _PAGE_PMA_THEAD); pfn_pte gives them to each page that names none.
 */
const THEAD: Fields = { SO: flag(63), C: flag(62), B: flag(61), SH: flag(60), SEC: flag(59) };
const pma = ({ thead }: RiscvKernel): bigint => (thead ? 7n << 60n : 0n);

const highBits = ({ mode, thead, svrsw60t59b }: RiscvKernel): Fields => {
  if (mode === 'sv32') return {};
  if (thead) return THEAD;
  return {
    PBMT: bits(62, 61),
    N: flag(63),
    ...(svrsw60t59b && { UFFD_WP: software(60), SOFT_DIRTY: software(59) }),
  };
};

/** The frame number begins at bit 10. */
export const frame = (mode: RiscvMode): Fields => ({ ppn: address(mode === 'sv32' ? 31 : 53, 10, 12) });

const fields = (kernel: RiscvKernel): Fields => ({
  ...{ V: flag(0), R: flag(1), W: flag(2), X: flag(3), U: flag(4), G: flag(5), A: flag(6), D: flag(7) },
  SPECIAL: software(8),
  [devmap(kernel) ? 'DEVMAP' : 'RSW']: software(9),
  ...frame(kernel.mode),
  ...highBits(kernel),
});

/** An entry that designates a table. */
export const table = (kernel: RiscvKernel): TableFormat => ({ fields: fields(kernel), base: V });

/** A page of any size. */
export const leaf = (kernel: RiscvKernel): LeafFormat => ({
  fields: fields(kernel),
  base: V | A | pma(kernel),
  protNone: protNone(kernel) | R | A | pma(kernel),
  rights: { read: [R, 0n], write: [W | D, 0n], exec: [X, 0n], user: [U, 0n] },
});

/**
 * A page of level pte. pte_pfn of a NAPOT entry drops the lowest bit of the frame number, which says the size (v6.4). Where
 * bit 63 is T-Head's SO there is no Svnapot (has_svnapot), and nothing is dropped.
 */
export function pteLeaf(kernel: RiscvKernel): LeafFormat {
  if (kernel.mode === 'sv32' || kernel.thead || !since(kernel.linux, '6.4')) return leaf(kernel);
  const stored = addressOf(frame(kernel.mode));
  const withoutLowest = and(stored, add(stored, 0xffff_ffff_ffff_ffffn));
  return {
    ...leaf(kernel),
    first: select(has(N), withoutLowest, stored),
    shift: select(has(N), 16n, 12n),
    group: { bit: N, slots: 16 },
  };
}
