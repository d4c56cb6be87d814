/** Registers by hand: each bit that says something, each mode, and what no CPU can hold. */
import { machine, type Setup, UsageError } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  type Arm64Registers,
  type ArmRegisters,
  arm64FromRegisters,
  armLpaeFromRegisters,
  armShortFromRegisters,
  isLpae,
  type RiscvRegisters,
  riscvFromRegisters,
  type X86Registers,
  x86FromRegisters,
} from '../src/index.ts';

const bit = (n: number): bigint => 1n << BigInt(n);
const idOf = ({ mmu }: Setup<object>): string => mmu.arch.id;
const refusal = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof UsageError) return `${error.code} ${error.argument}: ${error.expected}`;
    throw error;
  }
  return 'none';
};

describe('x86', () => {
  // As 64-bit Linux sets them; PE, WP, PG; PAE; LME, LMA, NXE.
  const long: X86Registers = { cr0: 0x8005_0033n, cr3: 0x5000n, cr4: 0x75_0ef0n, efer: 0xd01n };
  const legacy: X86Registers = { cr0: 0x8005_003bn, cr3: 0x5000n, cr4: 0x90n };

  test.each<[string, X86Registers, boolean]>([
    ['x86-64', long, true],
    ['x86-64-la57', { ...long, cr4: long.cr4 | bit(12) }, true],
    ['x86-pae', { ...legacy, cr4: 0xb0n, efer: bit(11) }, true],
    ['x86-32', legacy, true],
    ['x86-32', { ...legacy, cr0: 0x11n }, false],
    ['x86-64', { ...long, cr0: 0x11n, efer: 0x900n, cr4: 0xb0n }, false],
  ])('%s', (id, registers, pg) => {
    const setup = x86FromRegisters(registers);
    expect([idOf(setup), setup.state.pg, setup.rootOf(0n)]).toEqual([id, pg, registers.cr3]);
  });

  test.each<[string, Partial<X86Registers>, object]>([
    ['all of Linux', {}, { pg: true, wp: true, pse: true, nxe: true, smep: true, smap: true, pke: true, ac: false }],
    ['CR0.WP', { cr0: long.cr0 & ~bit(16) }, { wp: false }],
    ['CR4.PSE', { cr4: long.cr4 & ~bit(4) }, { pse: false }],
    ['CR4.SMEP', { cr4: long.cr4 & ~bit(20) }, { smep: false, smap: true }],
    ['CR4.SMAP', { cr4: long.cr4 & ~bit(21) }, { smep: true, smap: false }],
    ['CR4.PKE', { cr4: long.cr4 & ~bit(22) }, { pke: false }],
    ['CR4.LAM_SUP', { cr4: long.cr4 | bit(28) }, { lamSup: true }],
    ['EFER.NXE', { efer: 0x501n }, { nxe: false }],
    ['EFLAGS.AC', { rflags: bit(18) }, { ac: true }],
    ['PKRU', { pkru: 0x5555_5554n }, { pkru: 0x5555_5554n }],
  ])('%s', (_, changes, state) => {
    expect(x86FromRegisters({ ...long, ...changes }).state).toMatchObject(state);
  });

  test('what no register says is said beside them, and counts', () => {
    const { state } = x86FromRegisters(long, { state: { user: true, maxPhysBits: 46, smap: false } });
    expect(state).toMatchObject({ user: true, maxPhysBits: 46, smap: false, smep: true, pdpe1gb: true });
  });

  test.each<[string, Partial<X86Registers>]>([
    ['argument cr0: PE = 1 with PG = 1', { cr0: bit(31) }],
    ['argument cr4: PAE = 1 with PG = 1 and EFER.LME = 1', { cr4: 0n }],
    ['argument efer: LMA = 1 where LME = 1 and CR0.PG = 1, and nowhere else', { efer: 0x901n }],
    ['argument efer: LMA = 1 where LME = 1 and CR0.PG = 1, and nowhere else', { efer: 0x401n }],
    ['argument cr4: PCIDE = 0 outside of IA-32e mode', { ...legacy, cr4: bit(17) | 0x20n, efer: 0n }],
    ['argument cr3: a value of 32 bits outside of IA-32e mode', { ...legacy, cr3: bit(32), efer: 0n }],
    ['argument cr0: a value of 32 bits', { cr0: long.cr0 | bit(32) }],
    ['argument cr3: a value of 64 bits', { cr3: bit(64) }],
    ['argument cr3: a value of 64 bits', { cr3: -1n }],
  ])('%s', (expected, changes) => expect(refusal(() => x86FromRegisters({ ...long, ...changes }))).toBe(expected));

  test('the same registers are the same machine', () => {
    const [one, other] = [x86FromRegisters(long), x86FromRegisters({ ...long })];
    expect(machine(one.mmu, one.state)).toBe(machine(other.mmu, other.state));
    expect(x86FromRegisters(long, { linux: '6.1' }).mmu).not.toBe(one.mmu);
  });
});

describe('RISC-V', () => {
  test.each<[string, RiscvRegisters]>([
    ['riscv-sv39', { satp: (8n << 60n) | 1n }],
    ['riscv-sv48', { satp: 9n << 60n }],
    ['riscv-sv57', { satp: 10n << 60n }],
    ['riscv-sv32', { satp: bit(31) | 1n, xlen: 32 }],
    ['riscv-sv39', { satp: 0n }],
    ['riscv-sv32', { satp: 0n, xlen: 32 }],
  ])('%s', (id, registers) => {
    const setup = riscvFromRegisters(registers);
    expect([idOf(setup), setup.rootOf(0n)]).toEqual([id, registers.satp]);
  });

  test.each<[string, Partial<RiscvRegisters>, object]>([
    ['all 0', {}, { sum: false, mxr: false, adue: false, svpbmt: false, svnapot: false, pmlen: 0, user: false }],
    ['SUM', { sstatus: bit(18) }, { sum: true, mxr: false }],
    ['MXR', { sstatus: bit(19) }, { sum: false, mxr: true }],
    ['ADUE', { menvcfg: bit(61) }, { adue: true, svpbmt: false }],
    ['PBMTE', { menvcfg: bit(62) }, { adue: false, svpbmt: true }],
    ['PMM of S-mode', { menvcfg: 2n << 32n, senvcfg: 3n << 32n }, { pmlen: 7 }],
  ])('%s', (_, changes, state) => {
    expect(riscvFromRegisters({ satp: 8n << 60n, ...changes }).state).toMatchObject(state);
  });

  test('PMM of U-mode', () => {
    const registers = { satp: 8n << 60n, senvcfg: 3n << 32n };
    expect(riscvFromRegisters(registers, { state: { user: true } }).state).toMatchObject({ user: true, pmlen: 16 });
  });

  test.each<[string, RiscvRegisters]>([
    ['argument satp: a MODE that is not reserved, not 1', { satp: 1n << 60n }],
    ['argument satp: a MODE that is not reserved, not 11', { satp: 11n << 60n }],
    ['argument satp: all other fields 0 where MODE is Bare', { satp: 1n }],
    ['argument satp: a value of 32 bits', { satp: 8n << 60n, xlen: 32 }],
    ['argument menvcfg: a PMM that is not reserved, not 1', { satp: 0n, menvcfg: bit(32) }],
  ])('%s', (expected, registers) => expect(refusal(() => riscvFromRegisters(registers))).toBe(expected));
});

describe('arm64', () => {
  // T0SZ, T1SZ, TG0, TG1, IPS, DS, and whether a half has its walks disabled.
  const tcr = (t0: bigint, t1: bigint, tg0: bigint, tg1: bigint, ips = 5n, ds = 0n, epd = 0n): bigint =>
    t0 | (t1 << 16n) | (tg0 << 14n) | (tg1 << 30n) | (ips << 32n) | (ds << 59n) | epd;
  const of = (TCR_EL1: bigint, more: Partial<Arm64Registers> = {}) =>
    arm64FromRegisters({ TCR_EL1, TTBR0_EL1: 0x1000n, TTBR1_EL1: 0x2000n, ...more });

  test.each<[string, bigint]>([
    ['arm64-4k-va48', tcr(16n, 16n, 0n, 2n)],
    ['arm64-4k-va39', tcr(25n, 25n, 0n, 2n)],
    ['arm64-4k-va52-lpa2', tcr(12n, 12n, 0n, 2n, 6n, 1n)],
    ['arm64-4k-va48-lpa2', tcr(16n, 16n, 0n, 2n, 6n, 1n)],
    ['arm64-16k-va47', tcr(17n, 17n, 2n, 1n)],
    ['arm64-64k-va42', tcr(22n, 22n, 1n, 3n)],
    ['arm64-64k-va52-lpa', tcr(12n, 12n, 1n, 3n, 6n)],
    // The larger of two sizes; a half without walks does not count.
    ['arm64-4k-va48', tcr(25n, 16n, 0n, 2n)],
    ['arm64-4k-va39', tcr(25n, 16n, 0n, 1n, 5n, 0n, bit(23))],
    ['arm64-16k-va47', tcr(0n, 17n, 3n, 1n, 5n, 0n, bit(7))],
  ])('%s', (id, TCR_EL1) => {
    const setup = of(TCR_EL1);
    expect(idOf(setup)).toBe(id);
    expect(setup.state).toMatchObject({ tcr: TCR_EL1, mmu: true, wxn: false, pan: false });
    expect([setup.rootOf(0x1000n), setup.rootOf(bit(55))]).toEqual([0x1000n, 0x2000n]);
  });

  test('SCTLR and PSTATE', () => {
    const TCR = tcr(16n, 16n, 0n, 2n);
    expect(of(TCR, { SCTLR_EL1: bit(19), PSTATE: bit(22) }).state).toMatchObject({ mmu: false, wxn: true, pan: true });
  });

  test.each<[string, bigint]>([
    ['argument TCR_EL1: TG0 and TG1 of one granule, where neither half has its walks disabled', tcr(16n, 16n, 0n, 1n)],
    ['argument TCR_EL1: TG0 and TG1 of one granule, where neither half has its walks disabled', tcr(16n, 16n, 3n, 0n)],
    ['argument TCR_EL1: T0SZ and T1SZ of a size that Linux has with 4k pages, not 44 bits', tcr(20n, 20n, 0n, 2n)],
    ['argument TCR_EL1: T0SZ and T1SZ of a size that Linux has with 4k pages, not 52 bits', tcr(12n, 12n, 0n, 2n)],
    ['argument TCR_EL1: a register that was set up, not 0', 0n],
    ['argument TCR_EL1: a value of 64 bits', bit(64)],
  ])('%s', (expected, TCR_EL1) => expect(refusal(() => of(TCR_EL1))).toBe(expected));
});

describe('arm', () => {
  const M = 1n;
  const XP = bit(23);
  const short: ArmRegisters = { ttbcr: 0n, ttbr0: 0x4000n, ttbr1: 0x8000n, sctlr: M | XP };
  const long: ArmRegisters = { ...short, ttbcr: bit(31) };

  test('short descriptors', () => {
    const { mmu, state, rootOf } = armShortFromRegisters({ ...short, ttbcr: 1n, dacr: 0x15n });
    expect([mmu.arch.id, isLpae(short), isLpae(long)]).toEqual(['arm-short', false, true]);
    expect(state).toMatchObject({ mmu: true, afe: false, subpages: false, dacr: 0x15n, ttbcr: 1n });
    expect([rootOf(0x7fff_ffffn), rootOf(0x8000_0000n)]).toEqual([0x4000n, 0x8000n]);
    expect(armShortFromRegisters(short).rootOf(0xffff_ffffn)).toBe(0x4000n);
  });

  test.each<[string, bigint, object]>([
    ['M', XP, { mmu: false }],
    ['AFE', M | XP | bit(29), { afe: true }],
    ['XP', M, { subpages: true, systemProtection: false, romProtection: false }],
    ['S', M | bit(8), { subpages: true, systemProtection: true }],
    ['R', M | bit(9), { romProtection: true }],
  ])('SCTLR.%s', (_, sctlr, state) => expect(armShortFromRegisters({ ...short, sctlr }).state).toMatchObject(state));

  test('long descriptors', () => {
    const { mmu, state } = armLpaeFromRegisters({ ...long, sctlr: M | bit(19) });
    expect(mmu.arch.id).toBe('arm-lpae');
    expect(state).toMatchObject({ mmu: true, wxn: true, ttbcr: bit(31) });
    const roots = (ttbcr: bigint) => {
      const { rootOf } = armLpaeFromRegisters({ ...long, ttbcr: ttbcr | bit(31) });
      return [rootOf(0x3fff_ffffn), rootOf(0x4000_0000n), rootOf(0xbfff_ffffn), rootOf(0xc000_0000n)];
    };
    expect(roots(0n)).toEqual([0x4000n, 0x4000n, 0x4000n, 0x4000n]);
    expect(roots(2n)).toEqual([0x4000n, 0x8000n, 0x8000n, 0x8000n]);
    // As Linux splits 3:1.
    expect(roots(2n << 16n)).toEqual([0x4000n, 0x4000n, 0x4000n, 0x8000n]);
  });

  test.each<[string, () => unknown]>([
    ['argument ttbcr: EAE = 0: short descriptors', () => armShortFromRegisters(long)],
    ['argument ttbcr: EAE = 1: long descriptors', () => armLpaeFromRegisters(short)],
    ['argument sctlr: a value of 32 bits', () => armShortFromRegisters({ ...short, sctlr: bit(32) })],
  ])('%s', (expected, call) => expect(refusal(call)).toBe(expected));
});
