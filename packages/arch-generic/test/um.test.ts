import {
  type Change,
  change,
  type Entry,
  fieldsOf,
  type Level,
  makeLeaf,
  makeSwap,
  makeTable,
  type Predicate,
  paddr,
  swapOf,
} from '@kernel-mm/pgtable-core';
import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { um } from '../src/index.ts';
import { asks, numbers, rights, space } from './support/entries.ts';
import { keeps, runs } from './support/keeps.ts';

const two = um({ levels: '2' });
const three64 = um({ levels: '3-64' });
const three32 = um({ levels: '3-32' });
const four = um({ levels: '4' });
const archs = [two, three64, three32, four];

test('geometry of the four configurations', () => {
  expect(archs.map(({ id, entryBytes }) => [id, entryBytes])).toEqual([
    ['um-2level', 4],
    ['um-3level-64', 8],
    ['um-3level-32', 4],
    ['um-4level-64', 8],
  ]);
  expect(
    archs.map((arch) =>
      numbers(arch)
        .map(([shift, entries]) => `${shift} (${entries})`)
        .join(' '),
    ),
  ).toEqual([
    '22 (1024) 22 (1) 22 (1) 22 (1) 12 (1024)',
    '30 (512) 30 (1) 30 (1) 21 (512) 12 (512)',
    '31 (1024) 31 (1) 31 (1) 21 (1024) 12 (512)',
    '39 (512) 39 (1) 30 (512) 21 (512) 12 (512)',
  ]);
  // A pointer has no room for less than a page.
  expect(three32.geometry.pte.tableBytes).toBe(4096);
});

describe('the predicates, by raw values', () => {
  type Row = readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean];
  const rows: readonly Row[] = [
    ...(['p4d', 'pud', 'pmd'] as const).flatMap((level): Row[] => [
      [level, 'none', 0n, true],
      [level, 'none', 0x2n, true],
      [level, 'none', 0x4n, false],
      [level, 'present', 0x1n, true],
      [level, 'present', 0x10n, false],
      [level, 'bad', 0x1a1n, false],
      [level, 'bad', 0x1e1n, false],
      [level, 'bad', 0x1e3n, true],
      [level, 'bad', 0x1c1n, true],
      [level, 'leaf', 0xfffn, false],
    ]),
    ['pte', 'none', 0x2n, true],
    ['pte', 'none', 0x3n, false],
    ['pte', 'present', 0x1n, true],
    ['pte', 'present', 0x10n, true],
    ['pte', 'present', 0x20n, false],
    ['pte', 'swap', 0x22n, true],
    ['pte', 'swap', 0x2n, false],
    ['pte', 'write', 0x21n, true],
    ['pte', 'write', 0x30n, false],
    ['pte', 'user', 0x41n, true],
    ['pte', 'young', 0x81n, true],
    ['pte', 'dirty', 0x101n, true],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(asks(four, level, predicate, raw)).toBe(yes);
    },
  );
});

describe('what set_pte marks for the host', () => {
  test('NEWPAGE and NEWPROT, then NEEDSYNC alone', () => {
    const at = paddr(0x5000n);
    expect(makeLeaf(two, 'pte', at, rights('rwu'))).toBe(0x51e7n);
    expect(makeLeaf(four, 'pte', at, rights('rwu'))).toBe(0x51e3n);
    expect(makeLeaf(um({ levels: '2', linux: '6.13' }), 'pte', at, rights('rwu'))).toBe(0x51e3n);
    expect(makeLeaf(two, 'pte', at, rights(''))).toBe(0x5096n);
    expect(fieldsOf(two, 'pte', 'leaf', 7n as Entry)).toMatchObject({ NEWPAGE: 1n, NEWPROT: 1n });
    expect(fieldsOf(four, 'pte', 'leaf', 7n as Entry)).toMatchObject({ NEEDSYNC: 1n });
    expect(fieldsOf(four, 'pte', 'leaf', 7n as Entry)).not.toHaveProperty('NEWPROT');
  });

  test.each<[Change, bigint, old: bigint, now: bigint]>([
    // A change of rights has to be told, one that changes nothing has not.
    ['write', 0x1n, 0x25n, 0x21n],
    ['write', 0x21n, 0x21n, 0x21n],
    ['wrprotect', 0x21n, 0x5n, 0x1n],
    ['wrprotect', 0x1n, 0x1n, 0x1n],
    ['young', 0x1n, 0x81n, 0x81n],
    ['old', 0x81n, 0x1n, 0x1n],
    ['dirty', 0x1n, 0x101n, 0x101n],
    ['clean', 0x101n, 0x1n, 0x1n],
  ])('pte_mk%s(0x%x): 0x%x, 0x%x', (what, from, old, now) => {
    expect(change(two, 'pte', what, from as Entry<'pte'>)).toBe(old);
    expect(change(four, 'pte', what, from as Entry<'pte'>)).toBe(now);
  });

  test('a slot of a new table asks for a look, and is none', () => {
    const { mm } = space(two);
    expect(mm.memory.read(mm.pgd, 4, 'little')).toBe(2n);
  });
});

test('pointers and swap entries', () => {
  expect(makeTable(two, 'pmd', paddr(0x5000n))).toBe(0x51e1n);
  expect(makeSwap(two, 'pte', { type: 3n, offset: 5n })).toBe(0x2862n);
  expect(swapOf(two, 'pte', 0x2c62n as Entry)).toEqual({ type: 3n, offset: 5n }); // exclusive
  expect(makeSwap(two, 'pte', { type: 3n, offset: 1n << 21n })).toBeUndefined();
  expect(makeSwap(four, 'pte', { type: 3n, offset: 1n << 21n })).toBe((1n << 32n) | 0x62n);
});

// um does not run the kernel's self-test, and would not pass: a PROT_NONE page is not writable whatever mkwrite does to it.
const BROKEN = 'pte_basic';

test(`${BROKEN} is not kept by Linux either`, () => {
  const made = change(four, 'pte', 'write', 0x92n as Entry<'pte'>)!;
  expect(made).toBe(0xb2n);
  expect(asks(four, 'pte', 'write', made)).toBe(false);
});

describe.each(archs.map((arch) => [arch.id, arch] as const))('laws: %s', (_id, arch) => {
  keeps(archLaws(arch, { runs }).filter(({ name }) => name !== BROKEN));
});
