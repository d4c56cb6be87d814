/** x86 from its control registers: which paging mode, in which state (SDM volume 3, 2.5, 4.1.1 and 4.1.2). */
import { bitOf, checkObject, checkRegister, checkWidths, type Setup } from '@kernel-mm/pgtable-core';
import { type FromRegisters, once } from './from-registers.ts';
import { DEFAULT_LINUX, type LinuxVersion } from './linux.ts';
import { x86 } from './x86.ts';
import type { Paging } from './x86-entry.ts';
import { x86Mmu } from './x86-mmu.ts';
import type { X86State } from './x86-paging.ts';

/** The registers that paging consults. */
export interface X86Registers {
  readonly cr0: bigint;
  readonly cr3: bigint;
  readonly cr4: bigint;
  /** IA32_EFER. Default: 0, as on a CPU without it. */
  readonly efer?: bigint;
  /** Of EFLAGS only AC is looked at. Default: 0. */
  readonly rflags?: bigint;
  /** Default: 0, which forbids nothing. */
  readonly pkru?: bigint;
}

const mmuOf = once((paging: Paging, linux: LinuxVersion, encMask: string) =>
  x86Mmu(x86({ paging, linux, encMask: BigInt(encMask) })),
);

/**
 * The machine that these registers make. CPL, MAXPHYADDR, 1 GiB pages and SME are in no register: `more.state` says them.
 * @throws UsageError `argument` for values that no CPU can hold at once
 */
export function x86FromRegisters(registers: X86Registers, more: FromRegisters<X86State> = {}): Setup<X86State> {
  checkObject('registers', registers);
  checkObject('more', more);
  const { cr0, cr3, cr4, efer = 0n, rflags = 0n, pkru = 0n } = registers;
  checkWidths({ cr3, cr4, efer, rflags }, 64);
  checkWidths({ cr0, pkru }, 32);
  const [pg, pae, lme] = [bitOf(cr0, 31), bitOf(cr4, 5), bitOf(efer, 8)];
  checkRegister('cr0', !pg || bitOf(cr0, 0), 'PE = 1 with PG = 1');
  checkRegister('cr4', !(pg && lme) || pae, 'PAE = 1 with PG = 1 and EFER.LME = 1');
  checkRegister('efer', bitOf(efer, 10) === (lme && pg), 'LMA = 1 where LME = 1 and CR0.PG = 1, and nowhere else');
  checkRegister('cr4', !bitOf(cr4, 17) || (lme && pg), 'PCIDE = 0 outside of IA-32e mode');
  checkRegister('cr3', lme || !(cr3 >> 32n), 'a value of 32 bits outside of IA-32e mode');
  const paging: Paging = !pae ? '2-level' : !lme ? 'pae' : bitOf(cr4, 12) ? '5-level' : '4-level';
  const mmu = mmuOf(paging, more.linux ?? DEFAULT_LINUX, String(more.state?.encMask ?? 0n));
  const said: Partial<X86State> = {
    ...{ pg, wp: bitOf(cr0, 16), pse: bitOf(cr4, 4), nxe: bitOf(efer, 11), smep: bitOf(cr4, 20), smap: bitOf(cr4, 21) },
    ...{ pke: bitOf(cr4, 22), lamSup: bitOf(cr4, 28), ac: bitOf(rflags, 18), pkru },
  };
  return { mmu, state: { ...mmu.defaults, ...said, ...more.state }, rootOf: () => cr3 };
}
