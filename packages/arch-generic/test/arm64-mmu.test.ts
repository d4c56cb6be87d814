import {
  type Access,
  type Memory,
  machine,
  sparseMemory,
  type Translation,
  translate,
  untagged,
  vaddr,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Arm64State, arm64Mmu } from '../src/index.ts';
import { type Arm64Id, arm64Of } from './support/arm64.ts';

const bit = (n: number): bigint => 1n << BigInt(n);
const hex = (n: bigint | undefined): string => (n === undefined ? '-' : `0x${n.toString(16)}`);

type Entries = Readonly<Record<string, bigint>>;
type Ask = {
  readonly root?: bigint;
  readonly va: bigint;
  readonly access?: Access;
  readonly state?: Partial<Arm64State>;
};

/** Memory that holds these entries and nothing else. */
function memoryOf(entries: Entries): Memory {
  const bytes = new DataView(new ArrayBuffer(8 * Object.keys(entries).length));
  const pieces = Object.entries(entries).map(([at, entry], n) => {
    bytes.setBigUint64(8 * n, entry, true);
    return { at: BigInt(at), length: 8, offset: 8 * n };
  });
  return sparseMemory(bytes.buffer, pieces);
}

/** What the hardware answers where `entries`, by address, are all that memory holds. */
function ask(id: Arm64Id, entries: Entries, { root = 0x1000n, va, access = 'read', state = {} }: Ask): Translation {
  const memory = memoryOf(entries);
  return translate(machine(arm64Mmu(arm64Of(id)), state), memory, { root, addr: vaddr(va), access });
}
const told = (answer: Translation): string =>
  answer.kind === 'address' ? hex(answer.paddr) : `${answer.name} ${hex(answer.code)}`;

// 4 KiB pages, 48 bits: index 1, 2, 3, 4 in tables at 0x1000, 0x2000, 0x3000, 0x4000; then the page at 0x5000.
const VA = (1n << 39n) | (2n << 30n) | (3n << 21n) | (4n << 12n) | 0x123n;
const PLACES = ['0x1008', '0x2010', '0x3018', '0x4020'] as const;
const PAGE = 0x5443n; // type 3, AF, AP = 01: EL1 and EL0 may read and write, EL0 may execute
const [USER, RDONLY, AF, DBM, PXN, UXN] = [0x40n, 0x80n, 0x400n, bit(51), bit(53), bit(54)];
const [PXN_TABLE, UXN_TABLE, NO_EL0, READ_ONLY] = [bit(59), bit(60), bit(61), bit(62)]; // APTable is 62:61

/** The entries of the four levels, those said and for the others a table, or the page. */
const chain = (said: Readonly<Partial<Record<0 | 1 | 2 | 3, bigint>>> = {}): Entries =>
  Object.fromEntries([0x2003n, 0x3003n, 0x4003n, PAGE].map((e, n) => [PLACES[n], said[n as 0 | 1 | 2 | 3] ?? e]));

describe('a walk: the first fault from the top down is the one', () => {
  const rows: readonly (readonly [
    why: string,
    said: Parameters<typeof chain>[0],
    state: Partial<Arm64State>,
    answer: string,
  ])[] = [
    ['all is well', {}, {}, '0x5123'],
    ['bit 0 = 0', { 0: 0x2002n }, {}, 'translation 0x4'],
    ['bit 0 = 0', { 1: 0x3002n }, {}, 'translation 0x5'],
    ['bit 0 = 0', { 2: 0n }, {}, 'translation 0x6'],
    ['bit 0 = 0', { 3: PAGE & ~1n }, {}, 'translation 0x7'],
    ['no block at level 0', { 0: 0x401n }, {}, 'translation 0x4'],
    ['a block of 1 GiB', { 1: 0x4000_0401n }, {}, '0x40604123'],
    ['a block of 2 MiB', { 2: 0x4020_0401n }, {}, '0x40204123'],
    ['type 01 is reserved at level 3', { 3: PAGE & ~2n }, {}, 'translation 0x7'],
    ['low address bits of a block are dropped', { 1: 0x5fff_f401n }, {}, '0x40604123'],
    ['a table beyond the output size', { 0: bit(40) | 0x2003n }, { ips: 40 }, 'address-size 0x0'],
    ['a table beyond the output size', { 2: bit(40) | 0x4003n }, { ips: 40 }, 'address-size 0x2'],
    ['a block beyond the output size', { 1: bit(40) | 0x401n }, { ips: 40 }, 'address-size 0x1'],
    ['a page beyond the output size', { 3: bit(40) | PAGE }, { ips: 40 }, 'address-size 0x3'],
    ['a page beyond what the machine has', { 3: bit(40) | PAGE }, { paBits: 40 }, 'address-size 0x3'],
    ['the last bit that fits', { 3: bit(39) | PAGE }, { ips: 40 }, hex(bit(39) | 0x5123n)],
    ['without LPA2 bits 51:48 are no address, nor are 9:8', { 3: bit(49) | bit(48) | 0x300n | PAGE }, {}, '0x5123'],
    ['AF = 0', { 3: PAGE & ~AF }, {}, 'access-flag 0xb'],
    ['AF = 0 of a block', { 1: 0x4000_0001n }, {}, 'access-flag 0x9'],
    ['AF = 0, and HA', { 3: PAGE & ~AF }, { ha: true }, '0x5123'],
    ['no right, and AF = 0', { 3: 0x5003n }, { user: true }, 'access-flag 0xb'],
    ['no right, and an address too large', { 3: bit(40) | 0x5403n }, { user: true, ips: 40 }, 'address-size 0x3'],
    ['no right by a table, and nothing below', { 0: NO_EL0 | 0x2003n, 3: 0n }, { user: true }, 'translation 0x7'],
    ['no right by a table: at the level of the page', { 0: NO_EL0 | 0x2003n }, { user: true }, 'permission 0xf'],
    ['no right to a block', { 1: 0x4000_0401n }, { user: true }, 'permission 0xd'],
  ];
  test.each(rows)('%s', (_why, said, state, answer) => {
    expect(told(ask('arm64-4k-va48', chain(said), { va: VA, state }))).toBe(answer);
  });

  test('an entry outside memory', () => {
    const { '0x4020': _, ...rest } = chain();
    expect(told(ask('arm64-4k-va48', rest, { va: VA }))).toBe('external-abort 0x17');
    expect(told(ask('arm64-4k-va48', {}, { va: VA }))).toBe('external-abort 0x14');
    expect(told(ask('arm64-4k-va52-lpa2', {}, { va: VA }))).toBe('external-abort 0x13');
  });
});

describe('rights: of EL1, of EL0', () => {
  const wxn = { wxn: true };
  const pan = { pan: true };
  const rows: readonly (readonly [
    why: string,
    page: bigint,
    table: bigint,
    state: Partial<Arm64State>,
    el1: string,
    el0: string,
  ])[] = [
    // EL1 never executes what EL0 can write.
    ['AP = 00', PAGE & ~USER, 0n, {}, 'rwx', 'x'],
    ['AP = 01', PAGE, 0n, {}, 'rw', 'rwx'],
    ['AP = 10', (PAGE & ~USER) | RDONLY, 0n, {}, 'rx', 'x'],
    ['AP = 11', PAGE | RDONLY, 0n, {}, 'rx', 'rx'],
    ['UXN', PAGE | RDONLY | UXN, 0n, {}, 'rx', 'r'],
    ['PXN', PAGE | RDONLY | PXN, 0n, {}, 'r', 'rx'],
    ['APTable = 01: nothing for EL0, so EL1 may execute', PAGE, NO_EL0, {}, 'rwx', 'x'],
    ['APTable = 10: nobody writes, so EL1 may execute', PAGE, READ_ONLY, {}, 'rx', 'rx'],
    ['APTable = 11', PAGE, NO_EL0 | READ_ONLY, {}, 'rx', 'x'],
    ['UXNTable', PAGE | RDONLY, UXN_TABLE, {}, 'rx', 'r'],
    ['PXNTable', PAGE | RDONLY, PXN_TABLE, {}, 'r', 'rx'],
    ['HPD: no table takes anything', PAGE | RDONLY, NO_EL0 | UXN_TABLE | PXN_TABLE, { hpd: true }, 'rx', 'rx'],
    ['HPD, and EL0 can write', PAGE, NO_EL0 | READ_ONLY, { hpd: true }, 'rw', 'rwx'],
    ['WXN', PAGE & ~USER, 0n, wxn, 'rw', 'x'],
    ['WXN', PAGE, 0n, wxn, 'rw', 'rw'],
    ['WXN, by APTable nobody writes', PAGE, READ_ONLY, wxn, 'rx', 'rx'],
    ['PAN', PAGE, 0n, pan, '', 'rwx'],
    ['PAN: data only', PAGE | RDONLY, 0n, pan, 'x', 'rx'],
    ['PAN, nothing for EL0', PAGE & ~USER, 0n, pan, 'rwx', 'x'],
    ['PAN, nothing for EL0 by APTable', PAGE, NO_EL0, pan, 'rwx', 'x'],
    ['DBM means nothing without HD', PAGE | RDONLY | DBM, 0n, { ha: true }, 'rx', 'rx'],
    ['HD and DBM: writable', PAGE | RDONLY | DBM, 0n, { ha: true, hd: true }, 'rw', 'rwx'],
    ['HD means nothing without HA', PAGE | RDONLY | DBM, 0n, { hd: true }, 'rx', 'rx'],
    ['HD and DBM, but APTable says read-only', PAGE | RDONLY | DBM, READ_ONLY, { ha: true, hd: true }, 'rx', 'rx'],
  ];
  test.each(rows)('%s', (_why, page, table, state, el1, el0) => {
    const may = (user: boolean): string =>
      (['read', 'write', 'execute'] as const)
        .filter((access) => {
          const answer = ask('arm64-4k-va48', chain({ 1: 0x3003n | table, 3: page }), {
            ...{ va: VA, access, state: { ...state, user } },
          });
          if (answer.kind === 'address') expect(answer.rights[access]).toBe(true);
          else expect(told(answer)).toBe('permission 0xf');
          return answer.kind === 'address';
        })
        .map((access) => ({ read: 'r', write: 'w', execute: 'x' })[access])
        .join('');
    expect([may(false), may(true)]).toEqual([el1, el0]);
  });
});

describe('what the hardware writes', () => {
  const both = { ha: true, hd: true };
  const rows: readonly (readonly [
    why: string,
    page: bigint,
    access: Access,
    state: Partial<Arm64State>,
    written: bigint | undefined,
  ])[] = [
    ['HA sets AF', PAGE & ~AF, 'read', { ha: true }, PAGE],
    ['AF is there already', PAGE, 'write', both, undefined],
    ['HD clears AP[2] on a write', PAGE | DBM | RDONLY, 'write', both, PAGE | DBM],
    ['and sets AF in one', (PAGE & ~AF) | DBM | RDONLY, 'write', both, PAGE | DBM],
    ['but not on a read', PAGE | DBM | RDONLY, 'read', both, undefined],
  ];
  test.each(rows)('%s', (_why, page, access, state, written) => {
    const answer = ask('arm64-4k-va48', chain({ 3: page }), { va: VA, access, state });
    expect(answer).toMatchObject({ updates: written === undefined ? [] : [{ at: 0x4020n, entry: written }] });
  });
});

describe('52 bits', () => {
  test.each([
    // Each bit of OA[51:48] alone, in the page: LPA holds them in 15:12, LPA2 the upper two in 9:8.
    ...[51, 50, 49, 48].map((n) => ['arm64-64k-va48-lpa', 0x2_0403n | bit(n - 36), bit(n) | 0x2_0123n] as const),
    ...[51, 50].map((n) => ['arm64-16k-va48-lpa2', 0x2_0403n | bit(n - 42), bit(n) | 0x2_0123n] as const),
    ...[49, 48].map((n) => ['arm64-16k-va48-lpa2', 0x2_0403n | bit(n), bit(n) | 0x2_0123n] as const),
  ])('%s: page %x', (id, page, paddr) => {
    // Tables at 0x1_0000 and up, always entry 0; the last at OA[51:48] = 15 itself.
    const far = 0xf_0001_0000_0000n;
    const table = id === 'arm64-64k-va48-lpa' ? 0x1_0000_f003n : 0x3_0001_0000_0303n;
    const upper = id === 'arm64-64k-va48-lpa' ? ['0x10000', '0x20000'] : ['0x10000', '0x20000', '0x30000'];
    const entries = Object.fromEntries(
      upper.map((at, n) => [at, n === upper.length - 1 ? table : 0x2_0003n + BigInt(n) * 0x1_0000n]),
    );
    expect(told(ask(id, { ...entries, [hex(far)]: page }, { root: 0x1_0000n, va: 0x123n }))).toBe(hex(paddr));
  });

  test('TTBR: bits 5:2 are PA[51:48] of the first table; ASID and CnP are none of it', () => {
    const root = 0xabcd_0000_0001_0001n | (9n << 2n);
    for (const id of ['arm64-64k-va42-lpa', 'arm64-4k-va52-lpa2'] as const) {
      const answer = ask(id, {}, { root, va: 0n });
      expect(answer).toMatchObject({ name: 'external-abort', at: 0x9_0000_0001_0000n });
    }
    expect(ask('arm64-64k-va42', {}, { root, va: 0n })).toMatchObject({ at: 0x1_0000n });
    expect(told(ask('arm64-4k-va48', chain(), { root: bit(40), va: VA, state: { ips: 40 } }))).toBe('address-size 0x0');
  });

  test('a first table is aligned to its size, to 64 bytes at least where addresses have 52 bits', () => {
    const at = (id: Arm64Id, root: bigint) => ask(id, {}, { root, va: 0n });
    expect(at('arm64-16k-va48', 0x1_0030n)).toMatchObject({ at: 0x1_0030n });
    expect(at('arm64-16k-va48-lpa2', 0x1_0040n)).toMatchObject({ at: 0x1_0040n });
    expect(at('arm64-4k-va52-lpa2', 0x1_00c0n)).toMatchObject({ at: 0x1_0080n });
  });

  test('level -1 has codes of its own', () => {
    const first = (entry: bigint, ips = 52): string =>
      told(ask('arm64-4k-va52-lpa2', { '0x1000': entry }, { va: 0n, state: { ips } }));
    expect(first(0n)).toBe('translation 0x2b');
    expect(first(0x2401n)).toBe('translation 0x2b'); // never a block
    expect(first(bit(48) | 0x2003n, 48)).toBe('address-size 0x29');
    expect(first(0x2303n, 48)).toBe('address-size 0x29'); // OA[51:50]
    expect(first(0x2003n)).toBe('external-abort 0x14');
  });

  test('larger blocks: with LPA2 at level 0 (4 KiB) and 1 (16 KiB); with 64 KiB pages at level 1 of a 52-bit machine', () => {
    const block = (id: Arm64Id, entries: Entries, state: Partial<Arm64State> = {}): string =>
      told(ask(id, entries, { va: 0x1234_5678n, state }));
    expect(block('arm64-4k-va48-lpa2', { '0x1000': bit(39) | 0x401n })).toBe(hex(bit(39) | 0x1234_5678n));
    expect(block('arm64-4k-va48', { '0x1000': bit(39) | 0x401n })).toBe('translation 0x4');
    // The output size is less than such a block: its low bits are no address, a table's are.
    expect(block('arm64-4k-va48-lpa2', { '0x1000': bit(37) | 0x401n }, { ips: 36 })).toBe('0x12345678');
    expect(block('arm64-4k-va48-lpa2', { '0x1000': bit(37) | 0x2003n }, { ips: 36 })).toBe('address-size 0x0');
    expect(block('arm64-16k-va48-lpa2', { '0x1000': 0x4003n, '0x4000': bit(36) | 0x401n })).toBe(
      hex(bit(36) | 0x1234_5678n),
    );
    expect(block('arm64-16k-va48', { '0x1000': 0x4003n, '0x4000': bit(36) | 0x401n })).toBe('translation 0x5');
    expect(block('arm64-64k-va48-lpa', { '0x1000': bit(42) | 0x401n })).toBe(hex(bit(42) | 0x1234_5678n));
    expect(block('arm64-64k-va48', { '0x1000': bit(42) | 0x401n })).toBe('translation 0x5');
    expect(block('arm64-64k-va48', { '0x1000': bit(42) | 0x401n }, { paBits: 52 })).toBe(hex(bit(42) | 0x1234_5678n));
  });
});

describe('before the walk: a translation fault of level 0, whatever the first level is', () => {
  const id = 'arm64-4k-va39';
  const block = { '0x1000': 0x4000_0401n, '0x1ff8': 0x4000_0401n };
  const high = 0xffff_ffff_c000_0123n; // the last entry, index 511
  const NO = 'translation 0x4';
  const YES = '0x40000123';
  const rows: readonly (readonly [why: string, va: bigint, state: Partial<Arm64State>, answer: string])[] = [
    ['the lower half', 0x123n, {}, YES],
    ['the upper half', high, {}, YES],
    ['above the lower half', bit(39) | 0x123n, {}, NO],
    ['below the upper half', high - bit(39), {}, NO],
    ['a tag', bit(63) | 0x123n, {}, NO],
    ['a tag, TBI', bit(63) | 0x123n, { tbi: true }, YES],
    ['no tag, TBI: the upper half', high & ~(0xffn << 56n), { tbi: true }, YES],
    ['bit 55 decides the half, TBI or not', bit(55) | 0x123n, { tbi: true }, NO],
    ['EPD', 0x123n, { epd: true }, NO],
    ['E0PD, EL1', 0x123n, { e0pd: true }, YES],
    ['E0PD, EL0', 0x123n, { e0pd: true, user: true }, NO],
    ['T0SZ below 16 without LPA2', 0x123n, { t0sz: 15 }, NO],
    ['T0SZ above 48', 0x123n, { t0sz: 49 }, NO],
    ['T0SZ for more levels than there are', 0x123n, { t0sz: 16 }, NO],
    ['T1SZ is the upper half’s affair', 0x123n, { t1sz: 15 }, YES],
  ];
  test.each(rows)('%s', (_why, va, state, answer) => {
    expect(told(ask(id, block, { va, state }))).toBe(answer);
  });

  test('a larger TxSZ begins at a lower level, in a smaller table', () => {
    // 64 - 33 = 31 address bits: index 1 of two entries at level 1; 64 - 34 = 30: level 2.
    const entries = { '0x1008': 0x4000_0401n, '0x1ff8': 0x4020_0401n };
    expect(told(ask('arm64-4k-va48', entries, { va: 0x4000_0123n, state: { t0sz: 33 } }))).toBe('0x40000123');
    expect(told(ask('arm64-4k-va48', entries, { va: 0x3fe0_0123n, state: { t0sz: 34 } }))).toBe('0x40200123');
  });

  test('a fold at boot is no level of the hardware’s: the walk begins at the folded one', () => {
    const entries = { '0x4008': 0x8403n, '0x1008': 0x2003n };
    expect(ask('arm64-16k-va52-nolpa2', entries, { root: 0x4000n, va: bit(36) })).toMatchObject({
      ...{ name: 'external-abort', code: 0x16n, level: 'pmd', path: [{ level: 'pud', index: 1 }] },
    });
    expect(ask('arm64-4k-va52-nolpa2', entries, { va: bit(39) })).toMatchObject({
      ...{ name: 'external-abort', code: 0x15n, level: 'pud', path: [{ level: 'p4d', index: 1 }] },
    });
  });
});

describe('TCR_EL1: where it is not 0, it says all', () => {
  // T0SZ = T1SZ = 16, IPS = 5 (48 bits).
  const TCR = 16n | (16n << 16n) | (5n << 32n);
  const high = 0xffff_0000_0000_0000n | VA;
  const tcr = (
    tcr: bigint,
    va: bigint,
    said: Parameters<typeof chain>[0] = {},
    state: Partial<Arm64State> = {},
  ): string => told(ask('arm64-4k-va48', chain(said), { va, access: 'write', state: { ...state, tcr } }));
  const closed = { 0: 0x2003n | READ_ONLY };

  test.each([
    ['EPD0', bit(7), {}, 'translation 0x4', '0x5123'],
    ['EPD1', bit(23), {}, '0x5123', 'translation 0x4'],
    ['HPD0', bit(41), closed, '0x5123', 'permission 0xf'],
    ['HPD1', bit(42), closed, 'permission 0xf', '0x5123'],
    ['HA', bit(39), { 3: PAGE & ~AF }, '0x5123', '0x5123'],
    ['no HA', 0n, { 3: PAGE & ~AF }, 'access-flag 0xb', 'access-flag 0xb'],
    ['HA and HD', bit(39) | bit(40), { 3: PAGE | RDONLY | DBM }, '0x5123', '0x5123'],
    ['HD without HA', bit(40), { 3: PAGE | RDONLY | DBM }, 'permission 0xf', 'permission 0xf'],
    ['E0PD0', bit(55), {}, 'translation 0x4', '0x5123'],
    ['E0PD1', bit(56), {}, '0x5123', 'translation 0x4'],
  ] as const)('%s', (_name, bits, said, lower, upper) => {
    const user = { user: true };
    expect([tcr(TCR | bits, VA, said, user), tcr(TCR | bits, high, said, user)]).toEqual([lower, upper]);
  });

  test('IPS', () => {
    const beyond = { 3: bit(40) | PAGE };
    expect(tcr(TCR, VA, beyond)).toBe(hex(bit(40) | 0x5123n));
    expect(tcr((TCR & ~(7n << 32n)) | (2n << 32n), VA, beyond)).toBe('address-size 0x3');
  });

  test('TBI0 and TBI1; with TBID0 for data only', () => {
    const tag = bit(56) | VA;
    expect([tcr(TCR, tag), tcr(TCR | bit(38), tag), tcr(TCR | bit(37), tag)]).toEqual([
      ...['translation 0x4', 'translation 0x4', '0x5123'],
    ]);
    expect(tcr(TCR | bit(38), high & ~bit(56))).toBe('0x5123');
    const fetch = (bits: bigint): string =>
      told(
        ask('arm64-4k-va48', chain({ 3: PAGE & ~USER }), { va: tag, access: 'execute', state: { tcr: TCR | bits } }),
      );
    expect([fetch(bit(37)), fetch(bit(37) | bit(51))]).toEqual(['0x5123', 'translation 0x4']);
  });

  test('T0SZ and T1SZ', () => {
    expect(tcr(TCR + 1n, VA & (bit(47) - 1n))).toBe('0x5123');
    expect(tcr(TCR + 1n, bit(47))).toBe('translation 0x4');
    expect(tcr(TCR + bit(16), high)).toBe('translation 0x4');
  });

  test('the keys that it repeats do not count', () => {
    expect(tcr(TCR, VA, {}, { epd: true, t0sz: 20, ips: 32 })).toBe('0x5123');
  });
});

describe('SCTLR_EL1.M = 0: an address is physical', () => {
  const off = (va: bigint, access: Access = 'read', state: Partial<Arm64State> = {}): string =>
    told(ask('arm64-4k-va48', {}, { va, access, state: { mmu: false, user: true, wxn: true, pan: true, ...state } }));

  test('and nothing is refused but what has too many bits', () => {
    for (const access of ['read', 'write', 'execute'] as const)
      expect(off(0xffff_1234_5678n, access)).toBe('0xffff12345678');
    expect(off(bit(48))).toBe('address-size 0x0');
    expect(off(bit(47), 'read', { paBits: 40 })).toBe('address-size 0x0');
  });

  test('a tag is no part of it', () => {
    expect(off((0xb4n << 56n) | 0x123n)).toBe('address-size 0x0');
    expect(off((0xb4n << 56n) | 0x123n, 'read', { tbi: true })).toBe('0x123');
    expect(off(bit(55) | 0x123n, 'read', { tbi: true })).toBe('address-size 0x0');
  });
});

test('for every address of the user’s, Linux takes off the tag that TBI ignores; of the kernel’s it takes nothing', () => {
  const arch = arm64Of('arm64-4k-va48');
  const hardware = machine(arm64Mmu(arch), { tbi: true });
  fc.assert(
    fc.property(fc.bigInt(0n, bit(64) - 1n), (any) => {
      const [user, kernel] = [vaddr(any & ~bit(55)), vaddr(any | bit(55))];
      expect(untagged(arch, user)).toBe(untagged(hardware, user));
      expect(untagged(arch, kernel)).toBe(kernel);
      expect(untagged(machine(arm64Mmu(arch)), user)).toBe(user);
    }),
  );
});
