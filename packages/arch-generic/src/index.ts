/**
 * Architectures with static and run-time folding, and folding as functions on a definition.
 * @module
 */
export { ARCHITECTURES, type MmuFactory, type StateOfBoth } from './all.ts';
export { armLpae } from './arm-lpae.ts';
export { type ArmLpaeState, armLpaeMmu } from './arm-lpae-mmu.ts';
export { type ArmRegisters, armLpaeFromRegisters, armShortFromRegisters, isLpae } from './arm-registers.ts';
export { armShort } from './arm-short.ts';
export { armShortMmu } from './arm-short-mmu.ts';
export type { ArmShortState } from './arm-short-state.ts';
export { type Arm64Options, arm64 } from './arm64.ts';
export { arm64Mmu } from './arm64-mmu.ts';
export { type Arm64Registers, arm64FromRegisters } from './arm64-registers.ts';
export type { Arm64State } from './arm64-state.ts';
export type { FromRegisters } from './from-registers.ts';
export { DEFAULT_LINUX, type LinuxVersion, since } from './linux.ts';
export { foldedInto, type Levels, nop4d, nopmd, nopud } from './nop.ts';
export { type PowerpcOptions, powerpc } from './powerpc.ts';
export { powerpcHash } from './powerpc-hash.ts';
export { type PowerpcState, powerpcMmu } from './powerpc-mmu.ts';
export { type RiscvOptions, riscv } from './riscv.ts';
export type { RiscvMode } from './riscv-entry.ts';
export { riscvMmu } from './riscv-mmu.ts';
export { type RiscvRegisters, riscvFromRegisters } from './riscv-registers.ts';
export type { RiscvState } from './riscv-state.ts';
export { type Sparc64Options, sparc64 } from './sparc64.ts';
export { sparc64Mmu } from './sparc64-mmu.ts';
export { type UmOptions, um } from './um.ts';
export { umMmu } from './um-mmu.ts';
export { type X86Options, x86 } from './x86.ts';
export type { Paging } from './x86-entry.ts';
export { x86Mmu } from './x86-mmu.ts';
export type { X86State } from './x86-paging.ts';
export { type X86Registers, x86FromRegisters } from './x86-registers.ts';
