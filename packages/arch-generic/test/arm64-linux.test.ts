import {
  type Change,
  change,
  type Entry,
  type Level,
  leafAddress,
  leafSize,
  makeLeaf,
  makeSwap,
  type Predicate,
  paddr,
  swapOf,
} from '@kernel-mm/pgtable-core';
import { FULL } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { type Arm64Id, arm64Of } from './support/arm64.ts';
import { asks } from './support/entries.ts';

const bit = (n: number): bigint => 1n << BigInt(n);
const hex = (raw: bigint): string => `0x${raw.toString(16)}`;
const NG = 0x800n;
const [USER, RDONLY, AF, UXN] = [0x40n, 0x80n, 0x400n, bit(54)];
const [WRITE, DIRTY, SPECIAL, DEVMAP] = [bit(51), bit(55), bit(56), bit(57)];

type Version = `${number}.${number}`;
/** The versions at which some answer changed, oldest first. */
const VERSIONS = [
  '5.9',
  '5.10',
  '5.11',
  '5.14',
  '5.18',
  '6.1',
  '6.10',
  '6.11',
  '6.12',
  '6.15',
  '6.17',
  '6.18',
] as const;
const ALL = VERSIONS;
const from = (first: Version): readonly Version[] => VERSIONS.slice(VERSIONS.indexOf(first as never));
const until = (last: Version): readonly Version[] => VERSIONS.slice(0, VERSIONS.indexOf(last as never) + 1);
const NEVER: readonly Version[] = [];

describe('the predicates, by raw values and the versions that say yes', () => {
  const rows: readonly (readonly [level: Level, predicate: Predicate, raw: bigint, yes: readonly Version[]])[] = [
    ...(['p4d', 'pud', 'pmd', 'pte'] as const).flatMap((level) => [
      [level, 'none', 0n, ALL] as const,
      [level, 'none', AF, NEVER] as const,
      [level, 'none', bit(63), NEVER] as const,
    ]),
    // pte, pmd and pud: VALID, or the mark that stands for it. Above, anything but 0.
    ...(['pte', 'pmd', 'pud'] as const).flatMap((level) => [
      [level, 'present', 1n, ALL] as const,
      [level, 'present', 2n, NEVER] as const,
      [level, 'present', bit(58), until('6.10')] as const,
      [level, 'present', NG, from('6.11')] as const,
      [level, 'swap', 0x20004n, ALL] as const,
      [level, 'swap', 0n, NEVER] as const,
      [level, 'swap', bit(58), from('6.11')] as const,
    ]),
    ['p4d', 'present', 2n, ALL],
    ['p4d', 'present', 0n, NEVER],
    // A THP that is being split: marked by bit 59, later as present-invalid.
    ['pmd', 'present', bit(59), ['5.11', '5.14', '5.18', '6.1', '6.10']],
    ['pud', 'present', bit(59), NEVER],
    ['pte', 'present', bit(59), NEVER],
    // bad: no table bit; later not of type 3.
    ...(['p4d', 'pud', 'pmd'] as const).flatMap((level) => [
      [level, 'bad', 3n, NEVER] as const,
      [level, 'bad', 1n, ALL] as const,
      [level, 'bad', 2n, level === 'p4d' ? from('6.15') : from('5.14')] as const,
    ]),
    // leaf: what is present and has no TABLE bit; since v5.18 what is present and not of type 3.
    ...(['pud', 'pmd'] as const).flatMap((level) => [
      [level, 'leaf', 1n, ALL] as const,
      [level, 'leaf', 3n, NEVER] as const,
      [level, 'leaf', AF, NEVER] as const,
      [level, 'leaf', bit(58), until('6.10')] as const,
      [level, 'leaf', bit(58) | 2n, ['5.18', '6.1', '6.10']] as const,
      [level, 'leaf', NG, from('6.11')] as const,
    ]),
    ['p4d', 'leaf', 1n, NEVER],
    // PROT_NONE: bit 58; later present-invalid, without USER and with UXN.
    ['pte', 'protnone', bit(58), until('6.10')],
    ['pmd', 'protnone', bit(58), until('6.10')],
    ['pte', 'protnone', bit(58) | 1n, NEVER],
    ['pte', 'protnone', NG | UXN, from('6.11')],
    ['pmd', 'protnone', NG | UXN, from('6.11')],
    ['pte', 'protnone', NG | UXN | 1n, NEVER],
    ['pte', 'protnone', NG | UXN | USER, NEVER],
    ['pmd', 'protnone', NG, NEVER],
    ['pte', 'special', SPECIAL | 3n, ALL],
    ['pmd', 'special', SPECIAL | 1n, from('6.12')],
    ['pud', 'special', SPECIAL | 1n, from('6.12')],
    ['pte', 'devmap', DEVMAP | 3n, until('6.15')],
    ['pmd', 'devmap', DEVMAP | 1n, until('6.15')],
    ['pte', 'user', USER | 3n, ALL],
    ['pte', 'young', AF | 3n, ALL],
    ['pte', 'write', WRITE | 3n, ALL],
    ['pte', 'write', 3n, NEVER],
    ['pte', 'exec', 3n, ALL],
    ['pte', 'exec', UXN | 3n, NEVER],
    // dirty: the software bit, or writable by the hardware's own rule.
    ['pte', 'dirty', DIRTY | RDONLY | 3n, ALL],
    ['pte', 'dirty', WRITE | 3n, ALL],
    ['pte', 'dirty', WRITE | RDONLY | 3n, NEVER],
    ['pte', 'dirty', 3n, NEVER],
    ['pte', 'softDirty', 2n ** 64n - 1n, NEVER],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(${hex(row[2])})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(VERSIONS.filter((linux) => asks(arm64Of('arm64-4k-va52-lpa2', linux), level, predicate, raw))).toEqual(
        yes,
      );
    },
  );

  test('blocks: of a pud with 4 KiB pages, and to be read with 16 KiB, of a pmd always, also where it is the top table', () => {
    const leaves = (id: Arm64Id): Level[] =>
      (['p4d', 'pud', 'pmd'] as const).filter((level) => asks(arm64Of(id), level, 'leaf', AF | 1n));
    expect(leaves('arm64-4k-va39')).toEqual(['pud', 'pmd']);
    expect(leaves('arm64-4k-va48-lpa2')).toEqual(['pud', 'pmd']);
    for (const id of ['arm64-16k-va47', 'arm64-16k-va52-lpa2'] as const) expect(leaves(id)).toEqual(['pud', 'pmd']);
    for (const id of ['arm64-16k-va36', 'arm64-64k-va42', 'arm64-64k-va52-lpa'] as const)
      expect(leaves(id)).toEqual(['pmd']);
    for (const raw of [AF | 1n, 1n]) expect(asks(arm64Of('arm64-16k-va47'), 'pud', 'bad', raw)).toBe(true);
  });
});

test('a pud of 64 GiB, 16 KiB pages: Linux reads its frame, and makes none', () => {
  const arch = arm64Of('arm64-16k-va48');
  const raw = (0x20_0000_0000n | AF | USER | 1n) as Entry;
  expect([leafAddress(arch, 'pud', raw), leafSize(arch, 'pud', raw)]).toEqual([0x20_0000_0000n, bit(36)]);
  expect(makeLeaf(arch, 'pud', paddr(0x20_0000_0000n), FULL)).toBeUndefined();
  const lpa2 = arm64Of('arm64-16k-va48-lpa2');
  expect(leafAddress(lpa2, 'pud', (raw | 0x100n) as Entry)).toBe(bit(50) | 0x20_0000_0000n);
});

describe('what pXd_mk… makes', () => {
  const page = 0x4000_5003n;
  const block = 0x4020_0001n;
  const rows: readonly (readonly [Version, Level, Change, from: bigint, to: bigint | undefined])[] = [
    ['6.12', 'pte', 'young', page, page | AF],
    ['6.12', 'pte', 'old', page | AF, page],
    ['6.12', 'pte', 'dirty', page | RDONLY, page | RDONLY | DIRTY],
    ['6.12', 'pte', 'dirty', page | RDONLY | WRITE, page | WRITE | DIRTY],
    ['6.12', 'pte', 'clean', page | WRITE | DIRTY, page | WRITE | RDONLY],
    ['6.12', 'pte', 'write', page | RDONLY, page | WRITE],
    // Since v6.18 a clean page stays clean when it becomes writable.
    ['6.18', 'pte', 'write', page | RDONLY, page | WRITE | RDONLY],
    ['6.18', 'pte', 'write', page | RDONLY | DIRTY, page | WRITE | DIRTY],
    // Dirty by the hardware's mark alone: noted in DIRTY, since v5.10.
    ['6.12', 'pte', 'wrprotect', page | WRITE, page | RDONLY | DIRTY],
    ['5.9', 'pte', 'wrprotect', page | WRITE, page | RDONLY],
    ['6.12', 'pte', 'wrprotect', page | WRITE | RDONLY, page | RDONLY],
    ['6.12', 'pte', 'special', page, page | SPECIAL],
    ['6.12', 'pmd', 'special', block, block | SPECIAL],
    ['6.11', 'pmd', 'special', block, undefined],
    ['6.12', 'pte', 'devmap', page, page | DEVMAP | SPECIAL],
    ['6.12', 'pmd', 'devmap', block, block | DEVMAP],
    ['6.17', 'pte', 'devmap', page, undefined],
    ['6.12', 'pmd', 'huge', block | 2n, block],
    ['6.12', 'pud', 'huge', 0x4000_0003n, 0x4000_0001n],
    ['6.12', 'pte', 'huge', page, undefined],
    ['6.12', 'pmd', 'invalid', block, (block & ~1n) | NG],
    ['6.12', 'pte', 'invalid', page, (page & ~1n) | NG],
    ['6.10', 'pmd', 'invalid', block, (block & ~1n) | bit(59)],
    ['6.10', 'pte', 'invalid', page, undefined],
    ['5.9', 'pmd', 'invalid', block, block & ~1n],
    ['6.12', 'pte', 'softDirty', page, undefined],
    ['6.12', 'pud', 'wrprotect', block | WRITE, block | RDONLY | DIRTY],
  ];
  test.each(rows)('v%s %s %s of %x', (linux, level, what, raw, made) => {
    expect(change(arm64Of('arm64-4k-va48', linux), level, what, raw as Entry)).toBe(made);
  });

  test('a THP that is made invalid is still present and a leaf, since v5.18', () => {
    for (const linux of from('5.18')) {
      const arch = arm64Of('arm64-4k-va48', linux);
      const invalid = change(arch, 'pmd', 'invalid', (block | USER | AF) as Entry<'pmd'>) ?? 0n;
      expect((['present', 'leaf', 'protnone'] as const).map((is) => asks(arch, 'pmd', is, invalid))).toEqual([
        true,
        true,
        false,
      ]);
    }
  });
});

describe('swap entries', () => {
  test.each([
    // Type 3, page 0x1234567 of it.
    ['5.18', 0x1_2345_670cn, undefined],
    ['5.19', 0x1_2345_6718n, 4n],
    ['6.10', 0x1_2345_6718n, 4n],
    ['6.11', 0x12_3456_70c0n, 4n],
  ] as const)('v%s', (linux, raw, exclusive) => {
    const arch = arm64Of('arm64-4k-va48', linux);
    for (const level of ['pte', 'pmd', 'pud'] as const) {
      expect(makeSwap(arch, level, { type: 3n, offset: 0x123_4567n })).toBe(raw);
      expect(swapOf(arch, level, raw as Entry)).toEqual({ type: 3n, offset: 0x123_4567n });
      expect(arch.spec.levels[level].swap?.exclusive).toBe(exclusive);
      expect(asks(arch, level, 'swap', raw)).toBe(true);
    }
    expect(makeSwap(arch, 'p4d', { type: 0n, offset: 1n })).toBeUndefined();
    expect(makeSwap(arch, 'pte', { type: 64n, offset: 0n })).toBeUndefined();
  });

  test('50 bits of offset, none of which reads as present', () => {
    for (const linux of ['6.1', '6.12'] as const) {
      const arch = arm64Of('arm64-4k-va48', linux);
      const full = makeSwap(arch, 'pte', { type: 31n, offset: bit(50) - 1n }) ?? 0n;
      expect(asks(arch, 'pte', 'present', full)).toBe(false);
      expect(makeSwap(arch, 'pte', { type: 0n, offset: bit(50) })).toBeUndefined();
    }
  });
});
