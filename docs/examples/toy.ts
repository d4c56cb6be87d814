/** An invented machine in four steps: what must be said, what Linux asks besides, folding per process, and a trap. */
import { nopud } from '@kernel-mm/arch-generic';
import {
  address,
  and,
  bits,
  defineArch,
  type Expr,
  eq,
  type FoldSpec,
  flag,
  has,
  is,
  type LeafFormat,
  type LevelSpec,
  lacks,
  not,
  select,
  shr,
  software,
} from '@kernel-mm/pgtable-core';

// #region minimum
const V = 0x1n; // valid: the machine follows the entry
const reading = { none: not('entry'), present: has(V) };
const pointer = { V: flag(0), address: address(47, 9) };
const table = { fields: pointer, base: V, aligned: 9 }; // tables lie in units of 512 bytes
const frame = { V: flag(0), address: address(47, 12) };
const noDifference = { read: [0n, 0n], write: [0n, 0n], exec: [0n, 0n], user: [0n, 0n] } as const;

export const minimum = defineArch({
  id: 'toy-minimum',
  pageShift: 12,
  byteOrder: 'little',
  va: { extend: 'zero' },
  root: { fields: { origin: address(47, 9) }, tops: { pgd: { base: 0n, limit: 1n << 32n } } },
  levels: nopud({
    pgd: { bits: 6, table, is: reading },
    pmd: { bits: 6, table, is: reading },
    pte: { bits: 8, leaf: { fields: frame, base: V, rights: noDifference }, is: reading },
  }),
});
// #endregion minimum

// #region leaves
const L = 0x2n; // at pmd: this entry is a leaf
const [W, X, U, A, D] = [0x10n, 0x20n, 0x40n, 0x80n, 0x100n];
const PROT_NONE = 0x200n; // software's: the machine must not see the page, Linux does

const flags = { V: flag(0), L: flag(1), W: flag(4), X: flag(5), U: flag(6), A: flag(7), D: flag(8) };
const leaf = (low: 12 | 20, type: bigint): LeafFormat => ({
  fields: { ...flags, PROT_NONE: software(9), address: address(47, low) },
  base: V | A | type,
  protNone: PROT_NONE | A | type,
  rights: { read: [0n, 0n], write: [W | D, 0n], exec: [X, 0n], user: [U, 0n] },
});
// #endregion leaves

// #region reading
const page: LevelSpec['is'] = {
  none: not('entry'),
  present: has(V | PROT_NONE),
  protnone: is(V | PROT_NONE, PROT_NONE),
  write: has(W),
  exec: has(X),
  user: has(U),
  young: has(A),
  dirty: has(D),
};
const bad = has(L | W | X | U | A | D); // what no pointer to a table has

export const toy = defineArch({
  ...minimum.spec,
  id: 'toy',
  levels: nopud({
    pgd: { bits: 6, table, is: { ...reading, bad } },
    pmd: { bits: 6, table, leaf: leaf(20, L), is: { ...page, bad, leaf: has(L) } },
    pte: { bits: 8, leaf: leaf(12, 0n), is: page },
  }),
});
// #endregion reading

// #region dynamic
const T: Expr = shr(and('entry', 0xcn), 2n); // what an entry covers: 2 is 64 MiB, 1 is 1 MiB
const typed = (type: bigint): Omit<LevelSpec, 'is'> => ({
  bits: 6,
  empty: type << 2n, // an empty entry says it too
  table: { fields: { ...pointer, T: bits(3, 2, 'type') }, base: V | (type << 2n), aligned: 9 },
});
const covers = (shift: bigint): Expr => select(eq(T, 2n), 26n, select(eq(T, 1n), 20n, shift));
const handOn: FoldSpec = { when: 'process', style: 'middle' };
const none = lacks(V | PROT_NONE); // an empty entry is not zero any more

const pmd: LevelSpec = {
  ...typed(1n),
  fold: { ...handOn, if: eq(T, 1n) },
  leaf: leaf(20, L | (1n << 2n)),
  is: { ...page, none, bad, leaf: has(L) },
};
export const dynamic = defineArch({
  ...minimum.spec,
  id: 'toy-dynamic',
  root: {
    fields: { origin: address(47, 9), T: bits(3, 2, 'type') },
    tops: { pud: { base: 2n << 2n, limit: 1n << 32n }, pmd: { base: 1n << 2n, limit: 1n << 26n } },
  },
  levels: {
    pgd: { bits: 1, covers: covers(33n), is: {} },
    p4d: { bits: 1, covers: covers(32n), fold: handOn, is: {} },
    pud: { ...typed(2n), fold: handOn, is: { none, present: has(V), bad } },
    pmd,
    pte: toy.spec.levels.pte,
  },
});
// #endregion dynamic

// #region nested
export const nested = defineArch({
  ...dynamic.spec,
  id: 'toy-nested',
  root: {
    fields: { origin: address(47, 9), T: bits(3, 2, 'type') },
    tops: { pgd: { base: 2n << 2n, limit: 1n << 32n }, pmd: { base: 1n << 2n, limit: 1n << 26n } },
  },
  levels: nopud({
    pgd: { ...typed(2n), covers: covers(26n), is: { none, present: has(V), bad } },
    pmd,
    pte: toy.spec.levels.pte,
  }),
});
// #endregion nested
