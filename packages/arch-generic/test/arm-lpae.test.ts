import {
  type Change,
  change,
  type Entry,
  type Level,
  makeLeaf,
  makeSwap,
  makeTable,
  type Predicate,
  paddr,
} from '@kernel-mm/pgtable-core';
import { archLaws, hostileLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { armLpae, armLpaeMmu } from '../src/index.ts';
import { asks, numbers, rights } from './support/entries.ts';
import { keeps, runs } from './support/keeps.ts';

const arch = armLpae();
const bit = (n: number): bigint => 1n << BigInt(n);

test('geometry: four entries, then two tables of 512', () => {
  expect(arch.id).toBe('arm-lpae');
  expect(numbers(arch)).toEqual([
    [30, 4],
    [30, 1],
    [30, 1],
    [21, 512],
    [12, 512],
  ]);
});

describe('the predicates, by raw values', () => {
  const rows: readonly (readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean])[] = [
    ['pud', 'none', 0n, true],
    ['pud', 'present', 0x4n, true],
    ['pud', 'bad', 0x3n, false],
    ['pud', 'bad', 0x1n, true],
    ['pmd', 'none', 0n, true],
    ['pmd', 'none', 0x4n, false],
    ['pmd', 'present', 0x1n, true],
    ['pmd', 'present', 0x2n, false],
    ['pmd', 'bad', 0x3n, false],
    ['pmd', 'bad', 0x1n, true],
    ['pmd', 'leaf', 0x1n, true],
    ['pmd', 'leaf', 0x3n, false],
    // A section without right is neither present nor leaf.
    ['pmd', 'leaf', bit(57) | 0x700n, false],
    ['pmd', 'write', 0x1n, true],
    ['pmd', 'write', bit(58) | 0x1n, false],
    // Either of the two low bits: PROT_NONE keeps the second.
    ['pte', 'present', 0x1n, true],
    ['pte', 'present', 0x2n, true],
    ['pte', 'present', 0x4n, false],
    ['pte', 'swap', 0x4n, true],
    ['pte', 'swap', 0x2n, false],
    ['pte', 'young', 0x403n, true],
    ['pte', 'dirty', bit(55) | 3n, true],
    ['pte', 'special', bit(56) | 3n, true],
    ['pte', 'write', bit(58) | 3n, false],
    // The hardware's bit does not count.
    ['pte', 'write', 0x83n, true],
    ['pte', 'exec', bit(54) | 3n, false],
    ['pte', 'user', 0x43n, true],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(asks(arch, level, predicate, raw)).toBe(yes);
    },
  );
});

test.each<[Level, Change, bigint, bigint]>([
  ['pte', 'young', 0x3n, 0x403n],
  ['pte', 'old', 0x403n, 0x3n],
  ['pte', 'dirty', 0x3n, bit(55) | 3n],
  ['pte', 'clean', bit(55) | 3n, 3n],
  ['pte', 'write', bit(58) | 3n, 3n],
  ['pte', 'wrprotect', 3n, bit(58) | 3n],
  ['pte', 'special', 3n, bit(56) | 3n],
  ['pmd', 'huge', 3n, 1n],
  ['pmd', 'invalid', 0x701n, 0x700n],
  ['pmd', 'wrprotect', 1n, bit(58) | 1n],
])('%s_mk%s(0x%x) is 0x%x', (level, what, from, to) => {
  expect(change(arch, level, what, from as Entry)).toBe(to);
});

test('entries as Linux stores them', () => {
  expect(makeTable(arch, 'pmd', paddr(0x12_3456_7000n))).toBe(0x12_3456_7003n);
  expect(makeTable(arch, 'pmd', paddr(bit(40)))).toBeUndefined();
  expect(makeLeaf(arch, 'pte', paddr(0x12_3456_7000n), rights('rwxu'))).toBe(bit(55) | 0x12_3456_7f5fn);
  expect(makeLeaf(arch, 'pte', paddr(0x1000n), rights('ru'))).toBe(bit(58) | bit(54) | 0x1fdfn);
  expect(makeLeaf(arch, 'pte', paddr(0x1000n), rights(''))).toBe(bit(58) | bit(57) | bit(54) | 0x171en);
  expect(makeLeaf(arch, 'pmd', paddr(0x4020_0000n), rights('rwx'))).toBe(bit(55) | 0x4020_071dn);
  expect(makeSwap(arch, 'pte', { type: 3n, offset: 5n })).toBe(0x50cn);
});

describe('laws', () => {
  // arm does not run the kernel's self-test: pmd_present asks for VALID, which pmd_mkinvalid clears.
  const broken = ['pmd_thp'];
  const laws = archLaws(arch, { runs });
  keeps([
    ...laws.filter(({ name }) => !broken.includes(name)),
    ...hostileLaws(armLpaeMmu(arch), [{ v8: true }], { runs }),
  ]);
  test.each(broken)('%s is not kept by Linux either', (broke) => {
    expect(() => laws.find(({ name }) => name === broke)?.check()).toThrow(`${broke} is broken`);
  });
});
