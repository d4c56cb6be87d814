/** s390 from the PSW and the control registers: which address space, in which state (Principles of Operation, chapter 3). */
import { bitOf, bitsOf, checkObject, checkRegister, checkWidths, type Mmu, type Setup } from '@kernel-mm/pgtable-core';
import type { Layout } from './layout.ts';
import { type DatState, s390Mmu } from './mmu.ts';
import { s390 } from './s390.ts';

/** The registers that DAT consults. */
export interface S390Registers {
  /** The left half of the PSW: DAT (bit 5) and the address-space control (bits 16 and 17). */
  readonly psw: bigint;
  /** The enhanced-DAT control (bit 40), and that of instruction-execution protection (bit 43). */
  readonly cr0: bigint;
  /** The ASCE of the primary space. */
  readonly cr1: bigint;
  /** The ASCE of the secondary space. Default: 0. */
  readonly cr7?: bigint;
  /** The ASCE of the home space. */
  readonly cr13: bigint;
}

/** What no register says of a machine. */
export interface S390FromRegisters {
  /** Where the kernel keeps its software bits. Default: `classic`. */
  readonly layout?: Layout;
  /** Parts of the state that count instead: prefix, storage, and whether EDAT-2 is installed. */
  readonly state?: Partial<DatState>;
}

const MADE = new Map<Layout, Mmu<DatState>>();

/**
 * The machine that these registers make; its root is the ASCE of the space that the PSW names. Of fetches in secondary-space
 * mode, which are from the primary space, it does not speak. EDAT-2 comes with the control of EDAT-1.
 * @throws UsageError `argument` for access-register mode, where each operand has a space of its own
 */
export function s390FromRegisters(registers: S390Registers, more: S390FromRegisters = {}): Setup<DatState> {
  checkObject('registers', registers);
  checkObject('more', more);
  const { psw, cr0, cr1, cr7 = 0n, cr13 } = registers;
  checkWidths({ psw, cr0, cr1, cr7, cr13 }, 64);
  const [dat, space] = [bitOf(psw, 58), bitsOf(psw, 47, 46)];
  checkRegister('psw', !dat || space !== 1, 'another mode than access-register mode');
  const layout = more.layout ?? 'classic';
  const mmu = MADE.get(layout) ?? s390Mmu(s390({ layout }));
  MADE.set(layout, mmu);
  const edat1 = bitOf(cr0, 23);
  const edat2 = edat1 && (more.state?.edat2 ?? true);
  const state = { ...mmu.defaults, dat, edat1, iep: bitOf(cr0, 20), ...more.state, edat2 };
  const root = [cr1, 0n, cr7, cr13][space] ?? 0n;
  return { mmu, state, rootOf: () => root };
}
