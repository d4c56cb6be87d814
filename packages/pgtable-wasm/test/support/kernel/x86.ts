/** arch/x86/include/asm/pgtable.h, pgtable_types.h, pgtable-2level.h, pgtable-3level.h. */
import { type LinuxVersion, x86 } from '@kernel-mm/arch-generic';
import type { Facts, Row } from './row.ts';

/** Of every version, 64-bit. An entry without P has its frame inverted. */
const LONG: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0x60n, 'none'], // the erratum's A and D
  ['pte', 0x8000_0000_0030_0067n, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0x30_0025n, 'present young exec user readable', 0x30_0000n],
  ['pte', 0x30_0063n, 'present write young dirty exec'], // the kernel's page
  ['pte', 0x30_0065n, 'present young dirty exec user readable', 0x30_0000n], // a shadow stack, since v6.6
  ['pte', 0x000f_ffff_ffcf_f120n, 'present protnone young exec'],
  ['pte', 0x30_0225n, 'present special young exec user readable', 0x30_0000n],
  ['pte', 0x30_0825n, 'present softDirty young exec user readable', 0x30_0000n],
  ['pte', 0x7ff_ffff_fffb_fe0an, 'swap'],
  ['pmd', 0x30_0067n, 'present'],
  ['pmd', 0x20_00e7n, 'present bad leaf write young dirty exec user readable writable', 0x20_0000n],
  ['pmd', 0x000f_ffff_ffdf_f1a0n, 'present bad leaf protnone young exec'],
  ['pmd', 0x000f_ffff_ffdf_f0e6n, 'present bad leaf write young dirty exec user'], // a THP that is being split
  ['pmd', 0x7ff_ffff_fffb_fe00n, 'bad swap'],
  ['pud', 0x30_0067n, 'present'],
  ['pud', 0x4000_00a5n, 'present bad leaf young exec user readable', 0x4000_0000n],
  ['p4d', 0x30_0067n, 'present'],
  ['p4d', 0x30_00e7n, 'present bad'], // no page is so large
];

const at = (linux: LinuxVersion): ReturnType<typeof x86> => x86({ paging: '4-level', linux });
const C = 1n << 51n;
const SAVED = 0x0400_0000_0030_0025n;
const DEVICE = 0x0200_0000_0030_0225n;

/** Of 32-bit kernels, as of v6.12. */
const NARROW: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0x30_0067n, 'present write young dirty exec user readable writable', 0x30_0000n],
  ['pte', 0x30_0025n, 'present young exec user readable', 0x30_0000n],
  ['pte', 0x30_0021n, 'present young exec'],
  ['pte', 0x30_0225n, 'present special young exec user readable', 0x30_0000n],
  ['pte', 0x30_0425n, 'present dirty young exec user readable', 0x30_0000n], // saved dirty
  ['pmd', 0x30_0067n, 'present'],
  ['pmd', 0x40_00e7n, 'present bad leaf write young dirty exec user readable writable', 0x40_0000n],
];

/** x86. */
export const X86: readonly Facts[] = [
  { name: 'x86-64', arch: at('6.12'), rows: LONG },
  { name: 'x86-64-la57', arch: x86({ paging: '5-level' }), rows: [...LONG, ['pgd', 0x30_0067n, 'present']] },
  {
    name: 'x86-64 v6.5',
    arch: at('6.5'),
    rows: [...LONG, ['pte', SAVED, 'present devmap young exec user readable', 0x30_0000n]], // bit 58 is devmap's still
  },
  {
    name: 'x86-64 v6.11',
    arch: at('6.11'),
    rows: [
      ['pte', SAVED, 'present young dirty exec user readable', 0x30_0000n],
      ['pte', DEVICE, 'present special devmap young exec user readable', 0x30_0000n],
      ['pmd', 0x20_02e7n, 'present bad leaf write young dirty exec user readable writable', 0x20_0000n],
      ['pud', 0x4000_00e6n, 'bad'], // P counts
    ],
  },
  {
    name: 'x86-64 v6.12',
    arch: at('6.12'),
    rows: [
      ['pmd', 0x20_02e7n, 'present special bad leaf write young dirty exec user readable writable', 0x20_0000n],
      ['pud', 0x4000_00e6n, 'bad leaf'],
    ],
  },
  {
    name: 'x86-64 v6.17',
    arch: at('6.17'),
    rows: [['pte', DEVICE, 'present special young exec user readable', 0x30_0000n]],
  },
  {
    // sme_me_mask is no part of PTE_PFN_MASK, and _KERNPG_TABLE has it.
    name: 'x86-64, C bit 51',
    arch: x86({ paging: '4-level', encMask: C }),
    rows: [
      ['pte', C | 0x30_0067n, 'present write young dirty exec user readable writable', 0x30_0000n],
      ['pte', 0x30_0067n, 'present write young dirty exec user readable writable', 0x30_0000n], // shared with the host
      ['pte', 0x000f_ffff_ffcf_f120n, 'present protnone young exec'],
      ['pmd', C | 0x20_00e7n, 'present bad leaf write young dirty exec user readable writable', 0x20_0000n],
      ['pmd', C | 0x30_0067n, 'present'],
      ['pmd', 0x30_0067n, 'present bad'],
      ['pud', C | 0x4000_00a5n, 'present bad leaf young exec user readable', 0x4000_0000n],
    ],
  },
  {
    name: 'x86-32',
    arch: x86({ paging: '2-level' }),
    rows: [...NARROW, ['pte', 0x30_0120n, 'present protnone young exec'], ['pte', 0x2406n, 'swap']],
  },
  {
    name: 'x86-pae',
    arch: x86({ paging: 'pae' }),
    rows: [
      ...NARROW,
      ['pte', 0x8000_0001_0030_0025n, 'present young user readable', 0x1_0030_0000n],
      ['pte', 0x000f_ffff_ffcf_f120n, 'present protnone young exec'],
      ['pte', 0x7ff_ffff_fffb_fe00n, 'swap'],
    ],
  },
];
