/** RISC-V Sv32 to Sv57. One 64-bit kernel image folds p4d and pud at boot, by the mode that the machine takes. */
import {
  type Arch,
  type ArchSpec,
  address,
  bits,
  checkFlags,
  checkObject,
  checkOneOf,
  defineArch,
  type LevelSpec,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { checkLinux, DEFAULT_LINUX, isFixed, type LinuxVersion, since } from './linux.ts';
import { foldedInto, nopmd, nopud } from './nop.ts';
import { leaf, pteLeaf, type RiscvKernel, type RiscvMode, table } from './riscv-entry.ts';
import { changes, pmdReading, pteReading, pudReading, swap, upperReading } from './riscv-linux.ts';

/** Parameters of {@link riscv}. */
export interface RiscvOptions {
  /** The mode of satp. Ids: `riscv-sv32`, `riscv-sv39`, `riscv-sv48`, `riscv-sv57`. */
  readonly mode: RiscvMode;
  /** The kernel whose helpers are followed, from v5.9 on; {@link DEFAULT_LINUX} unless said otherwise. */
  readonly linux?: LinuxVersion;
  /**
   * T-Head's C906, C910, C920 (errata of the kernel since v5.19): bits 63:59 of a page are memory attributes, and there is
   * neither Svpbmt nor Svnapot. 64-bit only. Default: `false`. The MMU has a state of the same name.
   */
  readonly thead?: boolean;
  /**
   * Svrsw60t59b: bits 60 and 59 are software's, and Linux notes uffd-wp and soft-dirty there. 64-bit, from v7.0 on, and not
   * with `thead`. Default: `false`.
   */
  readonly svrsw60t59b?: boolean;
}

/**
 * RISC-V, by the helpers of a Linux version.
 * @throws UsageError `argument` for options of another kind, and for an extension that such a kernel or machine has not
 */
export function riscv(options: RiscvOptions): Arch {
  checkObject('options', options);
  const { mode, linux = DEFAULT_LINUX, thead = false, svrsw60t59b = false } = options;
  checkOneOf('mode', mode, Object.keys(MODES));
  checkLinux(linux);
  checkFlags(options, 'thead', 'svrsw60t59b');
  if (thead && (mode === 'sv32' || !since(linux, '5.19')))
    throw new UsageError('argument', 'thead', 'a 64-bit kernel of v5.19 or later');
  if (svrsw60t59b && (mode === 'sv32' || thead || !since(linux, '7.0')))
    throw new UsageError('argument', 'svrsw60t59b', 'a 64-bit kernel of v7.0 or later, without thead');
  const kernel: RiscvKernel = { mode, linux, thead, svrsw60t59b };
  const { satp, userEnd } = MODES[mode];
  return defineArch({
    id: `riscv-${mode}`,
    pageShift: 12,
    byteOrder: 'little',
    ...(mode === 'sv32' && { entryBytes: 4 }),
    ...(!since(linux, '6.8') && { fastGup: false }),
    gupFastPermitted: false,
    va: { extend: mode === 'sv32' ? 'zero' : 'sign' },
    root: {
      fields: mode === 'sv32' ? SATP32 : SATP64,
      tops: { pgd: { base: satp, limit: userEnd } },
      ...(mode !== 'sv32' && saysLongMax(linux) && { taskSizeMax: LONG_MAX }),
    },
    levels: levels(kernel),
  });
}

const LONG_MAX = (1n << 63n) - 1n;

/**
 * CVE-2025-38434: asm/pgtable.h of 64-bit kernels from v6.10 to v6.15 has LONG_MAX for TASK_SIZE_MAX, for the sake of
 * access_ok. gup_fast then walks any address of the positive half, and the index of the top table drops its upper bits.
 */
const saysLongMax = (linux: LinuxVersion): boolean =>
  since(linux, '6.10') && !isFixed(linux, '6.16', ['6.12.36', '6.15.5']);

const SATP32 = { ppn: address(21, 0, 12), ASID: bits(30, 22), MODE: bits(31, 31, 'type') };
const SATP64 = { ppn: address(43, 0, 12), ASID: bits(59, 44), MODE: bits(63, 60, 'type') };

/** MODE of satp, and TASK_SIZE (32-bit: below the fixmap). */
const MODES = {
  sv32: { satp: 1n << 31n, userEnd: 0x9c80_0000n },
  sv39: { satp: 8n << 60n, userEnd: 1n << 38n },
  sv48: { satp: 9n << 60n, userEnd: 1n << 47n },
  sv57: { satp: 10n << 60n, userEnd: 1n << 56n },
};

/** The shifts of folded levels collapse, PTRS_PER_P4D and PTRS_PER_PUD stay 512. */
const BOOT = { when: 'boot', style: 'top', entries: 512 } as const;

function levels(kernel: RiscvKernel): ArchSpec['levels'] {
  const { mode, linux } = kernel;
  const pte: LevelSpec = {
    ...{ bits: 9, leaf: pteLeaf(kernel), is: pteReading(kernel), mk: changes(kernel, 'pte') },
    swap: swap(kernel, 'pte'),
  };
  const large = (level: 'pud' | 'pmd', is: LevelSpec['is']): LevelSpec => ({
    ...{ bits: 9, table: table(kernel), leaf: leaf(kernel), is, mk: changes(kernel, level) },
    // Until then the swap type lay on W and X, which say present here: a pmd could not be migrated.
    ...(mode !== 'sv32' && since(linux, '5.17') && { swap: swap(kernel, level) }),
  });
  const pmd = large('pmd', pmdReading(kernel));
  if (mode === 'sv32') return nopmd({ pgd: { ...pmd, bits: 10 }, pte: { ...pte, bits: 10 } });

  const upper: LevelSpec = { bits: 9, table: table(kernel), is: upperReading };
  const pud = large('pud', pudReading(kernel));
  // Until v5.17 Sv39 was the only mode, folded when the kernel was built.
  if (mode === 'sv39' && !since(linux, '5.17')) return nopud({ pgd: pud, pmd, pte });
  if (mode === 'sv39') return { pgd: upper, p4d: foldedInto(pud, BOOT), pud: foldedInto(pud, BOOT), pmd, pte };
  return { pgd: upper, p4d: mode === 'sv48' ? foldedInto(upper, BOOT) : upper, pud, pmd, pte };
}
