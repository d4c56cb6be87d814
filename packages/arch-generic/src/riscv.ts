/** RISC-V Sv39, Sv48, Sv57: one kernel image, which folds p4d and pud at boot by the mode that the machine takes. */
import {
  type Arch,
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
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { foldedInto } from './nop.ts';

/** Parameters of {@link riscv}. */
export interface RiscvOptions {
  readonly mode: 'sv39' | 'sv48' | 'sv57';
}

// Privileged architecture, 12.4 to 12.6; software bits: arch/riscv/include/asm/pgtable-bits.h.
const V = 0x1n;
const RWX = 0xen;
const PROT_NONE = 0x20n; // G, where V is 0

const fields: Fields = {
  ...{ V: flag(0), R: flag(1), W: flag(2), X: flag(3), U: flag(4), G: flag(5), A: flag(6), D: flag(7) },
  SPECIAL: software(8),
  RSW: software(9),
  ppn: address(53, 10, 12),
  PBMT: bits(62, 61),
  N: flag(63),
};
const table: TableFormat = { fields, base: V };
const leaf: LeafFormat = {
  fields,
  base: V | 0x40n,
  protNone: PROT_NONE | 0x40n,
  rights: { read: [0x2n, 0n], write: [0x84n, 0n], exec: [0x8n, 0n], user: [0x10n, 0n] },
};
const none = eq('entry', 0n);
const pageReading: LevelSpec['is'] = {
  none,
  protnone: is(V | PROT_NONE, PROT_NONE),
  special: has(0x100n),
  write: has(0x4n),
  young: has(0x40n),
  dirty: has(0x80n),
  exec: has(0x8n),
  user: has(0x10n),
};

const pte: LevelSpec = { bits: 9, leaf, is: { ...pageReading, present: has(V | PROT_NONE) } };
// With THP a pmd under split has V cleared and keeps R, W, X: still present.
const pmdPresent = has(V | PROT_NONE | RWX);
const pmd: LevelSpec = {
  bits: 9,
  table,
  leaf,
  is: { ...pageReading, present: pmdPresent, bad: or(not(pmdPresent), has(RWX)), leaf: and(pmdPresent, has(RWX)) },
};
const upper: LevelSpec = { bits: 9, table, is: { none, present: has(V), bad: lacks(V) } };
// pud_bad does not call a leaf bad, as pmd_bad does.
const pud: LevelSpec = { ...upper, leaf, is: { ...pageReading, ...upper.is, leaf: and(has(V), has(RWX)) } };

// The shifts collapse, PTRS_PER_P4D and PTRS_PER_PUD stay 512.
const BOOT: FoldSpec = { when: 'boot', style: 'top', entries: 512 };
const MODES = {
  sv39: { satp: 8n, user: 38n, p4d: foldedInto(pud, BOOT), pud: foldedInto(pud, BOOT) },
  sv48: { satp: 9n, user: 47n, p4d: foldedInto(upper, BOOT), pud },
  sv57: { satp: 10n, user: 56n, p4d: upper, pud },
};

/** RISC-V with three, four or five levels, by the helpers of Linux v6.12. Ids: `riscv-sv39`, `-sv48`, `-sv57`. */
export function riscv({ mode }: RiscvOptions): Arch {
  const { satp, user, p4d, pud } = MODES[mode];
  return defineArch({
    id: `riscv-${mode}`,
    pageShift: 12,
    byteOrder: 'little',
    va: { extend: 'sign' },
    root: {
      fields: { ppn: address(43, 0, 12), ASID: bits(59, 44), MODE: bits(63, 60, 'type') },
      tops: { pgd: { base: satp << 60n, limit: 1n << user } },
    },
    levels: { pgd: upper, p4d, pud, pmd, pte },
  });
}
