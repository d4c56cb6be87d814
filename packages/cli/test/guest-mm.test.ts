/** From registers to a space: which architecture they mean, which root translates an address, in which state. */

import { flatMemory } from '@kernel-mm/pgtable-core';
import { FixtureError, type Guest, type GuestProcess } from '@kernel-mm/pgtable-core/guest';
import { describe, expect, test } from 'vitest';
import { archOf, mmuOf, spaceOfKernel, spaceOfProcess, versionOf } from '../src/index.ts';

const guest: Guest = {
  ...{ name: 'toy', arch: 'x86_64', release: '6.1.0-50-amd64', pageSize: 4096n, byteOrder: 'little', options: {} },
  ...{ memory: flatMemory(new ArrayBuffer(64)), processes: [] },
};
const process = (registers: Record<string, bigint>): GuestProcess => ({ name: 'p', registers, facts: [], reports: [] });
const space = (arch: string, registers: Record<string, bigint>, more: Partial<Guest> = {}) =>
  spaceOfProcess({ ...guest, arch, ...more }, process(registers));

const x86 = { cr0: 0x80050033n, cr3: 0x5000n, cr4: 0x750ef0n, efer: 0xd01n };
// T0SZ, TG0, DS, IPS of TCR_EL1.
const tcr = (t0sz: bigint, tg0: bigint, ds = 0n, ips = 5n): bigint => t0sz | (tg0 << 14n) | (ds << 59n) | (ips << 32n);
const arm = (TCR_EL1: bigint) => ({ TCR_EL1, TTBR0_EL1: 0x1000n, TTBR1_EL1: 0x2000n, pstate: 0n });

describe('which architecture', () => {
  test.each<[string, string, Record<string, bigint>]>([
    ['s390', 's390x', { cr1: 0x26d41c7n }],
    ['x86-64', 'x86_64', x86],
    ['x86-64-la57', 'x86_64', { ...x86, cr4: 0x751ef0n }],
    ['arm64-4k-va48', 'aarch64', arm(tcr(16n, 0n))],
    ['arm64-4k-va48-lpa2', 'aarch64', arm(tcr(16n, 0n, 1n))],
    ['arm64-4k-va52-lpa2', 'aarch64', arm(tcr(12n, 0n, 1n, 6n))],
    ['arm64-4k-va39', 'aarch64', arm(tcr(25n, 0n))],
    ['arm64-16k-va47', 'aarch64', arm(tcr(17n, 2n))],
    ['arm64-64k-va48', 'aarch64', arm(tcr(16n, 1n))],
    ['arm64-64k-va52-lpa', 'aarch64', arm(tcr(12n, 1n, 0n, 6n))],
    ['riscv-sv39', 'riscv64', { satp: 8n << 60n, mstatus: 0n }],
    ['riscv-sv48', 'riscv64', { satp: 9n << 60n, mstatus: 0n }],
    ['riscv-sv57', 'riscv64', { satp: 10n << 60n, mstatus: 0n }],
  ])('%s', (id, arch, registers) => expect(space(arch, registers).mm.arch.id).toBe(id));

  test('powerpc by its page size', () => {
    const options = { process_table: 0n };
    const of = (pageSize: bigint) => space('ppc64le', { pid_used: 1n }, { options, pageSize }).mm.arch.id;
    expect([of(0x1000n), of(0x10000n)]).toEqual(['powerpc-radix-4k', 'powerpc-radix-64k']);
  });
});

describe('which root', () => {
  test('arm64: TTBR1 for the upper half', () => {
    const { rootOf } = space('aarch64', arm(tcr(16n, 0n)));
    expect([rootOf(0x1000n), rootOf(0xffff_8000_0000_0000n), rootOf(1n << 63n)]).toEqual([0x1000n, 0x2000n, 0x1000n]);
  });

  test('powerpc: the entry of the process table; the upper quadrant is PID 0’s', () => {
    const memory = flatMemory(Uint8Array.from({ length: 64 }, (_, i) => (i === 7 ? 0xa0 : i === 39 ? 0xb0 : 0)));
    const { rootOf } = space('ppc64le', { pid_used: 2n }, { memory, options: { process_table: 0n } });
    expect([rootOf(0x1000n), rootOf(0xc000_0000_0000_0000n)]).toEqual([0xb0n, 0xa0n]);
  });

  test('s390: the process’s primary space, the kernel’s home space', () => {
    const kernel = { registers: { cr1: 0x1007n, cr13: 0x2007n }, facts: [] };
    const idle = { ...guest, arch: 's390x', kernel };
    expect(spaceOfProcess(idle, process({ cr1: 0x1c7n })).rootOf(0n)).toBe(0x1c7n);
    expect(spaceOfKernel(idle)?.rootOf(0n)).toBe(0x2007n);
    expect(spaceOfKernel(guest)).toBeUndefined();
  });
});

describe('in which state', () => {
  test('x86: the bits of the control registers', () => {
    const { state } = space('x86_64', x86).machine;
    expect(state).toMatchObject({ user: true, nxe: true, wp: true, smep: true, smap: true, pke: true });
    const off = space('x86_64', { ...x86, cr0: 0n, cr4: 0n, efer: 0n }).machine.state;
    expect(off).toMatchObject({ nxe: false, wp: false, smep: false, smap: false, pke: false });
  });

  test('s390: what the machine was started with', () => {
    const options = { edat1: true, edat2: false, iep: true, prefix: 0x4000n };
    const { state } = space('s390x', { cr1: 0x7n }, { options, storage: 0x1000_0000n }).machine;
    expect(state).toEqual({ dat: true, ...options, storage: 0x1000_0000n });
  });

  test('riscv: SUM and MXR', () => {
    const registers = { satp: 9n << 60n, mstatus: 0xc0000n };
    expect(space('riscv64', registers).machine.state).toMatchObject({ user: true, sum: true, mxr: true, adue: true });
  });
});

describe('the kernel’s version', () => {
  test.each([
    ['6.1.0-50-s390x', '6.1.0'],
    ['6.12.107+deb13-arm64', '6.12.107'],
    ['6.12', '6.12'],
    ['6', undefined],
    ['next-6.1', undefined],
  ])('%s', (release, version) => expect(versionOf(release)).toBe(version));

  test('decides how its entries are read', () => {
    const is = (release: string) =>
      space('s390x', { cr1: 0x7n }, { release }).mm.arch.rules.pmd.is.present?.({ entry: 0n });
    expect([is('6.1.0'), is('6.14.0')]).toEqual([true, false]); // before v6.14 all but the empty value is present
  });

  const isPresent = (id: string, layout: string | undefined, entry: bigint) =>
    archOf(id, layout)?.rules[entry === 0n ? 'pmd' : 'pte'].is.present?.({ entry });

  // s390: v6.14 gave pmd a PRESENT bit. arm64: v6.11 the present-invalid bit. sparc64: PRESENT is bit 7, or bit 4.
  test.each<[string, string | undefined, bigint, boolean]>([
    ['s390', undefined, 0n, true],
    ['s390', 'classic', 0n, true],
    ['s390', 'present', 0n, false],
    ['s390', '6.13', 0n, true],
    ['s390', 'v6.13', 0n, true],
    ['s390', '6.14', 0n, false],
    ['s390', 'v7.0', 0n, false],
    ['arm64-4k-va48', '6.10', 0x800n, false],
    ['arm64-4k-va48', 'v6.10', 0x800n, false],
    ['arm64-4k-va48', 'v6.12', 0x800n, true],
    ['sparc64', undefined, 0x80n, true],
    ['sparc64', 'sun4u', 0x80n, true],
    ['sparc64', 'sun4u', 0x10n, false],
    ['sparc64', 'sun4v', 0x80n, false],
    ['sparc64', 'sun4v', 0x10n, true],
    ['sparc64', 'v6.12', 0x80n, true],
  ])('layouts of entry vectors: %s %s', (id, layout, entry, present) => {
    expect(isPresent(id, layout, entry)).toBe(present);
  });

  test.each([
    ['x86-64', 'classic'],
    ['x86-64', 'sun4v'],
    ['s390', 'sun4v'],
    ['sparc64', 'present'],
    ['x86-64', '6'],
    ['x86-64', 'vv6.1'],
    ['x86-64', 'v 6.1'],
    ['vax', 'v6.1'],
    ['constructor', undefined],
  ])('none: %s %s', (id, layout) => expect(archOf(id, layout)).toBeUndefined());

  test('an id is no key of every object', () => expect(mmuOf('constructor')).toBeUndefined());
});

describe('errors', () => {
  test.each<[string, () => unknown, string]>([
    ['an architecture', () => space('vax', {}), 'guest.arch: expected one of s390x'],
    ['a register', () => space('x86_64', { cr4: 0n }), 'registers.'],
    ['a mode', () => space('riscv64', { satp: 1n << 60n, mstatus: 0n }), 'not riscv-mode-1'],
    ['a configuration', () => space('aarch64', arm(tcr(20n, 0n))), 'not arm64-4k-va44'],
    ['a process table', () => space('ppc64le', { pid_used: 0n }), 'guest.options.process_table'],
    [
      'its entry',
      () => space('ppc64le', { pid_used: 9n }, { options: { process_table: 0n } }),
      'the process table’s entry 9',
    ],
  ])('%s that is not known or not there', (_, call, message) => {
    expect(call).toThrow(FixtureError);
    expect(call).toThrow(message);
  });
});
