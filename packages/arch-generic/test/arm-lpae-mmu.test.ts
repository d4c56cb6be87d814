import { type Access, machine } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type ArmLpaeState, armLpae, armLpaeMmu } from '../src/index.ts';
import { told } from './support/translate.ts';

const mmu = armLpaeMmu(armLpae());
const bit = (n: number): bigint => 1n << BigInt(n);

// Index 2, 3, 4 in tables at 0x1000, 0x2000, 0x3000; then the page at 0x5000.
const VA = (2n << 30n) | (3n << 21n) | (4n << 12n) | 0x123n;
const PAGE = 0x5443n; // type 3, AF, AP 01: PL1 and PL0 may read, write and execute
const [USER, RDONLY, AF, PXN, XN] = [0x40n, 0x80n, 0x400n, bit(53), bit(54)];
const [PXN_TABLE, XN_TABLE, NO_PL0, READ_ONLY] = [bit(59), bit(60), bit(61), bit(62)];

type State = Partial<ArmLpaeState>;
type Said = Readonly<Partial<Record<1 | 2 | 3, bigint>>>;

function answer(said: Said, state: State = {}, access: Access = 'read'): string {
  const words = { '0x1010': said[1] ?? 0x2003n, '0x2018': said[2] ?? 0x3003n, '0x3020': said[3] ?? PAGE };
  return told(machine(mmu, state), words, 0x1000n, VA, access);
}

describe('a walk: the first fault from the top down is the one', () => {
  test.each<[what: string, said: Said, state: State, is: string]>([
    ['a page', {}, {}, '0x5123'],
    ['bit 0 = 0', { 1: 0x2002n }, {}, 'translation 0x5'],
    ['bit 0 = 0', { 2: 0n }, {}, 'translation 0x6'],
    ['bit 0 = 0', { 3: PAGE & ~1n }, {}, 'translation 0x7'],
    ['a block of 1 GiB', { 1: 0x4000_0441n }, {}, '0x40604123'],
    ['a block of 2 MiB', { 2: 0x4020_0441n }, {}, '0x40204123'],
    ['type 01 is reserved at level 3', { 3: PAGE & ~2n }, {}, 'translation 0x7'],
    ['AF = 0', { 1: 0x4000_0041n }, {}, 'access-flag 0x9'],
    ['AF = 0', { 2: 0x4020_0041n }, {}, 'access-flag 0xa'],
    ['AF = 0', { 3: PAGE & ~AF }, {}, 'access-flag 0xb'],
    ['AF before rights', { 3: PAGE & ~AF & ~USER }, { user: true }, 'access-flag 0xb'],
    ['ARMv7 ignores bits 47:40', { 1: bit(40) | 0x2003n, 3: bit(47) | PAGE }, {}, '0x5123'],
    ['ARMv8 does not', { 1: bit(40) | 0x2003n }, { v8: true }, 'address-size 0x1'],
    ['ARMv8 does not', { 2: bit(47) | 0x3003n }, { v8: true }, 'address-size 0x2'],
    ['ARMv8 does not', { 3: bit(40) | PAGE }, { v8: true }, 'address-size 0x3'],
    ['translation before address size', { 3: bit(40) }, { v8: true }, 'translation 0x7'],
    ['bit 39 is address', { 3: bit(39) | PAGE }, { v8: true }, '0x8000005123'],
    ['a table outside memory', { 2: 0x9003n }, {}, 'external-abort 0x17'],
  ])('%s', (_what, said, state, is) => expect(answer(said, state)).toBe(is));
});

describe('rights', () => {
  const may = (said: Said, state: State): string =>
    (['read', 'write', 'execute'] as const)
      .map((access) => (answer(said, state, access).startsWith('0x') ? access.replace('e', '')[0] : ''))
      .join('');
  test.each<[what: string, said: Said, pl1: string, pl0: string]>([
    ['AP 00', { 3: PAGE & ~USER }, 'rwx', ''],
    ['AP 01', {}, 'rwx', 'rwx'],
    ['AP 10', { 3: (PAGE & ~USER) | RDONLY }, 'rx', ''],
    ['AP 11', { 3: PAGE | RDONLY }, 'rx', 'rx'],
    ['XN', { 3: PAGE | XN }, 'rw', 'rw'],
    ['PXN', { 3: PAGE | PXN }, 'rw', 'rwx'],
    ['APTable[0]', { 1: NO_PL0 | 0x2003n }, 'rwx', ''],
    ['APTable[1]', { 2: READ_ONLY | 0x3003n }, 'rx', 'rx'],
    ['XNTable', { 1: XN_TABLE | 0x2003n }, 'rw', 'rw'],
    ['PXNTable', { 2: PXN_TABLE | 0x3003n }, 'rw', 'rwx'],
  ])('%s', (_what, said, pl1, pl0) => {
    expect(may(said, {})).toBe(pl1);
    expect(may(said, { user: true })).toBe(pl0);
  });

  test.each<[what: string, said: Said, state: State, may: string]>([
    ['PAN, PL0 could', {}, { pan: true }, 'x'],
    ['PAN, PL0 could not', { 3: PAGE & ~USER }, { pan: true }, 'rwx'],
    ['PAN, the table keeps PL0 off', { 1: NO_PL0 | 0x2003n }, { pan: true }, 'rwx'],
    ['WXN, writable', {}, { wxn: true }, 'rw'],
    ['WXN, read-only by a table', { 1: READ_ONLY | 0x2003n }, { wxn: true }, 'rx'],
  ])('%s', (_what, said, state, expected) => expect(may(said, state)).toBe(expected));

  test('a right that a table takes away is missed at the leaf’s level', () => {
    expect(answer({ 1: READ_ONLY | 0x2003n }, {}, 'write')).toBe('permission 0xf');
    expect(answer({ 1: READ_ONLY | 0x2003n, 2: 0x4020_0441n }, {}, 'write')).toBe('permission 0xe');
  });
});

describe('TTBCR', () => {
  const SECTION = 0x4020_0441n;
  test.each<[what: string, is: string, ttbcr: bigint, va: bigint, slot: bigint]>([
    ['all zero: TTBR0 for 4 GiB', '0x40000123', 0n, 0xc000_0123n, 0x1018n],
    ['T0SZ 1: 2 GiB from level 1', '0x40000123', 1n, 0x4000_0123n, 0x1008n],
    ['T0SZ 1: above, TTBR1 for the rest', '0x40000123', 1n, 0xc000_0123n, 0x1018n],
    ['T0SZ 2: 1 GiB from level 2', '0x40200123', 2n, 0x20_0123n, 0x1008n],
    ['T1SZ 2: the upper gigabyte from level 2', '0x40200123', 0x2_0002n, 0xc020_0123n, 0x1008n],
    ['T1SZ 2 alone: the upper gigabyte is TTBR1’s', '0x40200123', 0x2_0000n, 0xc020_0123n, 0x1008n],
    ['T1SZ 2 alone: the rest is TTBR0’s', '0x40000123', 0x2_0000n, 0x8000_0123n, 0x1010n],
    ['T1SZ 2 alone, EPD1', 'translation 0x5', 0x82_0000n, 0xc020_0123n, 0x1008n],
    ['the gap between', 'translation 0x5', 0x2_0002n, 0x8000_0000n, 0x1000n],
    ['EPD0', 'translation 0x5', 0x80n, 0n, 0x1000n],
    ['EPD1 is not for TTBR0', '0x40000123', 0x80_0000n, 0x123n, 0x1000n],
    ['EPD1', 'translation 0x5', 0x80_0001n, 0xc000_0000n, 0x1018n],
    ['33 bits', 'translation 0x5', 0n, 1n << 32n, 0x1000n],
  ])('%s', (_what, is, ttbcr, va, slot) => {
    expect(told(machine(mmu, { ttbcr }), { [`${slot}`]: SECTION }, bit(48) | 0x1001n, va)).toBe(is);
  });
});

test('SCTLR.M = 0: an address of 32 bits is physical', () => {
  const off = machine(mmu, { mmu: false, user: true, pan: true, wxn: true });
  for (const access of ['read', 'write', 'execute'] as const)
    expect(told(off, {}, 0n, 0xffff_f123n, access)).toBe('0xfffff123');
  expect(told(off, {}, 0n, bit(32))).toBe('translation 0x5');
});
