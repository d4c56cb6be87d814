/** Architectures small enough to count on one's fingers, one for each way to fold. */
import {
  type Arch,
  type ArchSpec,
  add,
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
  type LevelSpec,
  lacks,
  lt,
  not,
  select,
  shl,
  shr,
} from '../../src/index.ts';

// Entry bits of the toys that fold when built or booted.
export const V = 0x1n;
export const LEAF = 0x2n;
export const W = 0x4n;
export const U = 0x8n;
export const NX = 0x10n;
export const YOUNG = 0x20n;
/** Stored in place of V in a page without rights. */
export const NONE = 0x40n;
/** A bit that no good table pointer has. */
export const RESERVED = 1n << 48n;

const fields = (low: number): NonNullable<LevelSpec['table']>['fields'] => ({
  V: flag(0),
  LEAF: flag(1),
  address: address(47, low),
});

const none = eq('entry', 0n);
const present = has(V | NONE);
const page: LevelSpec['is'] = {
  none,
  present,
  protnone: is(V | NONE, NONE),
  write: has(W),
  user: has(U),
  exec: lacks(NX),
  young: has(YOUNG),
};
// Tables lie as close as they can: the smallest has 64 bytes.
const table = { fields: fields(6), base: V, aligned: 6 };

const leaf = (low: number, type: bigint): NonNullable<LevelSpec['leaf']> => ({
  fields: { ...fields(low), W: flag(2), U: flag(3), NX: flag(4), YOUNG: flag(5), NONE: flag(6) },
  base: V | YOUNG | type,
  protNone: NONE | YOUNG | type,
  rights: { read: [0n, 0n], write: [W, 0n], exec: [0n, NX], user: [U, 0n] },
});

const upper: LevelSpec = { bits: 2, table, is: { none, present, bad: has(RESERVED) } };
const pmd: LevelSpec = { bits: 4, table, leaf: leaf(15, LEAF), is: { ...page, bad: has(RESERVED), leaf: has(LEAF) } };
const pte: LevelSpec = { bits: 3, leaf: leaf(12, 0n), is: page };
const nop: FoldSpec = { when: 'build', style: 'top' };

/**
 * Three levels, little-endian, p4d and pud folded when built. Sizes: pte 2^12 (8), pmd 2^15 (16), pgd 2^19 (4); the
 * 21 bits of an address are sign-extended.
 */
export const toy3Spec: ArchSpec = {
  id: 'toy3',
  pageShift: 12,
  byteOrder: 'little',
  va: { extend: 'sign' },
  root: { fields: { origin: address(47, 5) }, tops: { pgd: { base: 0n, limit: 1n << 20n } } },
  levels: { pgd: upper, p4d: { ...upper, bits: 0, fold: nop }, pud: { ...upper, bits: 0, fold: nop }, pmd, pte },
};
export const toy3: Arch = defineArch(toy3Spec);

/**
 * Four levels in the definition, three in the machine: pud is folded at boot in middle style, so that its slot is made
 * from the 64-byte table that the pointer lies in and the address. Little-endian; the 22 bits of an address are alike above.
 */
const toyBootSpec: ArchSpec = {
  ...toy3Spec,
  id: 'toy-boot',
  va: { extend: 'halves', bits: 22 },
  root: { fields: { origin: address(47, 6) }, tops: { pgd: { base: 0n, limit: 1n << 22n } } },
  levels: {
    pgd: upper,
    p4d: { ...upper, bits: 0, fold: nop },
    pud: {
      ...upper,
      bits: 3,
      fold: {
        when: 'boot',
        style: 'middle',
        slot: add(and('slot', 0xffff_ffff_ffff_ffc0n), shl(and(shr('addr', 19n), 7n), 3n)),
      },
    },
    pmd,
    pte,
  },
};
export const toyBoot: Arch = defineArch(toyBootSpec);

const pte32: LevelSpec = {
  bits: 10,
  leaf: {
    fields: { V: flag(0), ppn: address(31, 10, 12) },
    base: V,
    rights: { read: [0n, 0n], write: [W, 0n], exec: [0n, NX], user: [U, 0n] },
  },
  is: { none, present: has(V), write: has(W), user: has(U), exec: lacks(NX) },
};
const upper32: LevelSpec = {
  bits: 10,
  table: { fields: { V: flag(0), ppn: address(31, 10, 12) }, base: V },
  is: { none, present: has(V), bad: has(0x200n) },
};

/** Two levels of 1024 entries of 4 bytes, little-endian; an entry holds bits 33…12 of an address, two places lower. */
export const toy32Spec: ArchSpec = {
  id: 'toy32',
  pageShift: 12,
  byteOrder: 'little',
  entryBytes: 4,
  va: { extend: 'zero' },
  root: { fields: { ppn: address(21, 0, 12) }, tops: { pgd: { base: 0n, limit: 1n << 31n } } },
  levels: {
    pgd: upper32,
    p4d: { ...upper32, bits: 0, fold: nop },
    pud: { ...upper32, bits: 0, fold: nop },
    pmd: { ...upper32, bits: 0, fold: nop },
    pte: pte32,
  },
};
export const toy32: Arch = defineArch(toy32Spec);

// Entry bits of the toy that folds per process.
const TYPE: Expr = and('entry', 3n);
const INVALID = 0x4n;
export const LARGE = 0x8n;
/** Sizes by type: pmd 2^15, pud 2^18, p4d 2^21, pgd 2^24. */
const covers: Expr = select(eq(TYPE, 3n), 24n, select(eq(TYPE, 2n), 21n, select(eq(TYPE, 1n), 18n, 15n)));

const typed = (type: bigint): Omit<LevelSpec, 'is'> => ({
  bits: 3,
  empty: type | INVALID,
  table: { fields: { origin: address(47, 6), I: flag(2), type: bits(1, 0, 'type') }, base: type },
});
const reading = (type: bigint): LevelSpec['is'] => ({
  none: eq('entry', type | INVALID),
  present: lacks(INVALID),
  bad: not(eq(TYPE, type)),
});
const large = (low: number, type: bigint): Pick<LevelSpec, 'leaf'> => ({
  leaf: {
    fields: { frame: address(47, low), W: flag(5), LARGE: flag(3), I: flag(2), type: bits(1, 0, 'type') },
    base: LARGE | type,
    rights: { read: [0n, 0n], write: [0x20n, 0n], exec: [0n, 0n], user: [0n, 0n] },
  },
});
const isLarge: LevelSpec['is'] = { leaf: has(LARGE), write: has(0x20n) };
const foldedBelow = (type: bigint): FoldSpec => ({ when: 'process', style: 'middle', if: lt(TYPE, type) });

/**
 * Two to five levels by the type bits of the top table's entries, big-endian, empty entries not zero. Every table has
 * 8 slots of 8 bytes. Sizes: pte 2^12, pmd 2^15, pud 2^18, p4d 2^21, pgd 2^24; addresses are zero-extended.
 */
export const toyProcessSpec: ArchSpec = {
  id: 'toy-process',
  pageShift: 12,
  byteOrder: 'big',
  va: { extend: 'zero' },
  root: {
    fields: { origin: address(47, 6), type: bits(1, 0, 'type') },
    tops: {
      pgd: { base: 3n, limit: 1n << 27n },
      p4d: { base: 2n, limit: 1n << 24n },
      pud: { base: 1n, limit: 1n << 21n },
      pmd: { base: 0n, limit: 1n << 18n },
    },
  },
  levels: {
    pgd: { ...typed(3n), covers, is: reading(3n) },
    p4d: { ...typed(2n), covers, is: reading(2n), fold: foldedBelow(3n) },
    pud: { ...typed(1n), ...large(18, 1n), is: { ...reading(1n), ...isLarge }, fold: foldedBelow(2n) },
    pmd: { ...typed(0n), ...large(15, 0n), is: { ...reading(0n), ...isLarge }, fold: foldedBelow(1n) },
    pte: {
      bits: 3,
      empty: INVALID,
      leaf: {
        fields: { frame: address(47, 12), W: flag(5), I: flag(2), P: flag(0) },
        base: 1n,
        rights: { read: [0n, 0n], write: [0x20n, 0n], exec: [0n, 0n], user: [0n, 0n] },
      },
      is: { none: eq('entry', INVALID), present: has(1n), write: has(0x20n) },
    },
  },
};
export const toyProcess: Arch = defineArch(toyProcessSpec);

/** All of them, for what must hold everywhere. */
export const toys: readonly Arch[] = [toy3, toyBoot, toy32, toyProcess];
