import { describe, expect, test } from 'vitest';
import {
  and,
  change,
  defineArch,
  type Entry,
  eq,
  fieldsOf,
  has,
  lacks,
  leafAddress,
  leafSize,
  makeLeaf,
  makeSwap,
  makeTable,
  modify,
  NO_RIGHTS,
  not,
  type Prot,
  paddr,
  select,
  swapOf,
  tableAddress,
  UsageError,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { toyLinux } from './support/toy-linux.ts';
import { LEAF, NX, toy3, toy3Spec, toy32, U, V, W, YOUNG } from './support/toys.ts';

const rights = (text: string): Prot => ({
  read: text.includes('r'),
  write: text.includes('w'),
  exec: text.includes('x'),
  user: text.includes('u'),
});

test('no right at all', () => {
  expect(NO_RIGHTS).toEqual(rights(''));
});

test('a table pointer: template and address', () => {
  expect(makeTable(toy3, 'pmd', paddr(0x1_2340n))).toBe(0x1_2341n);
  expect(tableAddress(toy3, 'pmd', 0x1_237fn as Entry)).toBe(0x1_2340n);
});

test.each([
  ['a bit too low', 0x1_2320n],
  ['a bit too high', 1n << 48n],
])('a table at an address with %s has no pointer', (_what, address) => {
  expect(makeTable(toy3, 'pmd', paddr(address))).toBeUndefined();
});

test.each([
  ['rwxu', V | YOUNG | W | U],
  ['rxu', V | YOUNG | U],
  ['rwu', V | YOUNG | W | U | NX],
  ['r', V | YOUNG | NX],
  ['x', V | YOUNG],
])('a page with the rights %s', (text, flags) => {
  expect(makeLeaf(toy3, 'pte', paddr(0x8000n), rights(text))).toBe(0x8000n | flags);
});

test('a page without rights is a template of its own, whoever may not use it', () => {
  expect(makeLeaf(toy3, 'pte', paddr(0x8000n), NO_RIGHTS)).toBe(0x8060n);
  expect(makeLeaf(toy3, 'pte', paddr(0x8000n), rights('u'))).toBe(0x8060n);
  // Where no such template is said, the denied bits are all there is.
  expect(makeLeaf(toy32, 'pte', paddr(0x8000n), NO_RIGHTS)).toBe(0x2000n | V | NX);
});

test('a large page, and levels that have none', () => {
  expect(makeLeaf(toy3, 'pmd', paddr(0x8000n), rights('rwxu'))).toBe(0x8000n | V | YOUNG | LEAF | W | U);
  expect(makeLeaf(toy3, 'pmd', paddr(0x9000n), rights('r'))).toBeUndefined();
  expect(makeLeaf(toy3, 'pgd', paddr(0n), rights('r'))).toBeUndefined();
});

test('an address that is stored two places lower', () => {
  expect(makeLeaf(toy32, 'pte', paddr(0x3_ffff_f000n), rights('rwxu'))).toBe(0xffff_fc0dn);
  expect(leafAddress(toy32, 'pte', 0xffff_ffffn as Entry)).toBe(0x3_ffff_f000n);
  expect(makeLeaf(toy32, 'pte', paddr(0x4_0000_0000n), rights('r'))).toBeUndefined();
});

test('an address is read from its own bits only', () => {
  const all = 0xffff_ffff_ffff_ffffn as Entry;
  expect(tableAddress(toy3, 'pmd', all)).toBe(0xffff_ffff_ffc0n);
  expect(leafAddress(toy3, 'pmd', all)).toBe(0xffff_ffff_8000n);
  expect(leafAddress(toy3, 'pte', all)).toBe(0xffff_ffff_f000n);
});

test('a level without leaves, or without tables, has no address: none is not 0', () => {
  expect(refused(UsageError, () => leafAddress(toy3, 'pgd', 0xffff_f000n as Entry)).argument).toBe('level');
  const { table: _, ...pgd } = toy3Spec.levels.pgd;
  const arch = defineArch({ ...toy3Spec, levels: { ...toy3Spec.levels, pgd } });
  expect(refused(UsageError, () => tableAddress(arch, 'pgd', 0xffff_f000n as Entry)).argument).toBe('level');
});

test('an address stored inverted comes back straight, and straight where the rule does not hold', () => {
  const { pte } = toy3Spec.levels;
  const leaf = { ...pte.leaf!, inverted: and(not(eq('entry', 0n)), lacks(V)) };
  const arch = defineArch({ ...toy3Spec, levels: { ...toy3Spec.levels, pte: { ...pte, leaf } } });
  const none = makeLeaf(arch, 'pte', paddr(0x1234_5000n), NO_RIGHTS)!;
  expect(none).toBe((0xffff_ffff_f000n ^ 0x1234_5000n) | 0x60n);
  expect(leafAddress(arch, 'pte', none)).toBe(0x1234_5000n);
  const page = makeLeaf(arch, 'pte', paddr(0x1234_5000n), rights('r'))!;
  expect(page).toBe(0x1234_5031n);
  expect(leafAddress(arch, 'pte', page)).toBe(0x1234_5000n);
  expect(leafAddress(arch, 'pte', 0n as Entry)).toBe(0n);
});

test('a leaf whose address also says its size: what it maps is what the definition computes', () => {
  const { pte } = toy3Spec.levels;
  // Bit 63 set: the frame number's lowest bit says 2^16 bytes and is dropped, as Svnapot does.
  const wide = has(1n << 63n);
  const stored = and('entry', 0xffff_ffff_f000n);
  const leaf = {
    ...pte.leaf!,
    first: select(wide, and('entry', 0xffff_ffff_0000n), stored),
    shift: select(wide, 16n, 12n),
  };
  const arch = defineArch({ ...toy3Spec, levels: { ...toy3Spec.levels, pte: { ...pte, leaf } } });
  const plain = 0x81001n as Entry;
  const large = ((1n << 63n) | 0x88000n) as Entry;
  expect([leafAddress(arch, 'pte', plain), leafSize(arch, 'pte', plain)]).toEqual([0x81000n, 0x1000n]);
  expect([leafAddress(arch, 'pte', large), leafSize(arch, 'pte', large)]).toEqual([0x80000n, 0x10000n]);
  expect(leafSize(toy3, 'pmd', plain)).toBe(toy3.geometry.pmd.size);
});

test('fields by name, as a table or as a leaf', () => {
  const entry = 0x1_2345n as Entry;
  expect(fieldsOf(toy3, 'pmd', 'table', entry)).toEqual({ V: 1n, LEAF: 0n, address: 0x48dn });
  expect(fieldsOf(toy3, 'pte', 'leaf', entry)).toEqual({
    ...{ V: 1n, LEAF: 0n, W: 1n, U: 0n, NX: 0n, YOUNG: 0n, NONE: 1n },
    address: 0x12n,
  });
  expect(fieldsOf(toy3, 'pgd', 'leaf', entry)).toEqual({});
});

test('what a helper makes of a leaf, and a level without that helper', () => {
  expect(change(toyLinux, 'pte', 'clean', 0x80bdn as Entry<'pte'>)).toBe(0x883dn);
  expect(change(toyLinux, 'pte', 'huge', 0x80bdn as Entry<'pte'>)).toBeUndefined();
  expect(change(toy3, 'pte', 'young', 0x80bdn as Entry<'pte'>)).toBeUndefined();
});

describe('other rights', () => {
  // toyLinux: V 1, LEAF 2, W 4, U 8, NX 0x10, YOUNG 0x20, NONE 0x40, D 0x80, SPECIAL 0x100, SOFT 0x400, RO 0x800.
  test.each<[string, bigint, string, bigint]>([
    ['young and dirty', 0x80bdn, 'ru', 0x88b9n],
    ['young and dirty', 0x80bdn, 'rwu', 0x80bdn],
    ['young and dirty', 0x80bdn, 'rwx', 0x80a5n],
    // RO tells the hardware that a page is clean, whoever may write it.
    ['clean', 0x883dn, 'rwu', 0x883dn],
    ['clean and read-only', 0x8839n, 'rwu', 0x883dn],
    ['old', 0x809dn, 'ru', 0x8899n],
    ['special', 0x81bdn, 'ru', 0x89b9n],
    ['soft-dirty', 0x84bdn, 'ru', 0x8cb9n],
    // Dirty brings soft-dirty with it; this page has been dirty since before that was cleared.
    ['dirty, not soft-dirty', 0x88b9n, 'rwu', 0x80bdn],
    ['young and dirty', 0x80bdn, '', 0xffff_ffff_78f0n],
    ['without rights', 0xffff_ffff_78f0n, 'rwu', 0x80bdn],
    ['without rights', 0xffff_ffff_78f0n, '', 0xffff_ffff_78f0n],
  ])('for a page that is %s: 0x%x, %s', (_what, entry, text, expected) => {
    expect(modify(toyLinux, 'pte', entry as Entry<'pte'>, rights(text))).toBe(expected);
  });

  test('where no helper is defined, the bits of the rights alone change', () => {
    expect(modify(toy3, 'pte', 0x8025n as Entry<'pte'>, rights('ru'))).toBe(0x8039n);
    // Old stays old.
    expect(modify(toy3, 'pte', 0x8005n as Entry<'pte'>, rights('rxu'))).toBe(0x8009n);
    expect(modify(toy3, 'pgd', 0x8025n as Entry<'pgd'>, rights('r'))).toBeUndefined();
  });
});

describe('swap entries', () => {
  // Type in bits 11 to 8, the inverted offset in bits 47 to 12, 0x20 always.
  test.each([
    [0n, 1n, 0xffff_ffff_e020n],
    [5n, 0x12345n, 0xffff_edcb_a520n],
  ])('type %i, offset %i', (type, offset, entry) => {
    expect(makeSwap(toyLinux, 'pte', { type, offset })).toBe(entry);
    expect(swapOf(toyLinux, 'pte', entry as Entry)).toEqual({ type, offset });
    // The marks are no part of the place.
    expect(swapOf(toyLinux, 'pte', (entry | 0xcn) as Entry)).toEqual({ type, offset });
  });

  test('what does not fit has none, nor has a level without swap entries', () => {
    expect(makeSwap(toyLinux, 'pte', { type: 16n, offset: 1n })).toBeUndefined();
    expect(makeSwap(toyLinux, 'pte', { type: 0n, offset: 1n << 36n })).toBeUndefined();
    expect(makeSwap(toy3, 'pte', { type: 0n, offset: 1n })).toBeUndefined();
    expect(swapOf(toy3, 'pte', 0x1020n as Entry)).toBeUndefined();
  });
});
