/** arch/arm64/include/asm/pgtable.h and pgtable-hwdef.h, arch/arm64/mm/hugetlbpage.c. */
import { type Arm64Options, arm64, type LinuxVersion } from '@kernel-mm/arch-generic';
import type { Facts, Row } from './row.ts';

// PXN and UXN; WRITE (DBM); SPECIAL; DEVMAP.
const [XN, WRITE, SPECIAL, DEVMAP] = [0x60n << 48n, 1n << 51n, 1n << 56n, 1n << 57n];
const BIT_58 = 1n << 58n;

/** The same in every version and for every granule: `block` is what a pmd maps. `shared`: bits 9:8 are SH, and no address. */
function everywhere(block: bigint, shared: bigint): readonly Row[] {
  const page = 0x30_0000n;
  return [
    ['pte', 0x0n, 'none'],
    ['pte', page | XN | WRITE | shared | 0xc43n, 'present write young dirty user readable writable', page],
    ['pte', page | XN | WRITE | shared | 0xcc3n, 'present write young user readable writable', page], // clean
    ['pte', page | shared | 0xcc3n, 'present young exec user readable', page],
    ['pte', page | XN | WRITE | shared | 0xc03n, 'present write young dirty'], // the kernel's page
    ['pte', page | XN | SPECIAL | shared | 0xcc3n, 'present special young user readable', page],
    ['pmd', 0x30_0003n, 'present'],
    ['pmd', block | XN | WRITE | shared | 0xc41n, 'present bad leaf write young dirty user readable writable', block],
    ['pmd', block | XN | shared | 0xcc1n, 'present bad leaf young user readable', block],
  ];
}

/** PROT_NONE, splits and swap entries since v6.11. */
const since611 = (block: bigint): readonly Row[] => [
  ['pte', 0x30_0000n | XN | 0xc82n, 'present protnone young'],
  ['pmd', block | XN | 0xc80n, 'present bad leaf protnone young'],
  ['pmd', block | XN | 0xcc0n, 'present bad leaf young user'], // a THP that is being split
  ['pte', 0x12_3456_70c0n, 'swap'],
];

/** Before: bit 58, and bit 59 for a split. */
const before611: readonly Row[] = [
  ['pte', 0x30_0000n | BIT_58 | XN | 0xf82n, 'present protnone young'],
  ['pmd', 0x460_0000_0020_0f80n, 'present bad leaf protnone young'], // it went down into the page before v5.18
  ['pud', 0x460_0000_4000_0f80n, 'present bad leaf protnone young'],
];

const SIZES = { '4k': 0x20_0000n, '16k': 0x200_0000n, '64k': 0x2000_0000n } as const;
const GRANULES: readonly Arm64Options[] = [
  ...([39, 48] as const).map((va) => ({ granule: '4k', va }) as const),
  ...([true, false] as const).map((lpa2) => ({ granule: '4k', va: 52, lpa2 }) as const),
  { granule: '4k', va: 48, lpa2: true },
  ...([36, 47, 48] as const).map((va) => ({ granule: '16k', va }) as const),
  ...([true, false] as const).map((lpa2) => ({ granule: '16k', va: 52, lpa2 }) as const),
  { granule: '16k', va: 48, lpa2: true },
  ...([42, 48, 52] as const).flatMap((va) => [
    { granule: '64k', va } as const,
    { granule: '64k', va, lpa: true } as const,
  ]),
];

/** 52-bit addresses: bits 9:8 of LPA2 are 51:50, bits 15:12 of LPA are 51:48. */
function high(id: string): readonly Row[] {
  if (id.endsWith('-lpa2'))
    return [['pte', 0x30_0000n | 0xdc3n, 'present young exec user readable', 0x4_0000_0030_0000n]];
  if (id.endsWith('-lpa'))
    return [['pte', 0x30_0000n | 0x1fc3n, 'present young exec user readable', 0x1_0000_0030_0000n]];
  return [];
}

const GIB: readonly Row[] = [
  ['pud', 0x30_0003n, 'present'],
  ['pud', 0x4000_0000n | XN | 0xcc1n, 'present bad leaf young user readable', 0x4000_0000n],
];
/** pud_leaf reads the bits but with 64 KiB pages, or where a pmd is the top table. */
function puds({ granule, va }: Arm64Options): readonly Row[] {
  if (granule === '4k') return GIB;
  const raw = 0x20_0000_0000n | XN | 0xcc1n;
  if (granule === '16k' && va > 36) return [['pud', raw, 'present bad leaf young user readable', 0x20_0000_0000n]];
  return va === 36 || va === 42 ? [] : [['pud', raw, 'present bad']];
}
const old = (linux: LinuxVersion, rows: readonly Row[]): Facts => ({
  ...{ name: `arm64-4k-va48 v${linux}`, arch: arm64({ granule: '4k', va: 48, linux }) },
  rows: [...everywhere(SIZES['4k'], 0x300n), ...GIB, ...rows],
});

/** arm64. */
export const ARM64: readonly Facts[] = [
  ...GRANULES.map((options): Facts => {
    const arch = arm64(options);
    const block = SIZES[options.granule];
    const shared = arch.id.endsWith('-lpa2') ? 0n : 0x300n;
    const rows = [...everywhere(block, shared), ...since611(block), ...high(arch.id), ...puds(options)];
    return { name: arch.id, arch, rows };
  }),
  old('5.9', [...before611, ['pmd', 0x2n, 'swap']]),
  old('5.10', [...before611, ['pmd', 0x2n, 'swap']]),
  old('5.17', [...before611, ['pmd', 0x20_0000n | (1n << 59n) | XN | 0xf80n, 'present bad leaf young']]),
  old('5.18', [...before611, ['pmd', 0x2n, 'bad swap']]),
  old('6.10', [
    ...before611,
    ['pte', 0x30_0000n | DEVMAP | SPECIAL | XN | 0xfc3n, 'present special devmap young user readable', 0x30_0000n],
    ['pte', 0x1_2345_6718n, 'swap'],
  ]),
  old('6.12', [
    ['pmd', 0x20_0000n | SPECIAL | XN | 0xfc1n, 'present special bad leaf young user readable', 0x20_0000n],
  ]),
  old('6.17', [
    ['pte', 0x30_0000n | DEVMAP | SPECIAL | XN | 0xfc3n, 'present special young user readable', 0x30_0000n],
  ]),
];
