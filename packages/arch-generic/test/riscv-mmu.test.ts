/** Translation by hand: each step of the RISC-V privileged architecture, 12.3.2, as a row over one small tree. */
import { type Access, machine, UsageError } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type RiscvState, riscv, riscvMmu, x86 } from '../src/index.ts';
import { answer, takers, told, type Words, writes } from './support/translate.ts';

const sv39 = riscvMmu(riscv({ mode: 'sv39' }));
const bit = (n: number): bigint => 1n << BigInt(n);
/** An entry: the frame number begins at bit 10. */
const pte = (address: bigint, flags: bigint): bigint => (address >> 2n) | flags;

// The page at 0 in Sv39: tables 0x1000, 0x2000, 0x3000, frame 0x4000. V 1, R 2, W 4, X 8, U 0x10, G 0x20, A 0x40, D 0x80.
const tree = { '0x1000': pte(0x2000n, 1n), '0x2000': pte(0x3000n, 1n), '0x3000': pte(0x4000n, 0xdfn) };
const [TOP, MIDDLE, LAST] = ['0x1000', '0x2000', '0x3000'] as const;
type State = Partial<RiscvState>;
const SATP = (8n << 60n) | 1n;

const walk = (change: Words, access: Access = 'read', state: State = { user: true }): string =>
  told(machine(sv39, state), { ...tree, ...change }, SATP, 0x123n, access);
/** The same with another last entry. */
const page = (flags: bigint, access: Access = 'read', state: State = { user: true }): string =>
  walk({ [LAST]: pte(0x4000n, flags) }, access, state);

test('two to five levels lead to the byte', () => {
  expect(walk({})).toBe('0x4123');
  const of = (mode: 'sv48' | 'sv57') => machine(riscvMmu(riscv({ mode })), { user: true });
  const four = { ...tree, '0x8000': pte(0x1000n, 1n) };
  expect(told(of('sv48'), four, 8n, 0x123n)).toBe('0x4123');
  expect(told(of('sv57'), { ...four, '0x9000': pte(0x8000n, 1n) }, 9n, 0x123n)).toBe('0x4123');
});

test('a root is satp, or PPN alone; the ASID does not count', () => {
  for (const satp of [1n, SATP, (0xffffn << 44n) | 1n])
    expect(told(machine(sv39, { user: true }), tree, satp, 0x123n)).toBe('0x4123');
});

describe('the address must be sign-extended: else a page fault, by what was to be done', () => {
  test.each([
    ['sv39', bit(38) - 1n, 'access-fault 0x5'],
    ['sv39', bit(38), 'page-fault 0xd'],
    ['sv39', bit(64) - bit(38) - 1n, 'page-fault 0xd'],
    ['sv39', bit(64) - bit(38), 'access-fault 0x5'],
    ['sv48', bit(47), 'page-fault 0xd'],
    ['sv57', bit(56), 'page-fault 0xd'],
    ['sv32', bit(32) - 1n, 'access-fault 0x5'],
    ['sv32', bit(32), 'page-fault 0xd'],
  ] as const)('%s: 0x%x', (mode, addr, expected) =>
    expect(told(machine(riscvMmu(riscv({ mode }))), {}, 1n, addr)).toBe(expected),
  );
  test('causes', () => {
    const of = (access: Access) => told(machine(sv39), {}, 1n, bit(38), access);
    expect([of('execute'), of('read'), of('write')]).toEqual(['page-fault 0xc', 'page-fault 0xd', 'page-fault 0xf']);
  });
});

test('a table outside memory is an access fault, of the kind of the access', () => {
  const lost = { [MIDDLE]: pte(0x9000n, 1n) };
  expect(walk(lost, 'execute')).toBe('access-fault 0x1');
  expect(walk(lost, 'read')).toBe('access-fault 0x5');
  expect(walk(lost, 'write')).toBe('access-fault 0x7');
});

describe('what is reserved: a page fault', () => {
  test.each<[string, Words, State, string]>([
    ['V = 0', { [LAST]: pte(0x4000n, 0xden) }, {}, 'page-fault 0xd'],
    ['V = 0 above', { [TOP]: pte(0x2000n, 0n) }, {}, 'page-fault 0xd'],
    ['W without R', { [LAST]: pte(0x4000n, 0xd5n) }, {}, 'page-fault 0xd'],
    ['W and X without R', { [LAST]: pte(0x4000n, 0xddn) }, {}, 'page-fault 0xd'],
    ['W without R above: no pointer', { [TOP]: pte(0x2000n, 5n) }, {}, 'page-fault 0xd'],
    ['a pointer at the last level', { [LAST]: pte(0x4000n, 1n) }, {}, 'page-fault 0xd'],
    ['D in a pointer', { [TOP]: pte(0x2000n, 0x81n) }, {}, 'page-fault 0xd'],
    ['A in a pointer', { [MIDDLE]: pte(0x3000n, 0x41n) }, {}, 'page-fault 0xd'],
    ['U in a pointer', { [TOP]: pte(0x2000n, 0x11n) }, {}, 'page-fault 0xd'],
    ['G and the software bits in a pointer', { [TOP]: pte(0x2000n, 0x321n) }, {}, '0x4123'],
    ['bit 54', { [LAST]: tree[LAST] | bit(54) }, {}, 'page-fault 0xd'],
    ['bit 60 above', { [TOP]: tree[TOP] | bit(60) }, {}, 'page-fault 0xd'],
    ['2 MiB page', { [MIDDLE]: pte(0x20_0000n, 0xdfn) }, {}, '0x200123'],
    ['2 MiB page, not aligned', { [MIDDLE]: pte(0x20_1000n, 0xdfn) }, {}, 'page-fault 0xd'],
    ['2 MiB page, not aligned by its highest bit', { [MIDDLE]: pte(0x30_0000n, 0xdfn) }, {}, 'page-fault 0xd'],
    ['1 GiB page', { [TOP]: pte(0x4000_0000n, 0xdfn) }, {}, '0x40000123'],
    ['1 GiB page, aligned to 2 MiB only', { [TOP]: pte(0x4020_0000n, 0xdfn) }, {}, 'page-fault 0xd'],
    ['a page of 56 bits', { [LAST]: pte(bit(55), 0xdfn) }, {}, '0x80000000000123'],
  ])('%s', (_, change, state, expected) => expect(walk(change, 'read', { user: true, ...state })).toBe(expected));

  test.each<[string, Words, State, string]>([
    ['PBMT without Svpbmt', { [LAST]: tree[LAST] | bit(61) }, {}, 'page-fault 0xd'],
    ['PBMT 1', { [LAST]: tree[LAST] | bit(61) }, { svpbmt: true }, '0x4123'],
    ['PBMT 2', { [LAST]: tree[LAST] | bit(62) }, { svpbmt: true }, '0x4123'],
    ['PBMT 3', { [LAST]: tree[LAST] | bit(61) | bit(62) }, { svpbmt: true }, 'page-fault 0xd'],
    ['PBMT in a pointer', { [TOP]: tree[TOP] | bit(61) }, { svpbmt: true }, 'page-fault 0xd'],
    ['N without Svnapot', { [LAST]: pte(0x1_8000n, 0xdfn) | bit(63) }, {}, 'page-fault 0xd'],
    [
      'N: PPN[3:0] 1000 is 64 KiB, the rest is the address',
      { [LAST]: pte(0x1_8000n, 0xdfn) | bit(63) },
      { svnapot: true },
      '0x10123',
    ],
    ['N: 0100', { [LAST]: pte(0x1_4000n, 0xdfn) | bit(63) }, { svnapot: true }, 'page-fault 0xd'],
    ['N: 1001', { [LAST]: pte(0x1_9000n, 0xdfn) | bit(63) }, { svnapot: true }, 'page-fault 0xd'],
    ['N in a superpage', { [MIDDLE]: pte(0x20_0000n, 0xdfn) | bit(63) }, { svnapot: true }, 'page-fault 0xd'],
    ['N in a pointer', { [TOP]: tree[TOP] | bit(63) }, { svnapot: true }, 'page-fault 0xd'],
  ])('%s', (_, change, state, expected) => expect(walk(change, 'read', { user: true, ...state })).toBe(expected));

  test('a NAPOT page: all 16 slots lead into it', () => {
    const of = machine(sv39, { user: true, svnapot: true });
    const last = answer(of, { ...tree, '0x3078': pte(0x1_8000n, 0xdfn) | bit(63) }, SATP, 0xf123n);
    expect(last).toMatchObject({ paddr: 0x1_f123n, size: 0x1_0000n });
  });
});

describe('rights: the leaf alone', () => {
  test.each<[string, bigint, Access, State, string]>([
    ['U-mode needs U', 0xcfn, 'read', { user: true }, 'page-fault 0xd'],
    ['S-mode does without', 0xcfn, 'read', {}, '0x4123'],
    ['S-mode on a user page', 0xdfn, 'read', { sum: false }, 'page-fault 0xd'],
    ['… with SUM', 0xdfn, 'write', { sum: true }, '0x4123'],
    ['… never executes, also with SUM', 0xdfn, 'execute', { sum: true }, 'page-fault 0xc'],
    ['R', 0xd9n, 'read', { user: true }, 'page-fault 0xd'],
    ['MXR reads what can be executed', 0xd9n, 'read', { user: true, mxr: true }, '0x4123'],
    ['W', 0xdbn, 'write', { user: true }, 'page-fault 0xf'],
    ['X', 0xd7n, 'execute', { user: true }, 'page-fault 0xc'],
  ])('%s', (_, flags, access, state, expected) => expect(page(flags, access, state)).toBe(expected));

  test('who took which right', () => {
    const ask = (flags: bigint, state: State) =>
      takers(answer(machine(sv39, state), { ...tree, [LAST]: pte(0x4000n, flags) }, SATP, 0n));
    expect(ask(0xd3n, { user: true })).toEqual(['write pte: W = 0', 'execute pte: X = 0']);
    expect(ask(0x57n, { user: true })).toEqual(['execute pte: X = 0', 'write pte: D = 0, ADUE = 0']);
    expect(ask(0xdfn, { sum: true })).toEqual(['execute pte: U = 1: S-mode executes no user page']);
  });
});

describe('accessed and dirty', () => {
  const marks = (flags: bigint, access: Access): Words =>
    writes(
      answer(machine(sv39, { user: true, adue: true }), { ...tree, [LAST]: pte(0x4000n, flags) }, SATP, 0n, access),
    );

  test('without ADUE their absence is a page fault', () => {
    expect(page(0x9fn)).toBe('page-fault 0xd');
    expect(page(0x5fn, 'write')).toBe('page-fault 0xf');
    expect(page(0x5fn)).toBe('0x4123');
  });
  test('with ADUE the hardware sets them, in the leaf only, where they are missing', () => {
    expect(marks(0x1fn, 'read')).toEqual({ [LAST]: pte(0x4000n, 0x5fn) });
    expect(marks(0x5fn, 'write')).toEqual({ [LAST]: pte(0x4000n, 0xdfn) });
    expect(marks(0x5fn, 'execute')).toEqual({});
  });
  test('a missing right comes first, and then nothing is written', () => expect(marks(0x1bn, 'write')).toEqual({}));
});

describe('Sv32: 4-byte entries, 34 address bits, superpages of 4 MiB', () => {
  const sv32 = riscvMmu(riscv({ mode: 'sv32' }));
  const words = { '0x1004': pte(0x2000n, 1n), '0x2004': pte(0x3_0000_4000n, 0xdfn) };
  const ask = (change: Words): string =>
    told(machine(sv32, { user: true }), { ...words, ...change }, bit(31) | 1n, 0x40_1123n);

  test.each<[string, Words, string]>([
    ['two levels', {}, '0x300004123'],
    ['4 MiB page', { '0x1004': pte(0x80_0000n, 0xdfn) }, '0x801123'],
    ['not aligned', { '0x1004': pte(0x80_1000n, 0xdfn) }, 'page-fault 0xd'],
    ['W without R', { '0x2004': pte(0x4000n, 0xd5n) }, 'page-fault 0xd'],
    ['A in a pointer', { '0x1004': pte(0x2000n, 0x41n) }, 'page-fault 0xd'],
  ])('%s', (_, change, expected) => expect(ask(change)).toBe(expected));
});

test('another architecture has another MMU', () =>
  expect(() => riscvMmu(x86({ paging: '4-level' }))).toThrow(UsageError));

describe('satp', () => {
  const ask = (mode: 'sv32' | 'sv39', satp: bigint, addr: bigint, access: Access = 'read'): string =>
    told(machine(riscvMmu(riscv({ mode })), { user: true }), tree, satp, addr, access);

  test('0 is Bare: an address is physical, and no table is read', () => {
    for (const access of ['read', 'write', 'execute'] as const) {
      expect(ask('sv39', 0n, 0x80_1234_5678n, access)).toBe('0x8012345678');
      expect(ask('sv32', 0n, 0xffff_f123n, access)).toBe('0xfffff123');
    }
    expect(answer(machine(sv39), tree, 0n, 0x123n)).toMatchObject({ path: [], updates: [], taken: [] });
    expect(ask('sv39', 0n, bit(56), 'write')).toBe('access-fault 0x7');
    expect(ask('sv32', 0n, bit(32))).toBe('access-fault 0x5');
  });

  test('another mode has other tables', () => {
    expect(ask('sv39', (9n << 60n) | 1n, 0x123n)).toBe('root-mismatch');
    expect(ask('sv39', (8n << 60n) | 1n, 0x123n)).toBe('0x4123');
  });
});

describe('pointer masking', () => {
  const flags = { ...tree, [LAST]: pte(0x4000n, 0xdfn) };
  const high = bit(64) - bit(38);
  const ask = (state: State, addr: bigint, access: Access = 'read', root = SATP): string =>
    told(machine(sv39, { user: true, ...state }), flags, root, addr, access);
  test.each<[string, State, bigint, Access, string]>([
    ['7 bits', { pmlen: 7 }, 0x7fn << 57n, 'read', '0x4123'],
    ['bit 56 counts', { pmlen: 7 }, 1n << 56n, 'read', 'page-fault 0xd'],
    ['16 bits', { pmlen: 16 }, 0xffffn << 48n, 'write', '0x4123'],
    ['bit 47 counts', { pmlen: 16 }, 1n << 47n, 'read', 'page-fault 0xd'],
    ['the upper half: copies of 1', { pmlen: 7 }, high ^ (0x55n << 57n), 'read', 'access-fault 0x5'],
    ['never a fetch', { pmlen: 7 }, 1n << 60n, 'execute', 'page-fault 0xc'],
    ['not with MXR', { pmlen: 7, mxr: true }, 1n << 60n, 'read', 'page-fault 0xd'],
    ['none', {}, 1n << 60n, 'read', 'page-fault 0xd'],
  ])('%s', (_, state, tag, access, expected) => expect(ask(state, tag ^ 0x123n, access)).toBe(expected));

  test('Sv57, 16 bits: what is masked indexes nothing', () => {
    const of = machine(riscvMmu(riscv({ mode: 'sv57' })), { user: true, pmlen: 16 });
    const five = { ...flags, '0x8000': pte(0x1000n, 1n), '0x9000': pte(0x8000n, 1n) };
    expect(told(of, five, (10n << 60n) | 9n, (0xabcdn << 48n) | 0x123n)).toBe('0x4123');
  });

  test('Bare: the ignored bits are 0', () => {
    expect(ask({ pmlen: 7 }, (0x7fn << 57n) | 0x123n, 'read', 0n)).toBe('0x123');
    expect(ask({ pmlen: 0 }, (0x7fn << 57n) | 0x123n, 'read', 0n)).toBe('access-fault 0x5');
  });

  test('stval is the address that was translated', () => {
    const addr = (0x55n << 57n) | bit(40);
    const got = answer(machine(sv39, { pmlen: 7 }), flags, SATP, addr);
    expect(got).toMatchObject({ status: { scause: 13n, stval: bit(40) } });
  });

  test.each<['sv32' | 'sv39', number]>([
    ['sv39', 8],
    ['sv32', 7],
  ])('%s has no PMLEN of %i', (mode, pmlen) => {
    expect(() => machine(riscvMmu(riscv({ mode })), { pmlen })).toThrow(UsageError);
  });
});
