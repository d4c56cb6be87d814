import { type Access, machine } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type ArmShortState, armShort, armShortMmu } from '../src/index.ts';
import { told } from './support/translate.ts';

const mmu = armShortMmu(armShort());

// Address 0x12345678: word 0x123 of the table at 0x4000, then word 0x45 of the one at 0x8400.
const VA = 0x1234_5678n;
const TABLE = 0x84a1n; // domain 5
const PAGE = 0x5_0032n; // small, AP 011
const SECTION = 0x4000_0c02n; // domain 0, AP 011

type State = Partial<ArmShortState>;
type Said = readonly [first: bigint, second?: bigint];

function answer([first, second]: Said, state: State = {}, access: Access = 'read', va = VA): string {
  const words = { '0x448c': first, ...(second !== undefined && { '0x8514': second }) };
  return told(machine(mmu, state), words, 0x4000n, va, access);
}

describe('a walk', () => {
  const rows: readonly (readonly [what: string, words: Said, state: State, is: string])[] = [
    ['a small page of 4 KiB', [TABLE, PAGE], {}, '0x50678'],
    ['a large page of 64 KiB', [TABLE, 0x5_0031n], {}, '0x55678'],
    ['its bits 15:12 are no address', [TABLE, 0x5_7031n], {}, '0x55678'],
    ['a section of 1 MiB', [SECTION], {}, '0x40045678'],
    ['a supersection of 16 MiB', [0x4104_0c02n], {}, '0x41345678'],
    ['a supersection beyond 4 GiB', [0x41a4_0c62n], {}, '0x3a41345678'],
    ['type 00', [0xfcn], {}, 'translation 0x5'],
    ['type 00 below', [TABLE, 0xfcn], {}, 'translation 0x7'],
    ['type 11 is a section', [SECTION | 1n], {}, '0x40045678'],
    ['type 11 without PXN is reserved', [SECTION | 1n], { pxn: false }, 'translation 0x5'],
    ['the table below lies outside memory', [TABLE], {}, 'external-abort 0xe'],
  ];
  test.each(rows)('%s', (_what, words, state, is) => expect(answer(words, state)).toBe(is));

  test('the first table lies outside memory', () => {
    expect(told(machine(mmu), {}, 0x4000n, VA)).toBe('external-abort 0xc');
  });
});

describe('the order: translation, access flag, domain, permission', () => {
  const NO_DOMAIN = 0x5555_5155n; // domain 5 is 00
  const NONE = { user: true, dacr: NO_DOMAIN };
  const rows: readonly (readonly [what: string, words: Said, state: State, is: string])[] = [
    ['translation of the page before the domain of its table', [TABLE, 0n], NONE, 'translation 0x7'],
    ['access flag before domain', [TABLE, 0x5_0022n], { ...NONE, afe: true }, 'access-flag 0x6'],
    ['domain before permission', [TABLE, 0x5_0012n], NONE, 'domain 0xb'],
    ['permission', [TABLE, 0x5_0012n], { user: true }, 'permission 0xf'],
    ['access flag of a section', [0x4000_08a2n], { ...NONE, afe: true }, 'access-flag 0x3'],
    ['domain of a section', [0x4000_04a2n], NONE, 'domain 0x9'],
    ['permission of a section', [0x4000_04a2n], { user: true }, 'permission 0xd'],
    ['AP[0] is no access flag without AFE', [TABLE, 0x5_0022n], { user: true }, '0x50678'],
  ];
  test.each(rows)('%s', (_what, words, state, is) => expect(answer(words, state)).toBe(is));
});

describe('domains', () => {
  const rows: readonly (readonly [what: string, words: Said, dacr: bigint, is: string])[] = [
    ['00: no access', [TABLE, PAGE], 0x5555_5155n, 'domain 0xb'],
    ['01: a client', [TABLE, PAGE], 0x0000_0400n, '0x50678'],
    ['10: reserved', [TABLE, PAGE], 0x5555_5955n, 'domain 0xb'],
    ['11: a manager does not look at AP', [TABLE, 0x5_0002n], 0x0000_0c00n, '0x50678'],
    ['a client does', [TABLE, 0x5_0002n], 0x0000_0400n, 'permission 0xf'],
    // Bits 8:5 of a supersection are address bits; it is in domain 0.
    ['a supersection', [0x4104_0ca2n], 0x0000_0001n, '0x5041345678'],
    ['a supersection, domain 0 closed', [0x4104_0ca2n], 0x5555_5554n, 'domain 0x9'],
  ];
  test.each(rows)('%s', (_what, words, dacr, is) => expect(answer(words, { dacr })).toBe(is));

  test('a manager may execute what is XN', () => {
    expect(answer([TABLE, PAGE | 1n], { dacr: 0xc00n }, 'execute')).toBe('0x50678');
    expect(answer([TABLE, PAGE | 1n], {}, 'execute')).toBe('permission 0xf');
  });
});

describe('AP[2:0]: what PL1 and PL0 may do', () => {
  const rows: readonly (readonly [ap: string, afe: boolean, pl1: string, pl0: string])[] = [
    ['000', false, '', ''],
    ['001', false, 'rwx', ''],
    ['010', false, 'rwx', 'rx'],
    ['011', false, 'rwx', 'rwx'],
    ['100', false, '', ''],
    ['101', false, 'rx', ''],
    ['110', false, 'rx', 'rx'],
    ['111', false, 'rx', 'rx'],
    ['001', true, 'rwx', ''],
    ['011', true, 'rwx', 'rwx'],
    ['101', true, 'rx', ''],
    ['111', true, 'rx', 'rx'],
  ];
  const may = (words: Said, state: State): string =>
    (['read', 'write', 'execute'] as const)
      .map((access) => (answer(words, state, access).startsWith('0x') ? access.replace('e', '')[0] : ''))
      .join('');
  test.each(rows)('%s, AFE %s', (ap, afe, pl1, pl0) => {
    const n = BigInt(`0b${ap}`);
    const [high, low] = [n >> 2n, n & 3n];
    const page: Said = [TABLE, 0x5_0002n | (high << 9n) | (low << 4n)];
    const section: Said = [0x4000_0002n | (high << 15n) | (low << 10n)];
    for (const words of [page, section]) {
      expect(may(words, { afe })).toBe(pl1);
      expect(may(words, { afe, user: true })).toBe(pl0);
    }
  });

  test.each<[what: string, words: Said, state: State, may: string]>([
    ['XN of a small page', [TABLE, PAGE | 1n], {}, 'rw'],
    ['XN of a large page', [TABLE, 0x5_8031n], {}, 'rw'],
    ['bit 15 of a small page is address', [TABLE, PAGE | 0x8000n], {}, 'rwx'],
    ['XN of a section', [SECTION | 0x10n], {}, 'rw'],
    ['PXN of a section, PL1', [SECTION | 1n], {}, 'rw'],
    ['PXN of a section, PL0', [SECTION | 1n], { user: true }, 'rwx'],
    ['PXN of a table, PL1', [TABLE | 4n, PAGE], {}, 'rw'],
    ['PXN of a table, PL0', [TABLE | 4n, PAGE], { user: true }, 'rwx'],
    ['PXN of a table, a CPU without', [TABLE | 4n, PAGE], { pxn: false }, 'rwx'],
    ['PAN, PL0 could', [TABLE, PAGE], { pan: true }, 'x'],
    ['PAN, PL0 could not', [TABLE, 0x5_0012n], { pan: true }, 'rwx'],
    ['PAN is not for PL0', [TABLE, PAGE], { pan: true, user: true }, 'rwx'],
  ])('%s', (_what, words, state, expected) => {
    expect(may(words, state)).toBe(expected);
  });
});

describe('TTBCR', () => {
  const at = (root: bigint, va: bigint, ttbcr: bigint, slot: string): string =>
    told(machine(mmu, { ttbcr }), { [slot]: SECTION }, root, va);
  test.each<[what: string, is: string, root: bigint, va: bigint, ttbcr: bigint, slot: string]>([
    ['N = 0: the whole table, whatever flags the register has', '0x40045678', 0x406an, 0xf234_5678n, 0n, '0x7c8c'],
    // N = 3: 512 words in 2 KiB, for the lowest eighth.
    ['N = 3: a small table', '0x40045678', 0x4800n, VA, 3n, '0x4c8c'],
    ['N = 3: above, the whole table of TTBR1', '0x40045678', 0x4000n, 0x2234_5678n, 3n, '0x488c'],
    ['PD0', 'translation 0x5', 0x4000n, VA, 0x13n, '0x448c'],
    ['PD1 is not for TTBR0', '0x40045678', 0x4000n, VA, 0x23n, '0x448c'],
    ['PD1', 'translation 0x5', 0x4000n, 0x2234_5678n, 0x23n, '0x488c'],
    ['33 bits', 'translation 0x5', 0x4000n, 1n << 32n, 0n, '0x4000'],
  ])('%s', (_what, is, root, va, ttbcr, slot) => expect(at(root, va, ttbcr, slot)).toBe(is));
});

test('SCTLR.M = 0: an address of 32 bits is physical, whatever the domains', () => {
  const off = machine(mmu, { mmu: false, user: true, dacr: 0n, pan: true });
  for (const access of ['read', 'write', 'execute'] as const) expect(told(off, {}, 0n, VA, access)).toBe('0x12345678');
  expect(told(off, {}, 0n, 1n << 32n)).toBe('translation 0x5');
});

describe('before ARMv6: AP of each quarter of a page', () => {
  const old = (words: Said, state: State, access: Access = 'read', va = VA): string =>
    answer(words, { subpages: true, user: true, ...state }, access, va);
  // VA lies in quarter 1 of its 4 KiB, and in quarter 1 of its 64 KiB: 0x…5678.
  const small = (ap: bigint): bigint => 0x5_0002n | (ap << 4n);
  test.each<[string, Said, State, Access, string]>([
    ['small page, AP1 = 11', [TABLE, small(0b00001100n)], {}, 'write', '0x50678'],
    ['small page, AP1 = 10', [TABLE, small(0b11111011n)], {}, 'write', 'permission 0xf'],
    ['small page, AP1 = 01', [TABLE, small(0b11110111n)], {}, 'read', 'permission 0xf'],
    ['… for PL1', [TABLE, small(0b00000100n)], { user: false }, 'write', '0x50678'],
    ['large page, AP1 = 10', [TABLE, 0x5_0001n | (0b00001000n << 4n)], {}, 'read', '0x55678'],
    ['large page, AP1 = 01', [TABLE, 0x5_0001n | (0b11110111n << 4n)], {}, 'read', 'permission 0xf'],
    ['extended small page: one AP, and TEX', [TABLE, 0x5_01f3n], {}, 'write', '0x50678'],
    ['extended small page: bit 0 is no XN', [TABLE, 0x5_0033n], {}, 'execute', '0x50678'],
    ['section', [0x4000_0c02n], {}, 'write', '0x40045678'],
    ['section: bit 15 is no APX, bit 4 no XN', [0x4000_8c12n], {}, 'execute', '0x40045678'],
    ['L1 type 11 is no section', [0x4000_0c03n], {}, 'read', 'translation 0x5'],
    ['AP = 00, S', [TABLE, small(0n)], { user: false }, 'read', '0x50678'],
    ['AP = 00, S: no write', [TABLE, small(0n)], { user: false }, 'write', 'permission 0xf'],
    ['AP = 00, S: not PL0', [TABLE, small(0n)], {}, 'read', 'permission 0xf'],
    ['AP = 00, R', [TABLE, small(0n)], { romProtection: true }, 'read', '0x50678'],
    ['AP = 00, neither', [TABLE, small(0n)], { user: false, systemProtection: false }, 'read', 'permission 0xf'],
    ['AFE is none', [TABLE, small(0b00001000n)], { afe: true }, 'read', '0x50678'],
  ])('%s', (_what, words, state, access, is) => expect(old(words, state, access)).toBe(is));

  test('each quarter has its own', () => {
    const page: Said = [TABLE, small(0b01_11_10_11n)];
    const at = (quarter: bigint): string => old(page, {}, 'write', (VA & ~0xfffn) | (quarter << 10n));
    expect([at(0n), at(1n), at(2n), at(3n)]).toEqual(['0x50000', 'permission 0xf', '0x50800', 'permission 0xf']);
  });
});
