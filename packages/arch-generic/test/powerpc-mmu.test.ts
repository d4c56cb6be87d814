import { type Access, machine } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type PowerpcState, powerpc, powerpcMmu } from '../src/index.ts';
import { answer, told, type Words, writes } from './support/translate.ts';

const mmu = powerpcMmu(powerpc({ page: '64k' }));
const bit = (n: number): bigint => 1n << BigInt(n);
const [V, LEAF] = [bit(63), bit(62)];
const [EXEC, WRITE, READ, PRIV, C, R] = [0x1n, 0x2n, 0x4n, 0x8n, 0x80n, 0x100n];

// Index 1, 2, 3, 4 in tables at 0x10000, 0x2000, 0x3000, 0x4100 (32 slots); then the page at 0x50000.
const VA = (1n << 39n) | (2n << 30n) | (3n << 21n) | (4n << 16n) | 0x1234n;
const ROOT = 0x4000_0000_0001_00adn;
const PAGE = V | LEAF | 0x5_0000n | R | C | READ | WRITE | EXEC;

type State = Partial<PowerpcState>;
type Said = Readonly<Partial<Record<'pgd' | 'pud' | 'pmd' | 'pte', bigint>>>;

const words = (said: Said): Words => ({
  '0x10008': said.pgd ?? V | 0x2009n,
  '0x2010': said.pud ?? V | 0x3009n,
  '0x3018': said.pmd ?? V | 0x4105n,
  '0x4120': said.pte ?? PAGE,
});
const says = (said: Said, state: State = {}, access: Access = 'read'): string =>
  told(machine(mmu, state), words(said), ROOT, VA, access);

describe('a walk', () => {
  test.each<[what: string, said: Said, is: string]>([
    ['a page of 64 KiB', {}, '0x51234'],
    ['a page of 2 MiB', { pmd: PAGE | 0x4000_0000n }, '0x40041234'],
    ['a page of 1 GiB', { pud: PAGE | 0x4000_0000n }, '0x40641234'],
    ['V = 0', { pgd: 0x2009n }, 'page-fault 0x40000000'],
    ['V = 0', { pud: LEAF }, 'page-fault 0x40000000'],
    ['V = 0', { pmd: 0n }, 'page-fault 0x40000000'],
    ['V = 0', { pte: PAGE & ~V }, 'page-fault 0x40000000'],
    ['NLS 8 in the root', { pgd: V | 0x2008n }, 'page-fault 0x80000'],
    ['NLS 5 in the root', { pgd: V | 0x2005n }, 'page-fault 0x80000'],
    ['NLS 0', { pud: V | 0x3000n }, 'page-fault 0x80000'],
    ['NLS 4 of a pte table', { pmd: V | 0x4104n }, 'page-fault 0x80000'],
    ['V before NLS', { pgd: 0x2008n }, 'page-fault 0x40000000'],
    ['no page has 512 GiB', { pgd: PAGE }, 'page-fault 0x80000'],
    ['no table below the last level', { pte: V | 0x5_0009n }, 'page-fault 0x80000'],
    ['Linux’s reserved bits of a pointer are not looked at', { pmd: V | 0x41e5n }, '0x51234'],
    ['bits 60 and 57 are no address', { pte: PAGE | bit(60) | bit(57) }, '0x51234'],
    ['bit 56 is', { pte: PAGE | bit(56) }, '0x100000000051234'],
    ['a table outside memory', { pmd: V | 0x9005n }, 'page-fault 0x20000'],
  ])('%s', (_what, said, is) => expect(says(said)).toBe(is));

  test('NLS 9 at the last level: pages of 4 KiB', () => {
    const table = { ...words({ pmd: V | 0x6009n }), '0x6208': PAGE };
    expect(told(machine(mmu), table, ROOT, VA)).toBe('0x50234');
  });

  test('a table is aligned to its size', () => {
    expect(says({ pgd: V | 0x2f09n })).toBe('0x51234');
  });

  test.each<[access: Access, translation: string, protection: string]>([
    ['read', 'page-fault 0x40000000', 'page-fault 0x8000000'],
    ['write', 'page-fault 0x42000000', 'page-fault 0xa000000'],
    ['execute', 'page-fault 0x40000000', 'page-fault 0x10000000'],
  ])('%s: the bits of DSISR, or SRR1', (access, translation, protection) => {
    expect(says({ pte: 0n }, {}, access)).toBe(translation);
    expect(says({ pte: V | LEAF | 0x5_0000n }, {}, access)).toBe(protection);
  });
});

describe('rights, by the leaf alone', () => {
  const may = (pte: bigint, state: State): string =>
    (['read', 'write', 'execute'] as const)
      .map((access) =>
        says({ pte: V | LEAF | pte }, state, access).startsWith('0x') ? access.replace('e', '')[0] : '',
      )
      .join('');
  const KUAP = { amr: bit(63) | bit(62), iamr: bit(62) };
  test.each<[what: string, pte: bigint, supervisor: string, problem: string, keyed: string]>([
    ['nothing', 0n, '', '', ''],
    ['READ', READ, 'r', 'r', ''],
    ['WRITE implies read', WRITE, 'rw', 'rw', ''],
    ['EXEC alone', EXEC, 'x', 'x', ''],
    ['all', READ | WRITE | EXEC, 'rwx', 'rwx', ''],
    // Problem state gets nothing; and the keys hold nobody off a privileged page.
    ['all, PRIV', PRIV | READ | WRITE | EXEC, 'rwx', '', 'rwx'],
    ['no fetch from non-idempotent memory', 0x20n | READ | EXEC, 'r', 'r', ''],
    ['tolerant is not that', 0x30n | READ | EXEC, 'rx', 'rx', ''],
  ])('%s', (_what, pte, supervisor, problem, keyed) => {
    expect(may(pte, {})).toBe(supervisor);
    expect(may(pte, { user: true })).toBe(problem);
    expect(may(pte, KUAP)).toBe(keyed);
    expect(may(pte, { ...KUAP, user: true })).toBe(problem);
  });

  test.each<[key: string, state: State, may: string]>([
    ['AMR, bit 62: no loads', { amr: bit(62) }, 'wx'],
    ['AMR, bit 63: no stores', { amr: bit(63) }, 'rx'],
    ['IAMR, bit 62: no fetches', { iamr: bit(62) }, 'rw'],
    ['another key', { amr: bit(61) | bit(60), iamr: bit(60) }, 'rwx'],
  ])('%s', (_key, state, expected) => expect(may(READ | WRITE | EXEC, state)).toBe(expected));
});

describe('R and C', () => {
  test.each<[what: string, had: bigint, access: Access, gets: bigint | undefined]>([
    ['a read sets R', 0n, 'read', R],
    ['a fetch sets R', C, 'execute', R | C],
    ['a write sets both', 0n, 'write', R | C],
    ['a write sets C', R, 'write', R | C],
    ['a read of what has R', R, 'read', undefined],
    ['a write of what has both', R | C, 'write', undefined],
  ])('%s', (_what, had, access, gets) => {
    const pte = PAGE & ~(R | C);
    const got = answer(machine(mmu), words({ pte: pte | had }), ROOT, VA, access);
    expect(writes(got)).toEqual(gets === undefined ? {} : { '0x4120': pte | gets });
  });
});

describe('before the walk', () => {
  test.each<[what: string, va: bigint, access: Access, is: string]>([
    ['quadrant 1', bit(62), 'read', 'segment 0x380'],
    ['quadrant 2', bit(63), 'write', 'segment 0x380'],
    ['quadrant 2', bit(63), 'execute', 'segment 0x480'],
    ['more than 52 bits', bit(52), 'read', 'segment 0x380'],
    ['more than 52 bits in quadrant 3', 0xffff_ffff_ffff_0000n, 'read', 'segment 0x380'],
    ['quadrant 3', 0xc000_0000_0000_0000n | VA, 'read', '0x51234'],
  ])('%s', (_what, va, access, is) => expect(told(machine(mmu), words({}), ROOT, va, access)).toBe(is));

  test.each<[what: string, root: bigint, is: string]>([
    ['the bare address of the root table', 0x1_0000n, '0x51234'],
    ['RTS 20', 0x4000_0000_0001_008dn, 'page-fault 0x80000'],
    ['RPDS 12', 0x4000_0000_0001_00acn, 'page-fault 0x80000'],
    ['RPDS without RTS', 0x1_000dn, 'page-fault 0x80000'],
  ])('%s', (_what, root, is) => expect(told(machine(mmu), words({}), root, VA)).toBe(is));
});

describe('a guest’s own entries (POWER9, Linux v6.1, 64 KiB pages)', () => {
  const user: Words = {
    '0x4700000': 0x8000_0000_029c_2009n,
    '0x29c2000': 0x8000_0000_0471_0009n,
    '0x4710000': 0x8000_0000_0472_0405n,
    '0x4720400': 0xc000_0000_1fce_0386n,
  };
  const kernel: Words = {
    '0x2748000': 0x8000_0000_029c_e009n,
    '0x29ce000': 0x8000_0000_029d_0009n,
    '0x29d0000': 0x8000_0000_029e_0005n,
    '0x29e0010': 0xc000_0000_033f_018dn,
  };
  const problem = machine(mmu, { user: true });
  test('page 0 of a process', () => {
    expect(told(problem, user, 0x4000_0000_0470_00adn, 0n, 'write')).toBe('0x1fce0000');
  });
  test('a page of the vmalloc area, privileged', () => {
    const [root, va] = [0x4000_0000_0274_00adn, 0xc008_0000_0002_0000n];
    expect(told(machine(mmu), kernel, root, va)).toBe('0x33f0000');
    expect(told(problem, kernel, root, va)).toBe('page-fault 0x8000000');
    expect(told(machine(mmu), kernel, root, va, 'write')).toBe('page-fault 0xa000000');
  });
});
