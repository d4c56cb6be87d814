/** 32-bit arm from its system control registers: short or long descriptors, in which state (ARMv7 ARM, B4.1). */
import { bitOf, checkObject, checkRegister, checkWidths, type Setup } from '@kernel-mm/pgtable-core';
import { armLpae } from './arm-lpae.ts';
import { type ArmLpaeState, armLpaeMmu, ofTtbr1Long } from './arm-lpae-mmu.ts';
import { armShort } from './arm-short.ts';
import { armShortMmu, ofTtbr1 } from './arm-short-mmu.ts';
import type { ArmShortState } from './arm-short-state.ts';
import { type FromRegisters, once } from './from-registers.ts';

/** The registers that translation consults. */
export interface ArmRegisters {
  /** EAE (bit 31) says which descriptors they are. 0 before ARMv6. */
  readonly ttbcr: bigint;
  readonly ttbr0: bigint;
  /** Default: 0. */
  readonly ttbr1?: bigint;
  readonly sctlr: bigint;
  /** With short descriptors. Default: every domain is a client of its entries. */
  readonly dacr?: bigint;
}

const short = once(() => armShortMmu(armShort()));
const long = once(() => armLpaeMmu(armLpae()));

/** Whether TTBCR.EAE says long descriptors: then {@link armLpaeFromRegisters} reads these registers. */
export const isLpae = ({ ttbcr }: Pick<ArmRegisters, 'ttbcr'>): boolean => bitOf(ttbcr, 31);

/**
 * The machine of short descriptors that these registers make. SCTLR.XP = 0 means subpages, as up to ARMv6; from ARMv8.1 on
 * the bit is another (SPAN), and `more.state` must say `subpages: false`. It also says the privilege, PXN and PAN.
 * @throws UsageError `argument` where TTBCR.EAE is 1, or a register has more than its bits
 */
export function armShortFromRegisters(
  registers: ArmRegisters,
  more: Pick<FromRegisters<ArmShortState>, 'state'> = {},
): Setup<ArmShortState> {
  checkObject('registers', registers);
  checkObject('more', more);
  const { ttbcr, ttbr0, ttbr1 = 0n, sctlr, dacr = 0x5555_5555n } = registers;
  checkWidths({ ttbcr, ttbr0, ttbr1, sctlr, dacr }, 32);
  checkRegister('ttbcr', !isLpae(registers), 'EAE = 0: short descriptors');
  const mmu = short();
  const state: ArmShortState = {
    ...{ ...mmu.defaults, ttbcr, dacr, mmu: bitOf(sctlr, 0), afe: bitOf(sctlr, 29), subpages: !bitOf(sctlr, 23) },
    ...{ systemProtection: bitOf(sctlr, 8), romProtection: bitOf(sctlr, 9), ...more.state },
  };
  return { mmu, state, rootOf: (addr) => (ofTtbr1(ttbcr, addr) ? ttbr1 : ttbr0) };
}

/**
 * The machine of long descriptors that these registers make; `more.state` says the privilege, PAN, and whether it is ARMv8.
 * @throws UsageError `argument` where TTBCR.EAE is 0, or a register has more than its bits
 */
export function armLpaeFromRegisters(
  registers: ArmRegisters,
  more: Pick<FromRegisters<ArmLpaeState>, 'state'> = {},
): Setup<ArmLpaeState> {
  checkObject('registers', registers);
  checkObject('more', more);
  const { ttbcr, ttbr0, ttbr1 = 0n, sctlr } = registers;
  checkWidths({ ttbcr, sctlr }, 32);
  checkWidths({ ttbr0, ttbr1 }, 64);
  checkRegister('ttbcr', isLpae(registers), 'EAE = 1: long descriptors');
  const mmu = long();
  const state: ArmLpaeState = {
    ...{ ...mmu.defaults, ttbcr, mmu: bitOf(sctlr, 0), wxn: bitOf(sctlr, 19), ...more.state },
  };
  return { mmu, state, rootOf: (addr) => (ofTtbr1Long(ttbcr, addr) ? ttbr1 : ttbr0) };
}
