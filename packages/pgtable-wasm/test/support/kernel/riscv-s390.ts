/** riscv and s390, which have the generic form of access: arch/<name>/include/asm/pgtable*.h. */
import { type LinuxVersion, type RiscvMode, riscv } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import type { Facts, Row } from './row.ts';

/** Of every mode since v5.17. The frame number begins at bit 10. PROT_NONE is G, and readable: the form is the generic one. */
const RISCV: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0xc_00d7n, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0xc_005bn, 'present young exec user readable', 0x30_0000n],
  ['pte', 0xc_0043n, 'present young readable', 0x30_0000n], // the kernel's page: no USER is asked
  ['pte', 0xc_0062n, 'present protnone young readable', 0x30_0000n],
  ['pte', 0xc_00d5n, 'present write young dirty user readable writable', 0x30_0000n], // W alone: a shadow stack
  ['pte', 0xc_0153n, 'present special young user readable', 0x30_0000n],
  ['pte', 0x12_3180n, 'swap'],
  ['pmd', 0xc_0001n, 'present'],
];
/** What Sv32 maps by a pmd is 4 MiB. */
const SV32: readonly Row[] = [
  ['pmd', 0x10_00d7n, 'present bad leaf write young dirty user readable writable', 0x40_0000n],
];
const huge: readonly Row[] = [
  ['pmd', 0x8_00d7n, 'present bad leaf write young dirty user readable writable', 0x20_0000n],
  ['pmd', 0x8_0062n, 'present bad leaf protnone young readable', 0x20_0000n],
  ['pmd', 0x8_00d6n, 'present bad leaf write young dirty user readable writable', 0x20_0000n], // under split
  ['pud', 0xc_0001n, 'present'],
  ['pud', 0x1000_0053n, 'present leaf young user readable', 0x4000_0000n],
];
const at = (mode: RiscvMode, linux?: LinuxVersion) => riscv({ mode, ...(linux && { linux }) });

/** Software bits and offsets are the same in both layouts of a pte: pgtable.h of v6.1 and v6.14. */
const S390_PTE: readonly Row[] = [
  ['pte', 0x400n, 'none'],
  ['pte', 0x30_003dn, 'present write young dirty exec user readable writable', 0x30_0000n],
  ['pte', 0x30_0315n, 'present young user readable', 0x30_0000n],
  ['pte', 0x30_0611n, 'present exec user readable', 0x30_0000n], // old: invalid for the machine
  ['pte', 0x30_0605n, 'present protnone young exec user readable', 0x30_0000n],
  ['pte', 0x30_0255n, 'present special young exec user readable', 0x30_0000n],
  ['pte', 0x30_0217n, 'present softDirty young exec user readable', 0x30_0000n],
  ['pte', 0x30_0600n, 'swap'],
];

/** riscv and s390. */
export const GENERIC: readonly Facts[] = [
  { name: 'riscv-sv32', arch: at('sv32'), rows: [...RISCV, ...SV32] },
  ...(['sv39', 'sv48', 'sv57'] as const).map((mode) => ({
    ...{ name: `riscv-${mode}`, arch: at(mode) },
    rows: [...RISCV, ...huge, ['pte', 0xc_0253n, 'present devmap young user readable', 0x30_0000n] as const],
  })),
  {
    name: 'riscv-sv48 v6.10',
    arch: at('sv48', '6.10'),
    rows: [...RISCV, ...huge, ['pte', 0xc_0253n, 'present young user readable', 0x30_0000n]],
  },
  {
    name: 'riscv-sv48 v6.16',
    arch: at('sv48', '6.16'),
    rows: [
      ['pmd', 0x8_0153n, 'present special bad leaf young user readable', 0x20_0000n],
      ['pud', 0x1000_0053n, 'present bad leaf young user readable', 0x4000_0000n], // THP of that size
    ],
  },
  {
    name: 'riscv-sv39, T-Head',
    arch: riscv({ mode: 'sv39', thead: true }),
    rows: [
      ...RISCV,
      ...huge,
      ['pte', 0x7000_0000_000c_00d7n, 'present write young dirty user readable writable', 0x30_0000n],
      ['pte', 0x9000_0000_000c_00d7n, 'present write young dirty user readable writable', 0x30_0000n], // no NAPOT
    ],
  },
  {
    name: 'riscv-sv39 v7.0, Svrsw60t59b',
    arch: riscv({ mode: 'sv39', linux: '7.0', svrsw60t59b: true }),
    rows: [
      ['pte', 0x0800_0000_000c_00d7n, 'present softDirty write young dirty user readable writable', 0x30_0000n],
      ['pte', 0x1000_0000_000c_00d3n, 'present young dirty user readable', 0x30_0000n], // uffd-wp
      ['pte', 0x12_3188n, 'swap'], // soft-dirty of a swapped page
      ['pmd', 0x0800_0000_0008_0053n, 'present softDirty bad leaf young user readable', 0x20_0000n],
    ],
  },
  {
    name: 's390',
    arch: s390(),
    rows: [
      ...S390_PTE,
      ['pmd', 0x20n, 'none'],
      ['pmd', 0x30_0000n, 'present'],
      ['pmd', 0x20_3403n, 'present bad leaf write young dirty exec user readable writable', 0x20_0000n],
      ['pmd', 0x20_7601n, 'present bad leaf young dirty softDirty exec user readable', 0x20_0000n],
      ['pmd', 0x20_0620n, 'present bad leaf protnone exec user readable', 0x20_0000n],
      ['pud', 0x24n, 'none'],
      ['pud', 0x8000_3407n, 'present bad leaf write young dirty exec user readable writable', 0x8000_0000n],
    ],
  },
  {
    name: 's390, new layout',
    arch: s390({ layout: 'present' }),
    rows: [
      ...S390_PTE,
      ['pmd', 0x30_0001n, 'present'],
      ['pmd', 0x20_f401n, 'present bad leaf write young dirty exec user readable writable', 0x20_0000n],
      ['pmd', 0x20_5603n, 'present bad leaf young softDirty exec user readable', 0x20_0000n],
      ['pud', 0x8000_f405n, 'present bad leaf write young dirty exec user readable writable', 0x8000_0000n],
    ],
  },
];
