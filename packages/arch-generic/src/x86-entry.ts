/** x86 entries bit by bit: the manual's names, the bits that Linux gave a meaning of its own, and how entries are made. */
import {
  address,
  and,
  bits,
  eq,
  type Fields,
  flag,
  type LeafFormat,
  lacks,
  not,
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { type LinuxVersion, since } from './linux.ts';

/** The paging modes (SDM volume 3, 4.1.1), by the number of levels that Linux has in them. */
export type Paging = '2-level' | 'pae' | '4-level' | '5-level';

/** What an entry's meaning depends on. */
export interface X86Kernel {
  readonly paging: Paging;
  readonly linux: LinuxVersion;
  /** sme_me_mask: the address bit that means encryption; 0 where there is none. */
  readonly encMask: bigint;
}

/** Whether the kernel is a 64-bit one. */
export const is64 = ({ paging }: X86Kernel): boolean => paging === '4-level' || paging === '5-level';
/** Whether entries have 8 bytes: 52 bits of address, NX, and frames inverted against L1TF. */
export const isWide = ({ paging }: X86Kernel): boolean => paging !== '2-level';

// SDM volume 3, tables 4-4 to 4-20.
export const P = 0x1n;
export const RW = 0x2n;
export const US = 0x4n;
export const A = 0x20n;
export const D = 0x40n;
/** PS in the manual, `_PAGE_PSE` in Linux: the entry maps a large page. In a pte the bit is PAT. */
export const PSE = 0x80n;
/** G in a present entry; Linux says PROT_NONE by it where P is 0. */
export const PROTNONE = 0x100n;
export const NX: bigint = 1n << 63n;
export const SPECIAL = 0x200n;

/** The bits of Linux's that not every kernel has; 0 where it has none. */
export function softwareBits(kernel: X86Kernel): Readonly<Record<'SOFT_DIRTY' | 'SAVED_DIRTY' | 'DEVMAP', bigint>> {
  const from66 = since(kernel.linux, '6.6');
  const wide = is64(kernel);
  return {
    SOFT_DIRTY: wide ? 0x800n : 0n,
    // Where D without R/W means a shadow stack, a dirty page that is not writable says so here.
    SAVED_DIRTY: from66 ? (wide ? 1n << 58n : 0x400n) : 0n,
    DEVMAP: !wide || since(kernel.linux, '6.17') ? 0n : 1n << (from66 ? 57n : 58n),
  };
}

const common = (kernel: X86Kernel): Fields => ({
  ...{ P: flag(0), RW: flag(1), US: flag(2), PWT: flag(3), PCD: flag(4), A: flag(5) },
  ...(isWide(kernel) && { NX: flag(63) }),
});

/**
 * PTE_PFN_MASK as fields, from bit `low` up: 52 bits (2-level: 32), without the bit that means encryption. With that bit
 * in the middle the address has two pieces.
 */
export function frame(kernel: X86Kernel, low: number, name = 'address'): Fields {
  const top = isWide(kernel) ? 51 : 31;
  if (kernel.encMask === 0n) return { [name]: address(top, low) };
  const enc = kernel.encMask.toString(2).length - 1;
  return {
    [name]: address(enc - 1, low),
    ENC: flag(enc),
    ...(enc < top && { high: address(top, enc + 1, enc + 1) }),
  };
}

/** An entry that designates a table: `_PAGE_TABLE`. */
export const table = (kernel: X86Kernel): TableFormat => ({
  fields: { ...common(kernel), ...frame(kernel, 12) },
  base: 0x67n | kernel.encMask,
});

/** A page-directory-pointer-table entry of PAE: all but P and the cache bits is reserved. */
export const pdpte: TableFormat = {
  fields: { P: flag(0), PWT: flag(3), PCD: flag(4), address: address(51, 12) },
  base: P,
};

/** A page of 4 KiB, 2 MiB, 4 MiB or 1 GiB. Where P is 0 the frame is stored inverted, against L1TF (since v4.19). */
export const leaf = (kernel: X86Kernel, low: 12 | 21 | 22 | 30): LeafFormat => {
  const large = low === 12 ? 0n : PSE;
  const own = Object.entries({ SPECIAL, ...softwareBits(kernel) }).filter(([, mask]) => mask !== 0n);
  return {
    fields: {
      ...common(kernel),
      ...{ D: flag(6), G: flag(8), ...frame(kernel, low) },
      ...(large ? { PS: bits(7, 7, 'type'), PAT: flag(12) } : { PAT: flag(7) }),
      ...(is64(kernel) && { UFFD_WP: software(10), PKEY: bits(62, 59) }),
      ...Object.fromEntries(own.map(([name, mask]) => [name, software(mask.toString(2).length - 1)])),
    },
    base: P | A | large | kernel.encMask,
    protNone: PROTNONE | A | large | kernel.encMask,
    rights: { read: [0n, 0n], write: [RW | D, 0n], exec: [0n, isWide(kernel) ? NX : 0n], user: [US, 0n] },
    ...(isWide(kernel) && { inverted: and(not(eq('entry', 0n)), lacks(P)) }),
  };
};
