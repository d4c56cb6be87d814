/** What registers say of a machine, in the shape that every family's `…FromRegisters` answers in. */
import { word } from './brand.ts';
import { UsageError } from './errors.ts';
import type { Mmu } from './hardware.ts';

/** A machine as its registers set it up: `machine(mmu, state)` is it, and `rootOf` has what its queries ask for as `root`. */
export interface Setup<S extends object> {
  /** The MMU in the paging mode of the registers; the same one each time for the same mode. */
  readonly mmu: Mmu<S>;
  /** Every part of its state: what no register says has the MMU's default. */
  readonly state: S;
  /** The root register that translates this address. */
  rootOf(addr: bigint): bigint;
}

/** Whether bit `n` of a register is 1; bit 0 is the lowest. */
export const bitOf = (register: bigint, n: number): boolean => ((word('register', register) >> BigInt(n)) & 1n) === 1n;

/** Bits `hi`…`lo` of a register, as a number. */
export const bitsOf = (register: bigint, hi: number, lo: number): number =>
  Number(BigInt.asUintN(hi - lo + 1, word('register', register) >> BigInt(lo)));

/**
 * Refuses a register that no machine can hold, or that another one contradicts.
 * @throws UsageError `argument`, with the register's name, where `holds` is false
 */
export function checkRegister(name: string, holds: boolean, expected: string): void {
  if (!holds) throw new UsageError('argument', name, expected);
}

/** Refuses registers that do not fit into so many bits. @throws UsageError `argument`, with the name of the first */
export function checkWidths(registers: Readonly<Record<string, bigint | undefined>>, bits: number): void {
  for (const [name, value = 0n] of Object.entries(registers))
    checkRegister(name, typeof value === 'bigint' && BigInt.asUintN(bits, value) === value, `a value of ${bits} bits`);
}
