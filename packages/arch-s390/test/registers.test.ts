/** The PSW names the space, CR0 the facilities that are on. */
import { UsageError } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { s390FromRegisters } from '../src/index.ts';

const DAT = 1n << 58n;
const space = (n: bigint): bigint => DAT | (n << 46n);
// The kernel of a guest without EDAT, as it idled: CR0, CR1, CR7, CR13.
const registers = {
  psw: 0x0706_c001_8000_0000n,
  cr0: 0x1416_6a10n,
  cr1: 0x129_0007n,
  cr7: 0x183_41c7n,
  cr13: 0x1ee_4007n,
};
const of = (changes: Partial<typeof registers>) => s390FromRegisters({ ...registers, ...changes });

test('a guest: home space, instruction-execution protection, no EDAT', () => {
  const { mmu, state, rootOf } = s390FromRegisters(registers);
  expect([mmu.arch.id, rootOf(0n)]).toEqual(['s390', registers.cr13]);
  expect(state).toEqual({ dat: true, edat1: false, edat2: false, iep: true, prefix: 0n, storage: 1n << 64n });
});

describe('the space', () => {
  test.each<[string, bigint, bigint]>([
    ['primary', space(0n), registers.cr1],
    ['secondary', space(2n), registers.cr7],
    ['home', space(3n), registers.cr13],
  ])('%s', (_, psw, asce) => expect(of({ psw }).rootOf(0n)).toBe(asce));

  test('without DAT there is none', () => {
    expect(of({ psw: 1n << 46n }).state.dat).toBe(false);
  });

  test('access-register mode is refused', () => {
    expect(() => of({ psw: space(1n) })).toThrow(UsageError);
    expect(() => of({ cr0: 1n << 64n })).toThrow(UsageError);
  });
});

describe('CR0', () => {
  const [EDAT, IEP] = [1n << 23n, 1n << 20n];
  test.each<[string, bigint, object]>([
    ['nothing', 0n, { edat1: false, edat2: false, iep: false }],
    ['enhanced DAT: both, where both are installed', EDAT, { edat1: true, edat2: true, iep: false }],
    ['instruction-execution protection', IEP, { edat1: false, edat2: false, iep: true }],
  ])('%s', (_, cr0, state) => expect(of({ cr0 }).state).toMatchObject(state));

  test('what is installed is said beside', () => {
    const { state } = s390FromRegisters({ ...registers, cr0: EDAT }, { state: { edat2: false, prefix: 0x8000n } });
    expect(state).toMatchObject({ edat1: true, edat2: false, prefix: 0x8000n });
  });
});

test('one MMU for each layout', () => {
  expect(s390FromRegisters(registers).mmu).toBe(of({ cr0: 0n }).mmu);
  expect(s390FromRegisters(registers, { layout: 'present' }).mmu).not.toBe(of({}).mmu);
});
