/** Machines from the registers of real guests: the ones that their facts were checked with. */
import { join } from 'node:path';
import { arm64FromRegisters, riscvFromRegisters, x86FromRegisters } from '@kernel-mm/arch-generic';
import { s390FromRegisters } from '@kernel-mm/arch-s390';
import { guestFiles, loadGuest, spaceOfKernel, spaceOfProcess } from '@kernel-mm/cli';
import type { Setup } from '@kernel-mm/pgtable-core';
import type { Guest } from '@kernel-mm/pgtable-core/guest';
import { describe, expect, test } from 'vitest';

type Registers = Readonly<Record<string, bigint>>;

/** What the registers of a guest say, by its architecture; QEMU's rv64 set A and D itself before it had menvcfg.ADUE. */
const SETUPS: Readonly<Record<string, (of: Registers, guest: Guest, user: boolean) => Setup<object>>> = {
  x86_64: ({ cr0 = 0n, cr3 = 0n, cr4 = 0n, efer = 0n }, _, user) =>
    x86FromRegisters({ cr0, cr3, cr4, efer, pkru: 0x5555_5554n }, { state: { user } }),
  aarch64: ({ TCR_EL1 = 0n, TTBR0_EL1 = 0n, TTBR1_EL1 = 0n, pstate: PSTATE = 0n }, _, user) =>
    arm64FromRegisters({ TCR_EL1, TTBR0_EL1, TTBR1_EL1, PSTATE }, { state: { user } }),
  riscv64: ({ satp = 0n, mstatus = 0n }, _, user) =>
    riscvFromRegisters({ satp, sstatus: mstatus }, { state: { user, adue: true } }),
  s390x: ({ psw_mask: psw = 0n, cr0 = 0n, cr1 = 0n, cr7 = 0n, cr13 = 0n }, { options, storage }) => {
    const edat2 = options.edat2 === true;
    const prefix = typeof options.prefix === 'bigint' ? options.prefix : 0n;
    return s390FromRegisters({ psw, cr0, cr1, cr7, cr13 }, { state: { edat2, prefix, ...(storage && { storage }) } });
  },
};

const guests = guestFiles(join(import.meta.dirname, '../fixtures/guests'), '')
  .map((file) => loadGuest(file))
  .filter(({ arch }) => arch in SETUPS);
const halves = [0x1000n, 0xffff_8000_0000_0000n];

test('there are guests of each', () => {
  expect(new Set(guests.map(({ arch }) => arch))).toEqual(new Set(Object.keys(SETUPS)));
});

describe.each(guests.map((guest) => [guest.name, guest] as const))('%s', (_, guest) => {
  const setup = SETUPS[guest.arch]!;

  test('the kernel', () => {
    const { mmu, state, rootOf } = setup(guest.kernel!.registers, guest, false);
    const { machine, rootOf: expected } = spaceOfKernel(guest)!;
    expect(mmu.arch.id).toBe(machine.arch.id);
    expect(state).toEqual(machine.state);
    expect(halves.map(rootOf)).toEqual(halves.map(expected));
  });

  // Of a process of s390 only the ASCE was recorded.
  test.runIf(guest.arch !== 's390x')('each process', () => {
    for (const process of guest.processes) {
      const { mmu, state, rootOf } = setup(process.registers, guest, true);
      const { machine, rootOf: expected } = spaceOfProcess(guest, process);
      expect(mmu.arch.id).toBe(machine.arch.id);
      expect(state).toEqual(machine.state);
      expect(halves.map(rootOf)).toEqual(halves.map(expected));
    }
  });
});
