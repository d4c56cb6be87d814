/** What changed in x86's helpers from version to version, and what they make of an entry, by raw values. */
import { type Change, change, type Entry, type Level, makeSwap, type Predicate, swapOf } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type LinuxVersion, x86 } from '../src/index.ts';
import { asks } from './support/entries.ts';

const long = (linux: LinuxVersion) => x86({ paging: '5-level', linux });
const x32 = x86({ paging: '2-level' });
const pae = x86({ paging: 'pae' });
const bit = (n: number): bigint => 1n << BigInt(n);

describe('predicates, by version', () => {
  test.each<[Level, Predicate, bigint, LinuxVersion, LinuxVersion, boolean]>([
    // Before the version the answer is the opposite.
    ['pmd', 'bad', 0x43n, '6.0', '6.1', false], // A need not be set
    ['pmd', 'bad', 0x47n, '6.0', '6.1', false],
    ['pud', 'leaf', 0x80n, '6.11', '6.12', true], // PSE without P
    ['pte', 'devmap', 1n | bit(58), '6.5', '6.6', false],
    ['pte', 'devmap', 1n | bit(57), '6.5', '6.6', true],
    ['pte', 'devmap', 1n | bit(57), '6.16', '6.17', false],
    ['pmd', 'devmap', 0x81n | bit(57), '6.16', '6.17', false],
    ['pte', 'dirty', 1n | bit(58), '6.5', '6.6', true], // saved dirty
    ['pmd', 'special', 0x281n, '6.11', '6.12', true],
    ['pud', 'special', 0x281n, '6.11', '6.12', true],
  ])('%s_%s(0x%x): v%s, v%s', (level, predicate, raw, before, from, yes) => {
    expect([asks(long(before), level, predicate, raw), asks(long(from), level, predicate, raw)]).toEqual([!yes, yes]);
  });

  test.each(['4.19', '6.1', '6.12', '6.17'] as const)('the same in all: v%s', (linux) => {
    expect(asks(long(linux), 'pmd', 'bad', 0x67n)).toBe(false);
    expect(asks(long(linux), 'pmd', 'bad', 0xe7n)).toBe(true);
    expect(asks(long(linux), 'pud', 'leaf', 0x81n)).toBe(true);
    expect(asks(long(linux), 'pte', 'special', 0x201n)).toBe(true);
    expect(asks(long(linux), 'pte', 'dirty', 0x41n)).toBe(true);
  });

  test('32-bit kernels: no soft-dirty, no devmap; the saved dirty bit is bit 10', () => {
    for (const arch of [x32, pae]) {
      expect(asks(arch, 'pte', 'softDirty', 0x801n)).toBe(false);
      expect(asks(arch, 'pte', 'devmap', 1n | bit(57))).toBe(false);
      expect(asks(arch, 'pte', 'dirty', 0x401n)).toBe(true);
      expect(asks(arch, 'pmd', 'special', 0x281n)).toBe(false);
    }
    expect(asks(x86({ paging: 'pae', linux: '6.5' }), 'pte', 'dirty', 0x401n)).toBe(false);
  });
});

describe('pXd_mk…, v6.1', () => {
  const v61 = long('6.1');
  const make = (level: Level, what: Change, raw: bigint) => change(v61, level, what, raw as Entry);
  test.each<[Change, bigint, bigint]>([
    ['young', 0x1n, 0x21n],
    ['old', 0x25n, 0x05n],
    ['dirty', 0x1n, 0x841n], // D and soft-dirty
    ['clean', 0x867n, 0x827n],
    ['write', 0x5n, 0x7n],
    ['wrprotect', 0x67n, 0x65n],
    ['huge', 0x1n, 0x81n],
    ['softDirty', 0x1n, 0x801n],
    ['clearSoftDirty', 0x867n, 0x67n],
  ])('%s of 0x%x', (what, raw, made) => {
    for (const level of ['pte', 'pmd', 'pud'] as const) expect(make(level, what, raw)).toBe(made);
  });

  test('special and devmap: the pte has both, what is larger devmap only', () => {
    expect(make('pte', 'special', 0x1n)).toBe(0x201n);
    expect([make('pmd', 'special', 0x81n), make('pud', 'special', 0x81n)]).toEqual([undefined, undefined]);
    expect(make('pte', 'devmap', 0x1n)).toBe(0x201n | bit(58));
    expect([make('pmd', 'devmap', 0x81n), make('pud', 'devmap', 0x81n)]).toEqual([0x81n | bit(58), 0x81n | bit(58)]);
  });

  test('invalid: P goes, the frame is inverted, and it is still a leaf', () => {
    expect(make('pmd', 'invalid', 0x1220_00e7n)).toBe(0xf_ffff_edc0_00e6n);
    expect(make('pmd', 'invalid', 0xf_ffff_edc0_01a0n)).toBe(0xf_ffff_edc0_00a0n); // PROT_NONE was inverted already
    expect(make('pmd', 'invalid', 0x1220_10e7n)).toBe(0xf_ffff_edc0_10e6n); // bit 12 is PAT
    expect(asks(v61, 'pmd', 'present', 0xf_ffff_edc0_00e6n)).toBe(true);
    expect(asks(v61, 'pmd', 'leaf', 0xf_ffff_edc0_00e6n)).toBe(true);
    expect([make('pte', 'invalid', 1n), make('pud', 'invalid', 0x81n)]).toEqual([undefined, undefined]);
    expect(change(long('6.12'), 'pud', 'invalid', 0x4000_00e7n as Entry<'pud'>)).toBe(0xf_ffff_8000_00e6n);
    expect(change(x32, 'pmd', 'invalid', 0x40_00e7n as Entry<'pmd'>)).toBe(0x40_00e6n);
  });

  test('a level without leaves has none', () => expect(make('p4d', 'young', 1n)).toBeUndefined());
});

describe('since v6.6 no helper leaves D without R/W', () => {
  const make = (what: Change, raw: bigint) => change(long('6.6'), 'pte', what, raw as Entry<'pte'>);
  test.each<[string, Change, bigint, bigint]>([
    ['dirty, writable', 'dirty', 0x3n, 0x843n],
    ['dirty, not writable', 'dirty', 0x1n, 0x801n | bit(58)],
    ['wrprotect, dirty', 'wrprotect', 0x67n, 0x25n | bit(58)],
    ['wrprotect, clean', 'wrprotect', 0x27n, 0x25n],
    ['clean takes both', 'clean', 0x41n | bit(58), 0x1n],
    ['write leaves it', 'write', 0x1n | bit(58), 0x3n | bit(58)],
  ])('%s', (_, what, raw, made) => expect(make(what, raw)).toBe(made));
  test('pud_mkwrite has no form without a mapping: it makes the saved bit D again', () => {
    const write = (raw: bigint) => change(long('6.6'), 'pud', 'write', raw as Entry<'pud'>);
    expect([write(0x400_0000_0000_00a5n), write(0xa5n)]).toEqual([0xe7n, 0xa7n]);
    expect(change(long('6.6'), 'pud', 'write', 0x8400_0000_0000_00a5n as Entry<'pud'>)).toBe(0x8000_0000_0000_00e7n);
    expect(change(long('6.5'), 'pud', 'write', 0x8400_0000_0000_00a5n as Entry<'pud'>)).toBe(0x8400_0000_0000_00a7n);
  });
  test('32-bit', () => expect(change(x32, 'pte', 'wrprotect', 0x67n as Entry<'pte'>)).toBe(0x425n));
});

describe('swap entries', () => {
  const v61 = long('6.1');

  test.each([
    [0n, 0x200n, 0x7ff_ffff_fffb_fe00n],
    [0n, 0n, 0x7ff_ffff_ffff_fe00n],
    [31n, bit(50) - 1n, 31n << 59n],
    [5n, 0x1234n, 0x2fff_ffff_ffdb_9600n],
  ])('type %i, offset %i: the offset is stored inverted', (type, offset, raw) => {
    for (const level of ['pte', 'pmd', 'pud'] as const) {
      expect(makeSwap(v61, level, { type, offset })).toBe(raw);
      expect(swapOf(v61, level, raw as Entry)).toEqual({ type, offset });
      expect(asks(v61, level, 'swap', raw)).toBe(true);
      expect(asks(v61, level, 'present', raw)).toBe(false);
    }
  });

  test('an entry that a real kernel wrote, with the exclusive and the soft-dirty mark', () => {
    const raw = 0x7ff_ffff_fffb_fe0an as Entry;
    expect(swapOf(v61, 'pte', raw)).toEqual({ type: 0n, offset: 0x200n });
    const { exclusive, softDirty } = v61.spec.levels.pte.swap!;
    expect([raw & exclusive!, raw & softDirty!]).toEqual([8n, 2n]);
  });

  test('what does not fit', () => {
    expect(makeSwap(v61, 'pte', { type: 32n, offset: 0n })).toBeUndefined();
    expect(makeSwap(v61, 'pte', { type: 0n, offset: bit(50) })).toBeUndefined();
    expect(makeSwap(x32, 'pte', { type: 0n, offset: bit(23) })).toBeUndefined();
  });

  test('none, present and PROT_NONE are no swap entries', () => {
    for (const raw of [0n, 0x60n, 0x1n, 0x120n]) expect(asks(v61, 'pte', 'swap', raw), raw.toString(16)).toBe(false);
    for (const raw of [0n, 0xe6n, 0x180n]) expect(asks(v61, 'pud', 'swap', raw), raw.toString(16)).toBe(false);
  });

  test('two levels: type 5:1, offset from bit 9, straight; PAE: as 64-bit', () => {
    expect(makeSwap(x32, 'pte', { type: 3n, offset: 0x12n })).toBe(0x2406n);
    expect(makeSwap(pae, 'pte', { type: 0n, offset: 0x200n })).toBe(0x7ff_ffff_fffb_fe00n);
  });

  test('the exclusive mark, by version', () => {
    const mark = (paging: 'pae' | '4-level', linux: LinuxVersion) =>
      x86({ paging, linux }).spec.levels.pte.swap?.exclusive;
    expect([mark('4-level', '5.18'), mark('4-level', '5.19')]).toEqual([undefined, 8n]);
    expect([mark('pae', '6.2'), mark('pae', '6.3')]).toEqual([undefined, 0x80n]);
  });

  test('above pte: no exclusive mark, and none at all in a 32-bit kernel, where bit 7 would say present', () => {
    const { pmd, pud } = v61.spec.levels;
    expect([pmd.swap?.exclusive, pud.swap?.exclusive]).toEqual([undefined, undefined]);
    expect([pmd.swap?.softDirty, pud.swap?.softDirty]).toEqual([2n, undefined]);
    for (const arch of [x32, pae]) {
      expect(arch.spec.levels.pmd.swap).toBeUndefined();
      expect(asks(arch, 'pmd', 'swap', 0x2406n)).toBe(false);
    }
  });
});
