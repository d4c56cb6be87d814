/** arm64 from the registers of EL1: which granule, address size and descriptors, in which state (Arm ARM, TCR_EL1). */
import {
  bitOf,
  bitsOf,
  checkObject,
  checkRegister,
  checkWidths,
  type Setup,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { type Arm64Options, arm64, SIZES } from './arm64.ts';
import { arm64Mmu } from './arm64-mmu.ts';
import { halfOf } from './arm64-stage.ts';
import type { Arm64State } from './arm64-state.ts';
import { type FromRegisters, once } from './from-registers.ts';
import { DEFAULT_LINUX, type LinuxVersion } from './linux.ts';

/** The registers that translation consults. */
export interface Arm64Registers {
  readonly TCR_EL1: bigint;
  readonly TTBR0_EL1: bigint;
  readonly TTBR1_EL1: bigint;
  /** M and WXN. Default: M = 1. */
  readonly SCTLR_EL1?: bigint;
  /** Of PSTATE, or SPSR, only PAN (bit 22) is looked at. Default: 0. */
  readonly PSTATE?: bigint;
}

type Granule = Arm64Options['granule'];
/** By TG0, and by TG1; the other values are reserved. */
const TG0: readonly (Granule | undefined)[] = ['4k', '64k', '16k'];
const TG1: readonly (Granule | undefined)[] = [undefined, '16k', '4k', '64k'];
const mmuOf = once((granule: Granule, va: string, wide: 'wide' | 'narrow', linux: LinuxVersion) => {
  const size = Number(va);
  const more = granule === '64k' ? { lpa: wide === 'wide' } : { lpa2: wide === 'wide' };
  // The size is one of the granule's: the caller has looked it up.
  return arm64Mmu(arm64({ granule, va: size, ...more, linux } as Arm64Options));
});

/**
 * The machine that these registers make. The halves must agree on the granule; of two address sizes the larger one is the
 * definition's. EL0 and the physical address size are in no register here: `more.state` says them.
 * @throws UsageError `argument` for a granule that is reserved or not one, and for a size that no Linux has
 */
export function arm64FromRegisters(registers: Arm64Registers, more: FromRegisters<Arm64State> = {}): Setup<Arm64State> {
  checkObject('registers', registers);
  checkObject('more', more);
  const { TCR_EL1, TTBR0_EL1, TTBR1_EL1, SCTLR_EL1 = 1n, PSTATE = 0n } = registers;
  checkWidths({ TCR_EL1, TTBR0_EL1, TTBR1_EL1, SCTLR_EL1, PSTATE }, 64);
  checkRegister('TCR_EL1', TCR_EL1 !== 0n, 'a register that was set up, not 0');
  const halves = [
    { granule: TG0[bitsOf(TCR_EL1, 15, 14)], size: 64 - bitsOf(TCR_EL1, 5, 0), walked: !bitOf(TCR_EL1, 7) },
    { granule: TG1[bitsOf(TCR_EL1, 31, 30)], size: 64 - bitsOf(TCR_EL1, 21, 16), walked: !bitOf(TCR_EL1, 23) },
  ];
  const used = halves.some(({ walked }) => walked) ? halves.filter(({ walked }) => walked) : halves;
  const granule = used[0]?.granule;
  if (granule === undefined || used.some((half) => half.granule !== granule))
    throw refusal('TG0 and TG1 of one granule, where neither half has its walks disabled');
  const va = Math.max(...used.map(({ size }) => size));
  const wide = granule === '64k' ? bitsOf(TCR_EL1, 34, 32) === 6 : bitOf(TCR_EL1, 59);
  if (!SIZES[granule].includes(va) || (va === 52 && granule !== '64k' && !wide))
    throw refusal(`T0SZ and T1SZ of a size that Linux has with ${granule} pages, not ${va} bits`);
  const mmu = mmuOf(granule, String(va), wide ? 'wide' : 'narrow', more.linux ?? DEFAULT_LINUX);
  const said: Partial<Arm64State> = {
    ...{ tcr: TCR_EL1, mmu: bitOf(SCTLR_EL1, 0), wxn: bitOf(SCTLR_EL1, 19), pan: bitOf(PSTATE, 22) },
  };
  const state = { ...mmu.defaults, ...said, ...more.state };
  return { mmu, state, rootOf: (addr) => (halfOf(addr) ? TTBR1_EL1 : TTBR0_EL1) };
}

const refusal = (expected: string): UsageError => new UsageError('argument', 'TCR_EL1', expected);
