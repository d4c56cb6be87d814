/** arm, powerpc (book3s/64), sparc64, um: arch/<name>/include/asm/pgtable*.h. */
import { armLpae, armShort, powerpc, powerpcHash, sparc64, um } from '@kernel-mm/arch-generic';
import type { Facts, Row } from './row.ts';

/** pte_access_permitted is arm's own; a pmd has the generic form, which asks no USER. v6.12. */
const LPAE: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0x00c0_0000_0030_0f5fn, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0x0440_0000_0030_0fdfn, 'present young user readable', 0x30_0000n],
  ['pte', 0x0400_0000_0030_0fdfn, 'present young exec user readable', 0x30_0000n],
  ['pte', 0x00c0_0000_0030_071fn, 'present write young dirty'], // no USER
  ['pte', 0x0640_0000_0030_071en, 'present young'], // PROT_NONE
  ['pte', 0x0540_0000_0030_0fdfn, 'present special young user readable', 0x30_0000n],
  ['pte', 0x120cn, 'swap'],
  ['pmd', 0x30_0003n, 'present'],
  ['pmd', 0x00c0_0000_0020_0f5dn, 'present bad leaf write young dirty readable writable', 0x20_0000n],
  ['pmd', 0x0400_0000_0020_071dn, 'present bad leaf young readable', 0x20_0000n],
];

/** The same header, with L_PTE_PRESENT of one bit. No gup_fast. */
const SHORT: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0x30_075fn, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0x30_059fn, 'present young exec user readable', 0x30_0000n],
  ['pte', 0x30_065fn, 'present write young dirty'], // no USER
  ['pte', 0x30_0e9fn, 'present young'], // PROT_NONE
  ['pte', 0x120cn, 'swap'],
  ['pmd', 0x30_0831n, 'present'],
  ['pmd', 0x20_140en, 'present bad leaf readable', 0x20_0000n],
];

/** PRESENT is bit 63, PTE 62, INVALID 61. */
const RADIX: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0x180n, 'none'], // R and C alone
  ['pte', 0xc000_0000_0030_0186n, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0xc000_0000_0030_0105n, 'present young exec user readable', 0x30_0000n],
  ['pte', 0xc000_0000_0030_010en, 'present write young'], // the kernel's
  ['pte', 0xc000_0000_0030_0108n, 'present protnone young'],
  ['pte', 0xc000_0000_0030_0504n, 'present special young user readable', 0x30_0000n],
  ['pte', 0xc000_0000_0030_0304n, 'present softDirty young user readable', 0x30_0000n],
  ['pte', 0xc000_0000_0030_0d04n, 'present special devmap young user readable', 0x30_0000n],
  // As ptep_set_access_flags leaves it for a moment; only a pmd is refused then (pmd_access_permitted, since v5.2).
  ['pte', 0x6000_0000_0030_0186n, 'present write young dirty user readable writable', 0x30_0000n],
  ['pmd', 0x6000_0000_0020_0186n, 'present bad leaf write young dirty user'],
  ['pte', 0x4000_0000_0030_0003n, 'swap'],
  ['pmd', 0x8000_0000_0030_0009n, 'present'],
  ['pmd', 0xc000_0000_0020_0186n, 'present bad leaf write young dirty user readable writable', 0x20_0000n],
  ['pmd', 0xc000_0000_0020_0108n, 'present bad leaf protnone young'],
  ['pmd', 0x4000_0000_0020_0003n, 'bad leaf swap'],
  ['pud', 0x8000_0000_0030_0009n, 'present'],
  ['pud', 0xc000_0000_4000_0186n, 'present bad leaf write young dirty user readable writable', 0x4000_0000n],
  ['pud', 0x6000_0000_4000_0186n, 'bad leaf readable writable'], // pud_present does not count INVALID
];

/** The hashed tree of v6.1: no leaves above pte; the pte's helpers are those of radix. */
const HASH: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0xc000_0000_0030_0186n, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0x6000_0000_0030_0186n, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0xc000_0000_0030_0108n, 'present protnone young'],
  ['pte', 0xc000_0000_0030_0100n, 'present protnone write young user'], // savedwrite, up to v6.1
  ['pte', 0x4000_0000_0030_0003n, 'swap'],
  ['pmd', 0x8000_0000_0030_0000n, 'present'],
  ['pmd', 0xc000_0000_0030_0186n, 'present bad'],
];

/** The header's form for a pte wants P, which no page of a user has; pmd and pud have the generic form. v6.4 and later. */
const SUN4U: readonly Row[] = [
  ['pte', 0x0n, 'none'],
  ['pte', 0x8000_0000_0030_0fb2n, 'present write young dirty user'],
  ['pte', 0x8000_0000_0030_1fb6n, 'present write young dirty exec readable writable', 0x30_0000n],
  ['pte', 0x8000_0000_0030_06b4n, 'present young readable', 0x30_0000n],
  ['pte', 0x8200_0000_0030_0fb6n, 'present special write young dirty'],
  ['pte', 0x0000_0000_0030_04b0n, 'present young user'], // PROT_NONE
  ['pte', 0x20_6000n, 'swap'],
  ['pmd', 0x30_0000n, 'present'],
  ['pmd', 0xe100_0000_0080_0fb2n, 'present bad leaf write young dirty user readable writable', 0x80_0000n],
  ['pmd', 0xe100_0000_0080_06b0n, 'present bad leaf young user readable', 0x80_0000n],
  ['pud', 0x8100_0002_0000_0fb2n, 'present bad leaf write young dirty user readable writable', 0x2_0000_0000n],
];
const SUN4V: readonly Row[] = [
  ['pte', 0xbc00_0000_0030_0650n, 'present write young dirty user'],
  ['pte', 0xbc00_0000_0030_0750n, 'present write young dirty readable writable', 0x30_0000n],
  ['pmd', 0xbd00_0000_0080_0653n, 'present bad leaf write young dirty user readable writable', 0x80_0000n],
];

/** Generic: a page without rights is readable. No gup_fast. */
const UM: readonly Row[] = [
  ['pte', 0x2n, 'none'],
  ['pte', 0x30_01e1n, 'present write young dirty user readable writable', 0x30_0000n],
  ['pte', 0x30_00c1n, 'present young user readable', 0x30_0000n],
  ['pte', 0x30_00b0n, 'present young readable', 0x30_0000n], // PROT_NONE, with the bit of a writable page
  ['pte', 0x1822n, 'swap'],
  ['pmd', 0x30_01e1n, 'present'],
  ['pmd', 0x30_0021n, 'present bad'],
];

/** The other architectures. */
export const OTHERS: readonly Facts[] = [
  { name: 'arm-lpae', arch: armLpae(), rows: LPAE },
  { name: 'arm-short', arch: armShort(), rows: SHORT },
  { name: 'powerpc-radix-4k', arch: powerpc({ page: '4k' }), rows: RADIX },
  { name: 'powerpc-radix-64k', arch: powerpc({ page: '64k' }), rows: RADIX },
  {
    name: 'powerpc-radix-64k v6.1',
    arch: powerpc({ page: '64k', linux: '6.1' }),
    rows: [...RADIX, ['pte', 0xc000_0000_0030_0100n, 'present protnone write young user']], // savedwrite
  },
  { name: 'powerpc-hash-4k', arch: powerpcHash(), rows: HASH },
  { name: 'sparc64', arch: sparc64(), rows: SUN4U },
  { name: 'sparc64-sun4v', arch: sparc64({ cpu: 'sun4v' }), rows: SUN4V },
  ...(['2', '3-64', '3-32', '4'] as const).map((levels): Facts => {
    const arch = um({ levels });
    return { name: arch.id, arch, rows: UM };
  }),
];
