/** Paging by hand: each rule of SDM volume 3, chapter 4 as a row over one small tree. */
import { type Access, explain, flatMemory, machine, paddr, UsageError, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { riscv, type X86State, x86, x86Mmu } from '../src/index.ts';
import { answer, takers, told, type Words, writes } from './support/translate.ts';

const four = x86Mmu(x86({ paging: '4-level' }));
const bit = (n: number): bigint => 1n << BigInt(n);

// The page at 0 with four levels: PML4 0x1000, PDPT 0x2000, PD 0x3000, PT 0x4000, frame 0x5000.
const tree = { '0x1000': 0x2007n, '0x2000': 0x3007n, '0x3000': 0x4007n, '0x4000': 0x5007n };
const [PML4E, PDPTE, PDE, PTE] = ['0x1000', '0x2000', '0x3000', '0x4000'] as const;
type Change = Partial<Record<keyof typeof tree, bigint>>;
type State = Partial<X86State>;

/** Rows say which switches are on; the others are off here. */
const OFF = { nxe: false, wp: false };

const walk = (change: Change, access: Access = 'read', state: State = {}): string =>
  told(machine(four, { ...OFF, ...state }), { ...tree, ...change }, 0x1000n, 0x123n, access);

test('four levels, and five, lead to the byte', () => {
  expect(walk({})).toBe('0x5123');
  const five = machine(x86Mmu(x86({ paging: '5-level' })));
  expect(told(five, { ...tree, '0x6000': 0x1007n }, 0x6000n, 0x123n)).toBe('0x5123');
  // The index into PML5 is bits 56:48.
  expect(told(five, { ...tree, '0x6008': 0x1007n }, 0x6000n, bit(48) | 0x123n)).toBe('0x5123');
});

describe('P = 0 ends the walk at any level, and nothing else of the entry counts', () => {
  test.each([PML4E, PDPTE, PDE, PTE])('%s', (slot) => {
    expect(walk({ [slot]: 0n })).toBe('page-fault 0x0');
    // Reserved bits of an entry that is not present never fault.
    expect(walk({ [slot]: bit(45) | bit(63) | 0x80n }, 'read', { maxPhysBits: 40 })).toBe('page-fault 0x0');
  });

  test.each<[Access, State, string]>([
    ['read', { user: true }, 'page-fault 0x4'],
    ['write', {}, 'page-fault 0x2'],
    ['write', { user: true }, 'page-fault 0x6'],
    // I is told only where a fetch can be forbidden: XD or SMEP.
    ['execute', {}, 'page-fault 0x0'],
    ['execute', { nxe: true }, 'page-fault 0x10'],
    ['execute', { smep: true, user: true }, 'page-fault 0x14'],
  ])('%s in state %o', (access, state, expected) => expect(walk({ [PTE]: 0n }, access, state)).toBe(expected));
});

describe('a reserved bit: RSVD comes with P, so 0x9 and never 0x8', () => {
  const ps = 0x80n;
  test.each<[string, Change, State, string]>([
    ['PS in PML4', { [PML4E]: 0x2007n | ps }, {}, 'page-fault 0x9'],
    ['an address bit beyond MAXPHYADDR: PML4', { [PML4E]: 0x2007n | bit(40) }, { maxPhysBits: 40 }, 'page-fault 0x9'],
    ['… PDPT', { [PDPTE]: 0x3007n | bit(51) }, { maxPhysBits: 40 }, 'page-fault 0x9'],
    ['… PD', { [PDE]: 0x4007n | bit(46) }, { maxPhysBits: 46 }, 'page-fault 0x9'],
    ['… PT', { [PTE]: 0x5007n | bit(36) }, { maxPhysBits: 36 }, 'page-fault 0x9'],
    ['the highest bit that there is', { [PTE]: 0x5007n | bit(35) }, { maxPhysBits: 36 }, '0x800005123'],
    ['52 bits: none is reserved', { [PTE]: 0x5007n | bit(51) }, {}, '0x8000000005123'],
    ['XD without NXE: PML4', { [PML4E]: 0x2007n | bit(63) }, {}, 'page-fault 0x9'],
    ['XD without NXE: PT', { [PTE]: 0x5007n | bit(63) }, {}, 'page-fault 0x9'],
    ['XD with NXE', { [PTE]: 0x5007n | bit(63) }, { nxe: true }, '0x5123'],
    ['1 GiB page', { [PDPTE]: 0x4000_0007n | ps }, {}, '0x40000123'],
    ['1 GiB page: bit 13', { [PDPTE]: 0x4000_2007n | ps }, {}, 'page-fault 0x9'],
    ['1 GiB page: bit 29', { [PDPTE]: 0x6000_0007n | ps }, {}, 'page-fault 0x9'],
    ['1 GiB page: bit 12 is PAT', { [PDPTE]: 0x4000_1007n | ps }, {}, '0x40000123'],
    ['2 MiB page', { [PDE]: 0x20_0007n | ps }, {}, '0x200123'],
    ['2 MiB page: bit 13', { [PDE]: 0x20_2007n | ps }, {}, 'page-fault 0x9'],
    ['2 MiB page: bit 20', { [PDE]: 0x30_0007n | ps }, {}, 'page-fault 0x9'],
    ['2 MiB page: bit 12 is PAT', { [PDE]: 0x20_1007n | ps }, {}, '0x200123'],
    ['bit 7 of a PTE is PAT', { [PTE]: 0x5007n | ps }, {}, '0x5123'],
    ['ignored: 11:9 and 62:52', { [PML4E]: 0x2e07n | (0x7ffn << 52n), [PTE]: 0x5e07n | (0x7ffn << 52n) }, {}, '0x5123'],
  ])('%s', (_, change, state, expected) => expect(walk(change, 'read', state)).toBe(expected));

  test('W, U and I are told as ever', () => {
    const bad = { [PDE]: 0x30_0087n };
    expect(walk(bad, 'write')).toBe('page-fault 0xb');
    expect(walk(bad, 'write', { user: true })).toBe('page-fault 0xf');
    expect(walk(bad, 'execute', { nxe: true })).toBe('page-fault 0x19');
    expect(walk(bad, 'execute', { nxe: true, user: true })).toBe('page-fault 0x1d');
  });
});

describe('what comes first', () => {
  test('a reserved bit further up beats an absent entry further down', () =>
    expect(walk({ [PML4E]: 0x2087n, [PTE]: 0n })).toBe('page-fault 0x9'));
  test('an absent entry further down beats a missing right further up', () =>
    expect(walk({ [PML4E]: 0x2003n, [PTE]: 0n }, 'read', { user: true })).toBe('page-fault 0x4'));
});

describe('rights are joined over all levels', () => {
  test.each([PML4E, PDPTE, PDE, PTE])('U/S, R/W and XD of %s alone', (slot) => {
    const raw = tree[slot];
    expect(walk({ [slot]: raw & ~4n }, 'read', { user: true })).toBe('page-fault 0x5');
    expect(walk({ [slot]: raw & ~4n })).toBe('0x5123');
    expect(walk({ [slot]: raw & ~2n }, 'write', { user: true })).toBe('page-fault 0x7');
    expect(walk({ [slot]: raw | bit(63) }, 'execute', { nxe: true })).toBe('page-fault 0x11');
    expect(walk({ [slot]: raw | bit(63) }, 'execute', { nxe: true, user: true })).toBe('page-fault 0x15');
  });

  test('the supervisor needs R/W only with CR0.WP', () => {
    expect(walk({ [PTE]: 0x5005n }, 'write')).toBe('0x5123');
    expect(walk({ [PTE]: 0x5005n }, 'write', { wp: true })).toBe('page-fault 0x3');
  });

  test.each<[string, Access, State, string]>([
    ['SMEP: no fetch from a user page', 'execute', { smep: true }, 'page-fault 0x11'],
    ['SMEP: loads as ever', 'read', { smep: true }, '0x5123'],
    ['SMEP: the user as ever', 'execute', { smep: true, user: true }, '0x5123'],
    ['SMAP: no load from a user page', 'read', { smap: true }, 'page-fault 0x1'],
    ['SMAP: no store', 'write', { smap: true }, 'page-fault 0x3'],
    ['SMAP: fetches as ever', 'execute', { smap: true }, '0x5123'],
    ['SMAP with AC', 'write', { smap: true, ac: true }, '0x5123'],
    ['SMAP: the user as ever', 'write', { smap: true, user: true }, '0x5123'],
  ])('%s', (_, access, state, expected) => {
    expect(walk({}, access, state)).toBe(expected);
    // One entry without U/S makes it no user page.
    if (!state.user) expect(walk({ [PDPTE]: 0x3003n }, access, state)).toBe('0x5123');
  });
});

describe('protection keys: data of user pages, by the key in the leaf', () => {
  const keyed = { [PTE]: 0x5007n | (3n << 59n) };
  const [AD, WD] = [1n << 6n, 2n << 6n]; // of key 3
  const user = { user: true, pke: true };
  test.each<[string, Change, Access, State, string]>([
    ['access disabled: read', keyed, 'read', { ...user, pkru: AD }, 'page-fault 0x25'],
    ['access disabled: write', keyed, 'write', { ...user, pkru: AD }, 'page-fault 0x27'],
    ['access disabled: fetches go on', keyed, 'execute', { ...user, pkru: AD }, '0x5123'],
    ['access disabled: the supervisor too', keyed, 'read', { pke: true, pkru: AD }, 'page-fault 0x21'],
    ['write disabled: read', keyed, 'read', { ...user, pkru: WD }, '0x5123'],
    ['write disabled: write', keyed, 'write', { ...user, pkru: WD }, 'page-fault 0x27'],
    ['write disabled: the supervisor only with WP', keyed, 'write', { pke: true, pkru: WD }, '0x5123'],
    ['write disabled: the supervisor with WP', keyed, 'write', { pke: true, pkru: WD, wp: true }, 'page-fault 0x23'],
    [
      'PK is told together with a missing R/W',
      { [PTE]: 0x5005n | (3n << 59n) },
      'write',
      { ...user, pkru: WD },
      'page-fault 0x27',
    ],
    ['another key', keyed, 'write', { ...user, pkru: ~(3n << 6n) & 0xffff_ffffn }, '0x5123'],
    ['a supervisor page has none', { ...keyed, [PDE]: 0x4003n }, 'read', { pke: true, pkru: AD }, '0x5123'],
    ['not without PKE', keyed, 'write', { user: true, pkru: AD }, '0x5123'],
  ])('%s', (_, change, access, state, expected) => expect(walk(change, access, state)).toBe(expected));
});

test('who took which right', () => {
  const state = { user: true, nxe: true, pke: true, pkru: 2n };
  const got = answer(machine(four, state), { ...tree, [PDPTE]: 0x3005n, [PTE]: 0x5007n | bit(63) }, 0x1000n, 0n);
  expect(takers(got)).toEqual(['write pud: R/W = 0', 'execute pte: XD = 1', 'write pte: PKRU forbids the key']);
  expect(got).toMatchObject({ rights: { read: true, write: false, execute: false } });
  const kernel = machine(four, { smep: true, smap: true });
  expect(takers(answer(kernel, tree, 0x1000n, 0n, 'execute'))).toEqual([
    'execute pte: SMEP = 1: a user page',
    'read pte: SMAP = 1, AC = 0: a user page',
    'write pte: SMAP = 1, AC = 0: a user page',
  ]);
});

describe('accessed and dirty', () => {
  const marks = (words: Words, access: Access, state: State = {}): Words =>
    writes(answer(machine(four, state), words, 0x1000n, 0n, access));

  test('A in every entry used, D in the last on a write, and only what changes', () => {
    expect(marks(tree, 'read')).toEqual({ [PML4E]: 0x2027n, [PDPTE]: 0x3027n, [PDE]: 0x4027n, [PTE]: 0x5027n });
    expect(marks({ ...tree, [PML4E]: 0x2027n, [PDE]: 0x4027n }, 'write')).toEqual({ [PDPTE]: 0x3027n, [PTE]: 0x5067n });
    expect(marks({ ...tree, [PTE]: 0x5067n }, 'execute')).not.toHaveProperty(PTE);
    expect(marks({ ...tree, [PDE]: 0x20_0087n }, 'write')).toMatchObject({ [PDE]: 0x20_00e7n });
  });

  test('none on a fault', () => expect(marks(tree, 'write', { smap: true })).toEqual({}));
});

describe('before the walk', () => {
  test.each([
    ['4-level', bit(47) - 1n, 'page-fault 0x0'],
    ['4-level', bit(47), 'general-protection 0x0'],
    ['4-level', bit(64) - bit(47) - 1n, 'general-protection 0x0'],
    ['4-level', bit(64) - bit(47), 'page-fault 0x0'],
    ['5-level', bit(56) - 1n, 'page-fault 0x0'],
    ['5-level', bit(56), 'general-protection 0x0'],
    ['5-level', bit(64) - bit(56), 'page-fault 0x0'],
  ] as const)('%s: 0x%x', (paging, addr, expected) => {
    const nothing = Object.fromEntries(
      Array.from({ length: 512 }, (_, n) => [`0x${(0x1000 + 8 * n).toString(16)}`, 0n]),
    );
    expect(told(machine(x86Mmu(x86({ paging }))), nothing, 0x1000n, addr)).toBe(expected);
  });

  test('CR0.PG = 0: an address of 32 bits is physical, and CR3 is not looked at', () => {
    for (const paging of ['2-level', 'pae', '4-level', '5-level'] as const) {
      const off = machine(x86Mmu(x86({ paging })), { pg: false, user: true, smep: true, smap: true, pke: true });
      for (const access of ['read', 'write', 'execute'] as const)
        expect(told(off, {}, 0n, 0xffff_f123n, access)).toBe('0xfffff123');
      expect(answer(off, tree, 0x1000n, 0x123n)).toMatchObject({ path: [], size: bit(32), updates: [], taken: [] });
      expect(told(off, tree, 0x1000n, bit(32))).toBe('general-protection 0x0');
    }
  });

  test('CR3: PCID, cache bits and the no-flush bit are no part of the origin', () =>
    expect(told(machine(four), tree, bit(63) | 0x1fffn, 0x123n)).toBe('0x5123'));

  test('an entry outside memory: no fault of the architecture, a name of our own and no code', () =>
    expect(told(machine(four), { [PML4E]: 0x2007n }, 0x1000n, 0n)).toBe('outside-memory'));

  test('another architecture has another MMU', () => expect(() => x86Mmu(riscv({ mode: 'sv39' }))).toThrow(UsageError));
});

test('the encryption bit is neither reserved nor address, in CR3, tables and pages', () => {
  const c = bit(47);
  const words = Object.fromEntries(Object.entries(tree).map(([slot, raw]) => [slot, raw | c]));
  expect(told(machine(four, { encMask: c, maxPhysBits: 43 }), words, 0x1000n | c, 0x123n)).toBe('0x5123');
  expect(told(machine(four, { maxPhysBits: 43 }), words, 0x1000n, 0x123n)).toBe('page-fault 0x9');
  expect(told(machine(four, { encMask: c }), { ...tree, [PDE]: 0x20_0087n | c }, 0x1000n, 0x123n)).toBe('0x200123');
});

describe('PAE', () => {
  const pae = x86Mmu(x86({ paging: 'pae' }));
  // The second PDPTE, PD 0x3000, PT 0x4000; the address is in the second GiB.
  const words = { '0x1028': 0x3001n, '0x3000': 0x4007n, '0x4000': 0x5007n };
  const ask = (change: Words, access: Access = 'read', state: State = {}): string =>
    told(machine(pae, state), { ...words, ...change }, 0x1020n, 0x4000_0123n, access);

  test.each<[string, Words, Access, State, string]>([
    ['CR3 is aligned to 32 bytes; the PDPTE has no U/S', {}, 'write', { user: true }, '0x5123'],
    ['PDPTE: P = 0', { '0x1028': 0x3000n }, 'read', {}, 'page-fault 0x0'],
    ['PDPTE: R/W is reserved', { '0x1028': 0x3003n }, 'read', {}, 'general-protection 0x0'],
    ['PDPTE: A is reserved', { '0x1028': 0x3021n }, 'read', {}, 'general-protection 0x0'],
    [
      'PDPTE: bit 63 is reserved, also with NXE',
      { '0x1028': 0x3001n | bit(63) },
      'read',
      { nxe: true },
      'general-protection 0x0',
    ],
    ['PDPTE: PWT, PCD and 11:9 are not', { '0x1028': 0x3e19n }, 'read', {}, '0x5123'],
    ['PDPTE: an absent one has no reserved bits', { '0x1028': 0x3022n }, 'read', {}, 'page-fault 0x0'],
    ['PDE: bit 62 is reserved here', { '0x3000': 0x4007n | bit(62) }, 'read', {}, 'page-fault 0x9'],
    ['PTE: bit 52 too', { '0x4000': 0x5007n | bit(52) }, 'read', {}, 'page-fault 0x9'],
    ['2 MiB page', { '0x3000': 0x20_0087n }, 'read', {}, '0x200123'],
    ['2 MiB page: bit 20', { '0x3000': 0x30_0087n }, 'read', {}, 'page-fault 0x9'],
    ['XD', { '0x3000': 0x4007n | bit(63) }, 'execute', { nxe: true }, 'page-fault 0x11'],
    ['there are no keys', {}, 'write', { user: true, pke: true, pkru: 3n }, '0x5123'],
  ])('%s', (_, change, access, state, expected) => expect(ask(change, access, state)).toBe(expected));

  test('a PDPTE has no A', () =>
    expect(writes(answer(machine(pae), words, 0x1020n, 0x4000_0000n))).toEqual({
      '0x3000': 0x4027n,
      '0x4000': 0x5027n,
    }));
  test('an address has 32 bits', () =>
    expect(told(machine(pae), words, 0x1020n, bit(32))).toBe('general-protection 0x0'));
});

describe('32-bit paging', () => {
  const two = x86Mmu(x86({ paging: '2-level' }));
  // The second page directory entry and the second page: 4 bytes each.
  const words = { '0x1004': 0x2007n, '0x2004': 0x3007n };
  const ask = (change: Words, access: Access = 'read', state: State = {}): string =>
    told(machine(two, state), { ...words, ...change }, 0x1000n, 0x40_1123n, access);

  test.each<[string, Words, Access, State, string]>([
    ['two levels', {}, 'write', { user: true }, '0x3123'],
    ['R/W above', { '0x1004': 0x2005n }, 'write', { user: true }, 'page-fault 0x7'],
    ['there is no XD: NXE changes nothing', {}, 'execute', { nxe: true }, '0x3123'],
    ['and I is told with SMEP only', { '0x2004': 0n }, 'execute', { nxe: true }, 'page-fault 0x0'],
    ['I with SMEP', { '0x2004': 0n }, 'execute', { smep: true }, 'page-fault 0x10'],
    ['4 MiB page', { '0x1004': 0x80_0087n }, 'read', {}, '0x801123'],
    ['PSE-36: 20:13 are address bits 39:32', { '0x1004': 0x9e_0087n }, 'read', {}, '0xf000801123'],
    ['PSE-36: bit 21 is reserved', { '0x1004': 0xa0_0087n }, 'read', {}, 'page-fault 0x9'],
    ['36 bits: 20:17 are reserved', { '0x1004': 0x82_0087n }, 'read', { maxPhysBits: 36 }, 'page-fault 0x9'],
    ['36 bits: 16:13 are address', { '0x1004': 0x81_e087n }, 'read', { maxPhysBits: 36 }, '0xf00801123'],
    ['32 bits: 21:13 are reserved', { '0x1004': 0x80_2087n }, 'read', { maxPhysBits: 32 }, 'page-fault 0x9'],
    ['nothing is reserved in a table entry', { '0x1004': 0x2e1fn }, 'read', {}, '0x3123'],
  ])('%s', (_, change, access, state, expected) => expect(ask(change, access, state)).toBe(expected));
});

test('that paging could be off is no advice: it says nothing of the tables', () => {
  const memory = flatMemory(new ArrayBuffer(0x6000));
  for (const [at, entry] of Object.entries(tree)) memory.write(paddr(BigInt(at)), 8, 'little', entry & ~2n);
  const query = { root: 0x1000n, addr: vaddr(0x123n), access: 'write' } as const;
  const { result, changes } = explain(machine(four), memory, query);
  expect(result.kind).toBe('fault');
  expect(changes.map(({ flip }) => flip)).toContainEqual({ kind: 'state', name: 'wp', value: false });
  for (const { flip } of changes) expect(flip).not.toMatchObject({ name: 'pg' });
});

test('without 1 GiB pages PS is reserved in a PDPTE; PAE and 2 levels have none, 4 and 5 have', () => {
  const large = { [PDPTE]: 0x4000_0087n };
  expect(walk(large)).toBe('0x40000123');
  expect(walk(large, 'read', { pdpe1gb: false })).toBe('page-fault 0x9');
  expect(walk({}, 'read', { pdpe1gb: false })).toBe('0x5123');
});

test('CR4.PSE = 0: PS of a PDE is ignored with 2 levels, and counts with all others', () => {
  const two = x86Mmu(x86({ paging: '2-level' }));
  const words = { '0x1004': 0xc0_00e7n, '0xc00000': 0x8067n };
  expect(told(machine(two), words, 0x1000n, 0x40_0123n)).toBe('0xc00123');
  expect(told(machine(two, { pse: false }), words, 0x1000n, 0x40_0123n)).toBe('0x8123');
  expect(walk({ [PDE]: 0x20_0087n }, 'read', { pse: false })).toBe('0x200123');
});

describe('LAM: metadata of data pointers, and what must still be canonical', () => {
  const [U57, U48] = [bit(61) | 0x1000n, bit(62) | 0x1000n];
  const [low, high] = [0x123n, bit(64) - bit(47) + 0x123n];
  const upper = { ...tree, '0x1800': 0x2007n };
  const meta = (addr: bigint, mask: bigint): bigint => addr ^ mask;
  const five = x86Mmu(x86({ paging: '5-level' }));
  const deep = { ...upper, '0x6000': 0x1007n, '0x6ff8': 0x1007n };
  test.each<[string, bigint, bigint, State, Access, string]>([
    ['U57: bits 62:57', U57, meta(low, 0x3fn << 57n), { user: true }, 'read', '0x5123'],
    ['U57: bit 56 is address', U57, meta(low, bit(56)), { user: true }, 'read', 'general-protection 0x0'],
    ['U48: bits 62:48', U48, meta(low, 0x7fffn << 48n), { user: true }, 'write', '0x5123'],
    ['U48: bit 47 is address', U48, meta(low, bit(47)), {}, 'read', 'general-protection 0x0'],
    ['both: U57 counts', U57 | U48, meta(low, bit(50)), {}, 'read', 'general-protection 0x0'],
    ['the supervisor’s access to the lower half', U57, meta(low, bit(60)), {}, 'read', '0x5123'],
    ['never a fetch', U57, meta(low, bit(60)), {}, 'execute', 'general-protection 0x0'],
    ['not the upper half', U48, meta(high, bit(60)), {}, 'read', 'general-protection 0x0'],
    ['SUP: bits 62:48 with four levels', 0x1000n, meta(high, 0x7fffn << 48n), { lamSup: true }, 'read', '0x5123'],
    ['SUP: not the lower half', 0x1000n, meta(low, bit(60)), { lamSup: true }, 'read', 'general-protection 0x0'],
    ['SUP: bit 47 is address', 0x1000n, meta(high, bit(47)), { lamSup: true }, 'read', 'general-protection 0x0'],
  ])('%s', (_, root, addr, state, access, expected) =>
    expect(told(machine(four, state), upper, root, addr, access)).toBe(expected),
  );
  test.each<[string, bigint, bigint, State, string]>([
    ['U57: bits 62:57', bit(61), meta(low, 0x3fn << 57n), {}, '0x5123'],
    ['U48: bits 56:48 are metadata too, and index nothing', bit(62), meta(low, 0x7fffn << 48n), {}, '0x5123'],
    ['U48: bit 47 must be as bit 63', bit(62), meta(low, bit(47)), {}, 'general-protection 0x0'],
    ['SUP: bits 62:57 with five levels', 0n, meta(high, 0x3fn << 57n), { lamSup: true }, '0x5123'],
    ['SUP: bit 56 is address', 0n, meta(high, bit(56)), { lamSup: true }, 'general-protection 0x0'],
  ])('five levels, %s', (_, cr3, addr, state, expected) =>
    expect(told(machine(five, state), deep, cr3 | 0x6000n, addr)).toBe(expected),
  );
  test('a fault tells the pointer as it was', () => {
    const addr = meta(low, bit(60));
    const got = answer(machine(four), { '0x1000': 0n }, U57, addr);
    expect(got).toMatchObject({ code: 0n, status: { 'error code': 0n, CR2: addr } });
  });
});
