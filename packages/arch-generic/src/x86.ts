/** x86 with two to five levels. A 64-bit kernel with five levels built in folds p4d when it boots without LA57. */
import {
  type Arch,
  type ArchSpec,
  address,
  bits,
  checkObject,
  checkOneOf,
  defineArch,
  flag,
  type LevelSpec,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { checkLinux, DEFAULT_LINUX, type LinuxVersion, since } from './linux.ts';
import { foldedInto, nopmd, nopud } from './nop.ts';
import { frame, is64, leaf, type Paging, pdpte, table, type X86Kernel } from './x86-entry.ts';
import {
  changes,
  p4dReading,
  pgdReading,
  pmdReading,
  pteReading,
  pudReading,
  pudTableReading,
  swap,
} from './x86-linux.ts';

/** Parameters of {@link x86}. */
export interface X86Options {
  /**
   * `2-level` and `pae`: 32-bit kernels. `4-level`: 48-bit addresses. `5-level`: 57-bit (CR4.LA57). Ids: `x86-32`,
   * `x86-pae`, `x86-64`, `x86-64-la57`.
   */
  readonly paging: Paging;
  /**
   * With four levels: was p4d folded when the kernel was built, or when it booted? Default: `boot`. Since v6.17 five levels
   * are always built in, and `build` is refused.
   */
  readonly fold?: 'build' | 'boot';
  /** The kernel whose helpers are followed, from v4.19 on; {@link DEFAULT_LINUX} unless said otherwise. */
  readonly linux?: LinuxVersion;
  /**
   * sme_me_mask of a 64-bit kernel under SME or SEV: the C bit, one of bits 32 to 51 (CPUID 0x8000001f, EBX[5:0]). The
   * kernel takes it out of PTE_PFN_MASK, sets it in what it makes, and finds a table without it bad. Default: none, 0.
   * The MMU has a state of the same name.
   */
  readonly encMask?: bigint;
}

/**
 * x86, by the helpers of a Linux version.
 * @throws UsageError `argument` for options of another kind, and for a fold or a C bit that no such kernel has
 */
export function x86(options: X86Options): Arch {
  checkObject('options', options);
  const { paging, fold = 'boot', linux = DEFAULT_LINUX, encMask = 0n } = options;
  checkOneOf('paging', paging, Object.keys(PAGINGS));
  checkOneOf('fold', fold, ['build', 'boot']);
  checkLinux(linux);
  const kernel: X86Kernel = { paging, linux, encMask };
  if (paging === '4-level' && fold === 'build' && since(linux, '6.17'))
    throw new UsageError('argument', 'fold', 'boot: since v6.17 five levels are always built in');
  if (encMask !== 0n && !(is64(kernel) && C_BITS.includes(encMask)))
    throw new UsageError('argument', 'encMask', 'one of bits 32 to 51, with four or five levels');
  return defineArch({ pageShift: 12, byteOrder: 'little', ...PAGINGS[paging](kernel, fold) });
}

const C_BITS = Array.from({ length: 20 }, (_, n) => 1n << BigInt(32 + n));

type Part = Omit<ArchSpec, 'pageShift' | 'byteOrder'>;

const PAGINGS: Readonly<Record<Paging, (kernel: X86Kernel, fold: 'build' | 'boot') => Part>> = {
  '2-level': (kernel) => ({
    id: 'x86-32',
    entryBytes: 4,
    ...below4GiB(12),
    levels: nopmd({ pgd: { ...pmd(kernel), bits: 10 }, pte: { ...pte(kernel), bits: 10 } }),
  }),
  pae: (kernel) => ({
    id: 'x86-pae',
    entryRead: 'low-high-low',
    ...below4GiB(5),
    levels: nopud({ pgd: { bits: 2, table: pdpte, is: pudTableReading(kernel) }, pmd: pmd(kernel), pte: pte(kernel) }),
  }),
  '4-level': (kernel, fold) => ({
    id: 'x86-64',
    ...halves(kernel, 47n),
    levels: { ...lower(kernel), p4d: foldedInto(lower(kernel).p4d, { when: fold, style: 'top' }) },
  }),
  '5-level': (kernel) => ({ id: 'x86-64-la57', ...halves(kernel, 56n), levels: lower(kernel) }),
};

/** CR3 of a 32-bit kernel. Nothing but TASK_SIZE limits a lockless walk: 3 GiB, as kernels are configured by default. */
const below4GiB = (low: number): Pick<Part, 'va' | 'root' | 'gupFastPermitted'> => ({
  gupFastPermitted: false,
  va: { extend: 'zero' },
  root: {
    fields: { origin: address(31, low), PWT: flag(3), PCD: flag(4) },
    tops: { pgd: { base: 0n, limit: 0xc000_0000n } },
  },
});

/** CR3 of a 64-bit kernel. gup_fast_permitted: no bit of `end` above the user half. */
const halves = (kernel: X86Kernel, user: bigint): Pick<Part, 'va' | 'root'> => ({
  va: { extend: 'sign' },
  root: {
    fields: { ...frame(kernel, 12, 'origin'), PCID: bits(11, 0) },
    tops: { pgd: { base: 0n, limit: (1n << user) - 0x1000n } },
  },
});

const pte = (kernel: X86Kernel): LevelSpec => ({
  ...{ bits: 9, leaf: leaf(kernel, 12), is: pteReading(kernel), mk: changes(kernel, 'pte'), swap: swap(kernel, 'pte') },
});

const pmd = (kernel: X86Kernel): LevelSpec => ({
  ...{ bits: 9, table: table(kernel), leaf: leaf(kernel, kernel.paging === '2-level' ? 22 : 21) },
  ...{ is: pmdReading(kernel), mk: changes(kernel, 'pmd') },
  ...(is64(kernel) && { swap: swap(kernel, 'pmd') }),
});

/** All five levels of a 64-bit kernel. */
const lower = (kernel: X86Kernel): ArchSpec['levels'] => ({
  pgd: { bits: 9, table: table(kernel), is: pgdReading(kernel) },
  p4d: { bits: 9, table: table(kernel), is: p4dReading(kernel) },
  pud: {
    ...{ bits: 9, table: table(kernel), leaf: leaf(kernel, 30) },
    ...{ is: pudReading(kernel), mk: changes(kernel, 'pud'), swap: swap(kernel, 'pud') },
  },
  pmd: pmd(kernel),
  pte: pte(kernel),
});
