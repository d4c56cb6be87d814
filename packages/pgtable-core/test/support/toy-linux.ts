/** A toy that defines every helper, with the quirks that real ones have: inverted frames, protected clean pages, pages under split. */
import {
  type Arch,
  type ArchSpec,
  address,
  addressMask,
  and,
  bits,
  clear,
  defineArch,
  type Expr,
  eq,
  type Fields,
  flag,
  has,
  is,
  type LevelSpec,
  lacks,
  not,
  or,
  select,
  set,
  software,
  xor,
} from '../../src/index.ts';
import { toy3Spec } from './toys.ts';

// The low 12 bits of an entry, and the one that must be 0.
export const V = 0x1n;
export const LEAF = 0x2n;
export const NONE = 0x40n;
const [W, U, NX, YOUNG] = [0x4n, 0x8n, 0x10n, 0x20n];
const [D, SPECIAL, DEVMAP, SOFT, RO] = [0x80n, 0x100n, 0x200n, 0x400n, 0x800n];
const ALL = (1n << 64n) - 1n;

const fields = (low: number): Fields => ({
  ...{ V: flag(0), LEAF: flag(1), W: flag(2), U: flag(3), NX: flag(4), YOUNG: flag(5), NONE: software(6), D: flag(7) },
  ...{ SPECIAL: software(8), DEVMAP: software(9), SOFT: software(10), RO: flag(11), address: address(47, low) },
  MBZ: { kind: 'zero', hi: 63, lo: 63 },
});

const turn = (on: bigint, off: bigint): Expr => and(set(on), ALL & ~off);
const none = eq('entry', 0n);

/** A level with leaves. The hardware may not write a page that is clean: RO says so. */
function leaves(low: number, type: bigint): Pick<LevelSpec, 'leaf' | 'is' | 'mk' | 'swap'> {
  const large = type !== 0n;
  // A large page under split has V cleared, and is there by LEAF.
  const present = has(V | NONE | (large ? LEAF : 0n));
  const dirtied = D | SOFT;
  return {
    leaf: {
      fields: fields(low),
      base: V | YOUNG | type,
      protNone: NONE | YOUNG | RO | NX | type,
      rights: { read: [0n, 0n], write: [W | D, RO], exec: [0n, NX], user: [U, 0n] },
      inverted: and(not(none), lacks(V)),
    },
    is: {
      ...{ none, present, swap: and(not(none), not(present)), protnone: is(V | NONE, NONE) },
      ...{ write: has(W), young: has(YOUNG), dirty: has(D), exec: lacks(NX), user: has(U) },
      ...{ special: has(SPECIAL), devmap: has(DEVMAP), softDirty: has(SOFT) },
      ...(large && { leaf: has(LEAF), bad: or(has(LEAF), not(present)) }),
    },
    mk: {
      ...{ young: set(YOUNG), old: clear(YOUNG), clean: turn(RO, D), wrprotect: turn(RO, W) },
      dirty: select(has(W), turn(dirtied, RO), set(dirtied)),
      write: select(has(D), turn(W, RO), set(W)),
      ...{ special: set(SPECIAL), devmap: set(DEVMAP | SPECIAL), softDirty: set(SOFT), clearSoftDirty: clear(SOFT) },
      ...(large && {
        huge: set(LEAF),
        invalid: select(has(V), xor(clear(V), addressMask(fields(low))), 'entry'),
      }),
    },
    swap: { type: bits(11, 8), offset: bits(47, 12), base: 0x20n, inverted: true, exclusive: 0x4n, softDirty: 0x8n },
  };
}

const table = { fields: { V: flag(0), LEAF: flag(1), address: address(47, 6) }, base: V, aligned: 6 };

/** Four levels, p4d folded when built; leaves at pud (2^19), pmd (2^15) and pte (2^12). Addresses have 24 bits, sign-extended. */
export const toyLinuxSpec: ArchSpec = {
  ...toy3Spec,
  id: 'toy-linux',
  root: { fields: { origin: address(47, 5) }, tops: { pgd: { base: 0n, limit: 1n << 23n } } },
  levels: {
    ...toy3Spec.levels,
    pud: { bits: 3, table, ...leaves(19, LEAF) },
    pmd: { bits: 4, table, ...leaves(15, LEAF) },
    pte: { bits: 3, ...leaves(12, 0n) },
  },
};
export const toyLinux: Arch = defineArch(toyLinuxSpec);
