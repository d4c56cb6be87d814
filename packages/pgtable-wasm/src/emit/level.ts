/** What a walker asks at one level, as expressions: the definition's own, completed as core's reading completes them. */
import {
  type Arch,
  add,
  addressMask,
  addressOf,
  and,
  coveredShift,
  type Expr,
  type FoldSpec,
  gather,
  LEVELS,
  type Level,
  type LevelSpec,
  leafShift,
  type Predicate,
  select,
  truth,
  xor,
} from '@kernel-mm/pgtable-core';

/** One level, ready to be emitted. Everything is an expression over `entry` unless said otherwise. */
export interface LevelCode {
  readonly level: Level;
  /** 0 is pgd. */
  readonly index: number;
  readonly shift: number;
  readonly bits: number;
  readonly slotBytes: number;
  /** How this level is folded into the one above. */
  readonly fold: FoldSpec | undefined;
  /** Over `entry` of the level above and `root`: whether this level is folded below it; 0 where it never is. */
  readonly folded: Expr;
  /** Over `slot` and `addr`: the slot at this level where it is folded; `undefined` for the very slot above. */
  readonly foldedSlot: Expr | undefined;
  readonly is: (predicate: Predicate) => Expr;
  /** pXd_access_permitted to read, and to write. */
  readonly access: readonly [read: Expr, write: Expr];
  /** The table that it designates. */
  readonly table: Expr;
  /** The first byte that a leaf maps. */
  readonly page: Expr;
  /** log2 of what a leaf maps. */
  readonly pageShift: Expr;
  /** Whether a leaf says a size that a leaf can have. */
  readonly sized: Expr;
  /** Over `entry` and `root`: log2 of what the entry covers; `undefined` where that is what the level says. */
  readonly covers: Expr | undefined;
  /** The address of the table's highest bit: 63 where a slot's address may pass 2^64. */
  readonly highest: number;
}

/** The five levels of a definition. */
export const levelsOf = (arch: Arch): readonly LevelCode[] => LEVELS.map((level, n) => codeOf(arch, level, n));

function codeOf({ spec, geometry }: Arch, level: Level, index: number): LevelCode {
  const own = spec.levels[level];
  const { shift, bits, slotBytes } = geometry[level];
  const is = (predicate: Predicate): Expr => own.is[predicate] ?? 0n;
  const generic = is('present');
  const leaf = leafShift(spec, geometry, level);
  const pieces = Object.values(own.table?.fields ?? {}).filter((f) => f.kind === 'address');
  return {
    ...{ level, index, shift, bits, slotBytes, is },
    fold: own.fold,
    folded: own.fold ? (own.fold.if ?? 1n) : 0n,
    foldedSlot: own.fold?.slot,
    access: [own.is.accessRead ?? generic, own.is.accessWrite ?? and(truth(generic), truth(is('write')))],
    table: own.table ? addressOf(own.table.fields) : 0n,
    page: pageOf(own.leaf ?? (own.reads && { fields: own.reads })),
    pageShift: leaf.shift,
    sized: leaf.fits,
    covers: own.covers && coveredShift(spec, geometry, level).shift,
    highest: Math.max(0, ...pieces.map((f) => (f.to ?? f.lo) + f.hi - f.lo)),
  };
}

/** leafAddress, as data. */
function pageOf(leaf: Pick<NonNullable<LevelSpec['leaf']>, 'fields' | 'first' | 'inverted'> | undefined): Expr {
  if (!leaf) return 0n;
  if (leaf.first !== undefined) return leaf.first;
  const stored = addressOf(leaf.fields);
  if (leaf.inverted === undefined) return stored;
  return select(leaf.inverted, xor(stored, gather(leaf.fields, addressMask(leaf.fields))), stored);
}

/** Over `addr`: the offset in bytes of its slot in a table of this level. */
export function offsetIn({ shift, bits, slotBytes }: Pick<LevelCode, 'shift' | 'bits' | 'slotBytes'>): Expr {
  const log = Math.log2(slotBytes);
  const mask = (1n << BigInt(bits)) - 1n;
  // One shift and one mask, where a slot is a power of 2: the index is never made.
  if (!Number.isInteger(log)) return times(and(['shr', 'addr', BigInt(shift)], mask), slotBytes);
  const scaled: Expr = shift >= log ? ['shr', 'addr', BigInt(shift - log)] : ['shl', 'addr', BigInt(log - shift)];
  return and(scaled, mask << BigInt(log));
}

/** A product by additions: sizes that are no power of 2 are rare and small. */
function times(e: Expr, by: number): Expr {
  const bits = [...by.toString(2)].reverse();
  return bits.reduce<Expr>((sum, bit, n) => (bit === '1' ? add(sum, ['shl', e, BigInt(n)]) : sum), 0n);
}
