/**
 * Architectures with static and run-time folding, and folding as functions on a definition.
 * @module
 */
export { type Arm64Options, arm64 } from './arm64.ts';
export { foldedInto, type Levels, nop4d, nopmd, nopud } from './nop.ts';
export { type RiscvOptions, riscv } from './riscv.ts';
export { type X86Options, x86 } from './x86.ts';
