/** Every architecture of this package on one page: its MMU, over a definition that follows a Linux version. */
import type { Mmu } from '@kernel-mm/pgtable-core';
import { armLpae } from './arm-lpae.ts';
import { armLpaeMmu } from './arm-lpae-mmu.ts';
import { armShort } from './arm-short.ts';
import { armShortMmu } from './arm-short-mmu.ts';
import { type Arm64Options, arm64 } from './arm64.ts';
import { arm64Mmu } from './arm64-mmu.ts';
import { DEFAULT_LINUX, type LinuxVersion } from './linux.ts';
import { type PowerpcOptions, powerpc } from './powerpc.ts';
import { powerpcMmu } from './powerpc-mmu.ts';
import { riscv } from './riscv.ts';
import type { RiscvMode } from './riscv-entry.ts';
import { riscvMmu } from './riscv-mmu.ts';
import { sparc64 } from './sparc64.ts';
import { sparc64Mmu } from './sparc64-mmu.ts';
import { type UmOptions, um } from './um.ts';
import { umMmu } from './um-mmu.ts';
import { x86 } from './x86.ts';
import type { Paging } from './x86-entry.ts';
import { x86Mmu } from './x86-mmu.ts';

/** Parts of a machine's state that its kernel's definition follows as well: parameters of the same name. */
export interface StateOfBoth {
  /** x86-64: the C bit of SME and SEV. */
  readonly encMask?: bigint;
  /** 64-bit RISC-V: the attributes of T-Head's cores. */
  readonly thead?: boolean;
  /** 64-bit RISC-V: Svrsw60t59b. */
  readonly svrsw60t59b?: boolean;
}

/** Makes an MMU whose `arch` follows the helpers of this Linux version, on such a machine. */
export type MmuFactory = (linux?: LinuxVersion, state?: StateOfBoth) => Mmu;

const ofX86 =
  (paging: Paging): MmuFactory =>
  (linux = DEFAULT_LINUX, { encMask = 0n } = {}) =>
    x86Mmu(x86({ paging, linux, encMask }));
const ofRiscv =
  (mode: RiscvMode): MmuFactory =>
  (linux = DEFAULT_LINUX, { thead = false, svrsw60t59b = false } = {}) =>
    riscvMmu(riscv({ mode, linux, thead, svrsw60t59b }));
const ofArm64 =
  (options: Arm64Options): MmuFactory =>
  (linux = DEFAULT_LINUX) =>
    arm64Mmu(arm64({ ...options, linux }));
const ofPowerpc =
  (page: PowerpcOptions['page']): MmuFactory =>
  (linux = DEFAULT_LINUX) =>
    powerpcMmu(powerpc({ page, linux }));
const ofUm =
  (levels: UmOptions['levels']): MmuFactory =>
  (linux) =>
    umMmu(um({ levels, ...(linux && { linux }) }));

/**
 * By the ids of the vector format, and a few that are folded as no vector needs it. `powerpcHash` is not among them: the
 * processor does not walk that tree, and gup_fast's ways into it went with v6.10. Who wants it asks for it by name.
 */
export const ARCHITECTURES: Readonly<Record<string, MmuFactory>> = {
  'x86-32': ofX86('2-level'),
  'x86-pae': ofX86('pae'),
  'x86-64': ofX86('4-level'),
  'x86-64-la57': ofX86('5-level'),

  'riscv-sv32': ofRiscv('sv32'),
  'riscv-sv39': ofRiscv('sv39'),
  'riscv-sv48': ofRiscv('sv48'),
  'riscv-sv57': ofRiscv('sv57'),

  'arm64-4k-va39': ofArm64({ granule: '4k', va: 39 }),
  'arm64-4k-va48': ofArm64({ granule: '4k', va: 48 }),
  'arm64-4k-va48-lpa2': ofArm64({ granule: '4k', va: 48, lpa2: true }),
  'arm64-4k-va52-lpa2': ofArm64({ granule: '4k', va: 52 }),
  'arm64-4k-va52-nolpa2': ofArm64({ granule: '4k', va: 52, lpa2: false }),
  'arm64-16k-va36': ofArm64({ granule: '16k', va: 36 }),
  'arm64-16k-va47': ofArm64({ granule: '16k', va: 47 }),
  'arm64-16k-va48': ofArm64({ granule: '16k', va: 48 }),
  'arm64-16k-va48-lpa2': ofArm64({ granule: '16k', va: 48, lpa2: true }),
  'arm64-16k-va52-lpa2': ofArm64({ granule: '16k', va: 52 }),
  'arm64-16k-va52-nolpa2': ofArm64({ granule: '16k', va: 52, lpa2: false }),
  'arm64-64k-va42': ofArm64({ granule: '64k', va: 42 }),
  'arm64-64k-va42-lpa': ofArm64({ granule: '64k', va: 42, lpa: true }),
  'arm64-64k-va48': ofArm64({ granule: '64k', va: 48 }),
  'arm64-64k-va48-lpa': ofArm64({ granule: '64k', va: 48, lpa: true }),
  'arm64-64k-va52': ofArm64({ granule: '64k', va: 52 }),
  'arm64-64k-va52-lpa': ofArm64({ granule: '64k', va: 52, lpa: true }),

  'arm-short': () => armShortMmu(armShort()),
  'arm-lpae': () => armLpaeMmu(armLpae()),

  'powerpc-radix-4k': ofPowerpc('4k'),
  'powerpc-radix-64k': ofPowerpc('64k'),

  sparc64: () => sparc64Mmu(sparc64()),
  'um-2level': ofUm('2'),
  'um-3level-64': ofUm('3-64'),
  'um-3level-32': ofUm('3-32'),
  'um-4level-64': ofUm('4'),
};
