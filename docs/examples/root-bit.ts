/** An invented machine that folds by a bit in the root register: four levels or three, and no entry says which. */
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
  type LevelSpec,
  not,
  select,
} from '@kernel-mm/pgtable-core';

const V = 0x1n;
const [W, X, U] = [0x2n, 0x4n, 0x8n];
const pointer = { V: flag(0), address: address(47, 9) };
const frame = { V: flag(0), W: flag(1), X: flag(2), U: flag(3), address: address(47, 12) };

/** Bit 0 of the root: 1 is four levels (36 address bits), 0 is three (30). */
const FOUR: Expr = and('root', 1n);
const handOn: FoldSpec = { when: 'process', style: 'middle' };

// 6 bits a level: an entry of the top table covers 2^30 bytes of four levels, or 2^24 of three.
const upper: LevelSpec = {
  bits: 6,
  table: { fields: pointer, base: V },
  is: { none: not('entry'), present: has(V), bad: has(W | X | U) },
};
/** What the entry of a top table covers. Only the root knows: a helper that is given the entry alone cannot. */
const covers = select(FOUR, 30n, 24n);

export const rootBit = defineArch({
  id: 'root-bit',
  pageShift: 12,
  byteOrder: 'little',
  va: { extend: 'zero' },
  root: {
    fields: { origin: address(47, 9), depth: bits(0, 0, 'type') },
    tops: { p4d: { base: 1n, limit: 1n << 36n }, pud: { base: 0n, limit: 1n << 30n } },
  },
  levels: {
    pgd: { bits: 1, covers, is: {} },
    p4d: { ...upper, covers, fold: handOn },
    pud: { ...upper, fold: { ...handOn, if: eq(FOUR, 0n) } },
    pmd: upper,
    pte: {
      bits: 6,
      leaf: {
        fields: frame,
        base: V,
        rights: { read: [0n, 0n], write: [W, 0n], exec: [X, 0n], user: [U, 0n] },
      },
      is: { none: not('entry'), present: has(V), write: has(W), exec: has(X), user: has(U) },
    },
  },
});
