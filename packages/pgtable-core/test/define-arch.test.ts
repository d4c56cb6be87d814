import { describe, expect, test } from 'vitest';
import {
  ArchError,
  type ArchSpec,
  add,
  address,
  archFromJson,
  archToJson,
  bits,
  defineArch,
  type Expr,
  eq,
  flag,
  has,
  type Level,
  type LevelSpec,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { toy3Spec, toy32Spec, toyProcessSpec, toys, V } from './support/toys.ts';

/** A good definition with one level said otherwise. */
const but = (level: Level, change: Partial<LevelSpec>, of: ArchSpec = toy3Spec): ArchSpec => ({
  ...of,
  levels: { ...of.levels, [level]: { ...of.levels[level], ...change } },
});
const { pgd, pmd, pte } = toy3Spec.levels;
const refusal = (spec: ArchSpec): { code: string; where: string; message: string } => {
  const { code, where, message } = refused(ArchError, () => defineArch(spec));
  return { code, where, message };
};

test('a good definition comes back with what follows from it, frozen', () => {
  const arch = defineArch(toy3Spec);
  expect(arch.id).toBe('toy3');
  expect(arch.spec).toBe(toy3Spec);
  expect(arch.entryBytes).toBe(8);
  expect(defineArch(toy32Spec).entryBytes).toBe(4);
  expect(Object.isFrozen(arch)).toBe(true);
  expect(arch.rules.pmd.is.leaf?.({ entry: 3n })).toBe(true);
  expect(arch.rules.pmd.is.swap).toBeUndefined();
  expect(arch.rules.pmd.folded).toBeUndefined();
  expect(arch.rules.pud.folded?.({})).toBe(true);
});

describe('missing', () => {
  test.each<[string, ArchSpec, string, string]>([
    ['levels', { ...toy3Spec, levels: { pgd, pte } as ArchSpec['levels'] }, 'levels.p4d', 'levels.p4d: is not said'],
    ['all levels', { ...toy3Spec, levels: undefined as never }, 'levels', 'levels: is not said'],
    ['none', but('pte', { is: { present: has(V) } }), 'levels.pte.is', 'levels.pte.is: says nothing of none'],
    [
      'present',
      but('pmd', { is: { none: eq('entry', 0n) } }),
      'levels.pmd.is',
      'levels.pmd.is: says nothing of present',
    ],
    [
      'a table above the last level',
      but('pmd', { table: undefined as never }),
      'levels.pmd',
      'levels.pmd: says nothing of table: how does an entry designate the level below?',
    ],
    [
      'a leaf at the last level',
      but('pte', { leaf: undefined as never }),
      'levels.pte',
      'levels.pte: says nothing of leaf: how is a page mapped?',
    ],
    [
      'a top level',
      { ...toy3Spec, root: { ...toy3Spec.root, tops: {} } },
      'root.tops',
      'root.tops: names no top level',
    ],
  ])('%s', (_what, spec, where, message) => {
    expect(refusal(spec)).toEqual({ code: 'missing', where, message });
  });

  test('above a level that is always folded nothing is asked, so nothing need be said', () => {
    expect(defineArch(but('pgd', { table: undefined as never, is: {} })).id).toBe('toy3');
  });
});

describe('geometry', () => {
  test.each<[string, ArchSpec, string, string]>([
    ['bits that are not whole', but('pmd', { bits: 8.5 }), 'levels.pmd.bits', '8.5 is not a whole number from 1 to 20'],
    ['bits below 1', but('pte', { bits: 0 }), 'levels.pte.bits', '0 is not a whole number from 1 to 20'],
    ['bits above 20', but('pgd', { bits: 21 }), 'levels.pgd.bits', '21 is not a whole number from 1 to 20'],
    [
      'a top-style fold that keeps bits',
      but('pud', { bits: 9 }),
      'levels.pud.bits',
      '9 is not a whole number from 0 to 0',
    ],
    [
      'a middle-style fold without bits',
      but('pud', { bits: 0 }, toyProcessSpec),
      'levels.pud.bits',
      '0 is not a whole number from 1 to 20',
    ],
    ['pages of one byte', { ...toy3Spec, pageShift: 0 }, 'pageShift', '0 is not a whole number from 1 to 30'],
    ['pages of 2 GiB', { ...toy3Spec, pageShift: 31 }, 'pageShift', '31 is not a whole number from 1 to 30'],
    [
      'more than 64 bits in all',
      but('pgd', { bits: 20 }, but('pmd', { bits: 20 }, but('pte', { bits: 13 }))),
      'pageShift and all bits together',
      '65 is not a whole number from 1 to 64',
    ],
    [
      'more translated bits than levels have',
      { ...toy3Spec, va: { extend: 'sign', bits: 22 } },
      'va.bits',
      '22 is not a whole number from 12 to 21',
    ],
    [
      'fewer translated bits than a page has',
      { ...toy3Spec, va: { extend: 'sign', bits: 11 } },
      'va.bits',
      '11 is not a whole number from 12 to 21',
    ],
  ])('%s', (_what, spec, where, what) => {
    expect(refusal(spec)).toEqual({ code: 'geometry', where, message: `${where}: ${what}` });
  });

  test('exactly 64 bits are allowed', () => {
    const spec = but('pgd', { bits: 20 }, but('pmd', { bits: 20 }, but('pte', { bits: 12 })));
    const wide = { ...pmd.table!, fields: { V: flag(0), address: address(47, 6) } };
    const leaf = { ...pmd.leaf!, fields: { ...pmd.leaf!.fields, address: address(47, 12) } };
    const arch = defineArch(but('pmd', { bits: 20, table: wide, leaf }, spec));
    expect(arch.geometry.pgd.shift + arch.geometry.pgd.bits).toBe(64);
  });
});

test.each<[string, ArchSpec, string]>([
  ['the top level folded', but('pgd', { bits: 0, fold: { when: 'build', style: 'top' } }), 'levels.pgd'],
  ['the last level folded', but('pte', { bits: 0, fold: { when: 'process', style: 'top' } }), 'levels.pte'],
  [
    'a middle-style fold at build time',
    but('pud', { bits: 3, fold: { when: 'build', style: 'middle' } }),
    'levels.pud',
  ],
])('fold: %s', (_what, spec, where) => {
  expect(refusal(spec)).toMatchObject({ code: 'fold', where });
});

describe('expression', () => {
  test.each<[string, ArchSpec, string, string]>([
    [
      'a predicate that looks at the address',
      but('pmd', { is: { ...pmd.is, bad: eq('addr', 0n) } }),
      'levels.pmd.is.bad',
      'looks at addr; it may look at entry',
    ],
    [
      'a fold that looks at the slot',
      but('pud', { fold: { when: 'process', style: 'middle', if: 'slot' } }, toyProcessSpec),
      'levels.pud.fold.if',
      'looks at slot; it may look at entry, root',
    ],
    [
      'a folded slot that looks at the entry',
      but('pud', { fold: { when: 'process', style: 'middle', slot: add('slot', 'entry') } }, toyProcessSpec),
      'levels.pud.fold.slot',
      'looks at entry; it may look at slot, addr',
    ],
    [
      'what an entry covers, from the slot',
      but('pgd', { covers: 'slot' }),
      'levels.pgd.covers',
      'looks at slot; it may look at entry, root',
    ],
    [
      'inversion that looks at the address',
      but('pte', { leaf: { ...pte.leaf!, inverted: 'addr' } }),
      'levels.pte.leaf.inverted',
      'looks at addr; it may look at entry',
    ],
    [
      'an unknown operation',
      but('pmd', { is: { ...pmd.is, bad: ['nand', 1n, 2n] as never } }),
      'levels.pmd.is.bad',
      'unknown operation nand',
    ],
    ['no expression', but('pgd', { covers: 39 as never as Expr }), 'levels.pgd.covers', 'not an expression: 39'],
  ])('%s', (_what, spec, where, what) => {
    expect(refusal(spec)).toEqual({ code: 'expression', where, message: `${where}: ${what}` });
  });

  test('a select without its last branch', () => {
    const spec = but('pmd', { is: { ...pmd.is, bad: ['select', 'entry', 0n] as never } });
    expect(refusal(spec)).toMatchObject({ code: 'expression', where: 'levels.pmd.is.bad' });
  });
});

test('the root register: fields are checked as those of entries are', () => {
  const root = (fields: ArchSpec['root']['fields']): ArchSpec => ({ ...toy3Spec, root: { ...toy3Spec.root, fields } });
  expect(refusal(root({ origin: address(47, 12), mode: bits(13, 10) }))).toMatchObject({
    code: 'field-overlap',
    where: 'root.fields.mode',
  });
  expect(refusal(root({ origin: address(64, 12) }))).toMatchObject({
    code: 'field-width',
    where: 'root.fields.origin',
  });
});

describe('a definition from JSON has no types to rely on: what is left out or misspelt is refused', () => {
  const without = (path: string, value?: unknown): ArchSpec => {
    const spec = archFromJson(archToJson(toyProcessSpec));
    const keys = path.split('.');
    const last = keys.pop()!;
    // biome-ignore lint/suspicious/noExplicitAny: the point is a shape that the types refuse
    const at = keys.reduce((o: any, key) => o[key], spec);
    if (value === undefined) delete at[last];
    else at[last] = value;
    return spec;
  };
  test.each<[string, string, unknown?]>([
    ['no root', 'root'],
    ['no fields of the root', 'root.fields'],
    ['no tops', 'root.tops'],
    ['no rule for addresses', 'va'],
    ['another rule for addresses', 'va.extend', 'signed'],
    ['another byte order', 'byteOrder', 'Little'],
    ['no predicates', 'levels.pmd.is'],
    ['a predicate that Linux does not have', 'levels.pmd.is.presnt', 1n],
    ['no fields of a table', 'levels.pmd.table.fields'],
    ['no rights of a leaf', 'levels.pte.leaf.rights'],
    ['another time to fold', 'levels.pud.fold.when', 'never'],
    ['another style of folding', 'levels.pud.fold.style', 'bottom'],
  ])('%s', (_what, path, value) => {
    expect(refusal(without(path, value)).where).toMatch(/\S/);
  });
});

test.each(toys.map((arch) => [arch.id, arch.spec] as const))('%s defines again from its own JSON', (_id, spec) => {
  const again = defineArch(archFromJson(archToJson(spec)));
  expect(again.spec).toEqual(spec);
});
