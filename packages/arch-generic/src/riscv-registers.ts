/** RISC-V from its supervisor registers: which mode of satp, in which state (Privileged architecture, 12.1, and Ssnpm). */
import { bitOf, bitsOf, checkObject, checkRegister, checkWidths, type Setup } from '@kernel-mm/pgtable-core';
import { type FromRegisters, once } from './from-registers.ts';
import { DEFAULT_LINUX, type LinuxVersion } from './linux.ts';
import { riscv } from './riscv.ts';
import type { RiscvMode } from './riscv-entry.ts';
import { riscvMmu } from './riscv-mmu.ts';
import type { RiscvState } from './riscv-state.ts';

/** The registers that translation consults. */
export interface RiscvRegisters {
  readonly satp: bigint;
  /** SUM and MXR; mstatus has them at the same places. Default: 0. */
  readonly sstatus?: bigint;
  /** ADUE, PBMTE, and PMM of S-mode. Default: 0. */
  readonly menvcfg?: bigint;
  /** PMM of U-mode. Default: 0. */
  readonly senvcfg?: bigint;
  /** SXLEN. Default: 64. */
  readonly xlen?: 32 | 64;
}

type Extra = 'thead' | 'svrsw60t59b' | '';
const mmuOf = once((mode: RiscvMode, linux: LinuxVersion, thead: Extra, svrsw60t59b: Extra) =>
  riscvMmu(riscv({ mode, linux, thead: thead !== '', svrsw60t59b: svrsw60t59b !== '' })),
);

/** By MODE of satp; in Bare mode any definition serves, since no table is read. */
const MODES: Readonly<Record<32 | 64, readonly (RiscvMode | undefined)[]>> = {
  32: ['sv32', 'sv32'],
  64: ['sv39', ...Array<undefined>(7).fill(undefined), 'sv39', 'sv48', 'sv57'],
};
/** PMLEN by PMM; 1 is reserved. */
const PMLEN = [0, undefined, 7, 16];

/**
 * The machine that these registers make. The privilege, and Svnapot, are in no register: `more.state` says them. PMLEN is that
 * of the privilege: senvcfg's for `more.state.user`, else menvcfg's.
 * @throws UsageError `argument` for a reserved mode, and for a Bare mode with other fields than 0
 */
export function riscvFromRegisters(registers: RiscvRegisters, more: FromRegisters<RiscvState> = {}): Setup<RiscvState> {
  checkObject('registers', registers);
  checkObject('more', more);
  const { satp, sstatus = 0n, menvcfg = 0n, senvcfg = 0n, xlen = 64 } = registers;
  checkWidths({ satp, sstatus, senvcfg }, xlen);
  checkWidths({ menvcfg }, 64);
  const mode = xlen === 32 ? bitsOf(satp, 31, 31) : bitsOf(satp, 63, 60);
  const name = MODES[xlen][mode];
  checkRegister('satp', name !== undefined, `a MODE that is not reserved, not ${mode}`);
  checkRegister('satp', mode !== 0 || satp === 0n, 'all other fields 0 where MODE is Bare');
  const mmu = mmuOf(
    name ?? 'sv39',
    more.linux ?? DEFAULT_LINUX,
    more.state?.thead ? 'thead' : '',
    more.state?.svrsw60t59b ? 'svrsw60t59b' : '',
  );
  const wide = xlen === 64;
  const pmm = wide ? bitsOf(more.state?.user ? senvcfg : menvcfg, 33, 32) : 0;
  const pmlen = PMLEN[pmm];
  checkRegister(more.state?.user ? 'senvcfg' : 'menvcfg', pmlen !== undefined, 'a PMM that is not reserved, not 1');
  const said: Partial<RiscvState> = {
    ...{ sum: bitOf(sstatus, 18), mxr: bitOf(sstatus, 19), adue: bitOf(menvcfg, 61) },
    ...{ svpbmt: wide && bitOf(menvcfg, 62), pmlen: pmlen ?? 0 },
  };
  return { mmu, state: { ...mmu.defaults, ...said, ...more.state }, rootOf: () => satp };
}
