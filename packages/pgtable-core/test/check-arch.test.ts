import { describe, expect, test } from 'vitest';
import {
  ArchError,
  type ArchSpec,
  address,
  bits,
  defineArch,
  eq,
  type Fields,
  flag,
  has,
  type LeafFormat,
  type Level,
  type LevelSpec,
  lacks,
  or,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { LEAF, NONE, toy3Spec, toy32Spec, V } from './support/toys.ts';

const but = (level: Level, change: Partial<LevelSpec>, of: ArchSpec = toy3Spec): ArchSpec => ({
  ...of,
  levels: { ...of.levels, [level]: { ...of.levels[level], ...change } },
});
const { pmd, pte } = toy3Spec.levels;
const table = (fields: Fields, base = V): ArchSpec => but('pmd', { table: { fields, base } });
const leaf = (change: Partial<LeafFormat>): ArchSpec => but('pte', { leaf: { ...pte.leaf!, ...change } });
const place = (spec: ArchSpec): [string, string] => {
  const { code, where } = refused(ArchError, () => defineArch(spec));
  return [code, where];
};

describe('field-width', () => {
  test.each<[string, Fields[string]]>([
    ['above bit 63', flag(64)],
    ['below bit 0', bits(2, -1)],
    ['upside down', bits(2, 3)],
    ['not whole', flag(3.5)],
    ['landing above address bit 63', address(20, 12, 56)],
  ])('a field %s', (_what, field) => {
    expect(place(table({ address: address(63, 21), X: field }))).toEqual(['field-width', 'levels.pmd.table.fields.X']);
  });

  test.each([-3, 12.5, 64])('an address from bit %s on, in a field and a piece', (to) => {
    for (const kind of ['address', 'flag'] as const)
      expect(place(table({ address: address(63, 21), X: { kind, hi: 20, lo: 12, to } }))).toEqual([
        'field-width',
        'levels.pmd.table.fields.X.to',
      ]);
  });

  test('a field outside an entry of 4 bytes', () => {
    const fields = { V: flag(0), ppn: address(32, 10, 12) };
    const spec = but('pte', { leaf: { ...toy32Spec.levels.pte.leaf!, fields } }, toy32Spec);
    expect(place(spec)).toEqual(['field-width', 'levels.pte.leaf.fields.ppn']);
  });
});

describe('field-overlap', () => {
  test('two fields share a bit', () => {
    expect(place(table({ address: address(47, 6), X: bits(7, 4) }))).toEqual([
      'field-overlap',
      'levels.pmd.table.fields.X',
    ]);
  });

  test('two pieces hold the same address bits', () => {
    expect(place(table({ low: address(31, 6), high: address(47, 32, 31) }))).toEqual([
      'field-overlap',
      'levels.pmd.table.fields',
    ]);
  });

  test.each<[string, ArchSpec, string]>([
    ['the base of a table', table(pmd.table!.fields, V | 0x1000n), 'levels.pmd.table'],
    ['the base of a leaf', leaf({ base: V | 0x1000n }), 'levels.pte.leaf'],
    ['PROT_NONE', leaf({ protNone: NONE | 0x1000n }), 'levels.pte.leaf'],
    ['a right that is granted', leaf({ rights: { ...pte.leaf!.rights, write: [0x1000n, 0n] } }), 'levels.pte.leaf'],
    ['a right that is denied', leaf({ rights: { ...pte.leaf!.rights, exec: [0n, 1n << 47n] } }), 'levels.pte.leaf'],
  ])('%s sets bits of the address', (_what, spec, where) => {
    expect(place(spec)).toEqual(['field-overlap', where]);
  });
});

describe('address-field', () => {
  test('a table without an address', () => {
    expect(place(table({ V: flag(0) }))).toEqual(['address-field', 'levels.pmd.table']);
  });

  test('a leaf without an address', () => {
    expect(place(leaf({ fields: { V: flag(0) } }))).toEqual(['address-field', 'levels.pte.leaf']);
  });

  test('address bits that a table needs are lost: its 64 bytes begin at bit 6', () => {
    const error = refused(ArchError, () => defineArch(table({ V: flag(0), address: address(47, 7) })));
    expect(error).toMatchObject({
      code: 'address-field',
      where: 'levels.pmd.table',
      message: 'levels.pmd.table: address bits 6…6 are lost',
    });
  });

  test('address bits that a page needs are lost', () => {
    const error = refused(ArchError, () => defineArch(leaf({ fields: { V: flag(0), address: address(47, 14) } })));
    expect(error.message).toBe('levels.pte.leaf: address bits 13…12 are lost');
  });
});

describe('entry-width', () => {
  const pgd32 = toy32Spec.levels.pmd;
  test.each<[string, ArchSpec, string]>([
    ['an empty entry', but('pte', { empty: 1n << 32n }, toy32Spec), 'levels.pte.empty'],
    ['a negative empty entry', but('pte', { empty: -1n }), 'levels.pte.empty'],
    [
      'the base of a table',
      but('pmd', { table: { ...pgd32.table!, base: V | (1n << 32n) } }, toy32Spec),
      'levels.pmd.table',
    ],
    [
      'the base of a leaf',
      but('pte', { leaf: { ...toy32Spec.levels.pte.leaf!, base: 1n << 63n } }, toy32Spec),
      'levels.pte.leaf',
    ],
    ['a right', leaf({ rights: { ...pte.leaf!.rights, exec: [0n, 1n << 64n] } }), 'levels.pte.leaf'],
    ['PROT_NONE', leaf({ protNone: 1n << 64n }), 'levels.pte.leaf'],
  ])('%s is too wide', (_what, spec, where) => {
    expect(place(spec)).toEqual(['entry-width', where]);
  });
});

test('empty-not-none: an empty entry that is not none', () => {
  expect(place(but('pmd', { empty: 0x20n }))).toEqual(['empty-not-none', 'levels.pmd']);
});

test('empty-present: an empty entry that is present', () => {
  const is = { ...pmd.is, none: eq('entry', V) };
  const error = refused(ArchError, () => defineArch(but('pmd', { empty: V, is })));
  expect(error).toMatchObject({ code: 'empty-present', message: 'levels.pmd: empty 0x1 is present' });
});

describe('template', () => {
  test.each<[string, ArchSpec, string, string]>([
    [
      'a table that is not present',
      but('pmd', { table: { ...pmd.table!, base: 0n }, is: { ...pmd.is, present: has(V) } }),
      'levels.pmd.table',
      '0x40 reads present = false',
    ],
    [
      'a table that is bad',
      but('pmd', { is: { ...pmd.is, bad: has(V) } }),
      'levels.pmd.table',
      '0x41 reads bad = true',
    ],
    ['a table that is a leaf', table(pmd.table!.fields, V | LEAF), 'levels.pmd.table', '0x43 reads leaf = true'],
    [
      'a table that is none',
      but('pmd', { is: { ...pmd.is, none: lacks(LEAF) } }),
      'levels.pmd.table',
      '0x41 reads none = true',
    ],
    [
      'a table that is swapped out',
      but('pmd', { is: { ...pmd.is, swap: has(V) } }),
      'levels.pmd.table',
      '0x41 reads swap = true',
    ],
    [
      'a large leaf that is none',
      but('pmd', { leaf: { ...pmd.leaf!, base: V } }),
      'levels.pmd.leaf',
      '0x800d reads leaf = false',
    ],
    [
      'a page that is PROT_NONE with all rights',
      but('pte', { is: { ...pte.is, protnone: has(V) } }),
      'levels.pte.leaf',
      '0x102d reads protnone = true',
    ],
    [
      'a page that is not present without rights',
      but('pte', { is: { ...pte.is, present: has(V) } }),
      'levels.pte.leaf, PROT_NONE',
      '0x60 reads present = false',
    ],
    [
      'a page that is none without rights',
      but('pte', { is: { ...pte.is, none: or(eq('entry', 0n), has(NONE)) } }),
      'levels.pte.leaf, PROT_NONE',
      '0x60 reads none = true',
    ],
  ])('%s', (_what, spec, where, what) => {
    const error = refused(ArchError, () => defineArch(spec));
    expect(error).toMatchObject({ code: 'template', where, message: `${where}: ${what}` });
  });
});
