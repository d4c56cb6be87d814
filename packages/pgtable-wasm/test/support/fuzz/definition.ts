/** Definitions built up from nothing: any geometry, fold, format and reading, most of them sane and some of them not. */
import {
  type ArchSpec,
  add,
  address,
  and,
  type Expr,
  eq,
  type Field,
  type FoldSpec,
  flag,
  has,
  is,
  LEVELS,
  type LeafFormat,
  type Level,
  type LevelSpec,
  lacks,
  or,
  select,
  shl,
  shr,
  wrap64,
} from '@kernel-mm/pgtable-core';
import type { Tape } from './tape.ts';

/** Numbers that no definition should say. */
const ODD = [-1, 0.5, 64, 2 ** 31, 1e300, 3, 0, Number.NaN] as const;

/** A number, or once in a while another. */
const odd = (tape: Tape, n: number): number => (tape.rarely(160) ? tape.one(ODD) : n);

/** The bits of this machine's entries, from bit 0 on: valid, leaf, write, special, a type of two bits; the address behind. */
interface Bits {
  readonly width: number;
  readonly valid: bigint;
  readonly large: bigint;
  readonly write: bigint;
  readonly special: bigint;
  readonly type: Field;
  readonly fields: (low: number) => Record<string, Field>;
}

function bitsOf(tape: Tape, entryBytes: number, typed: boolean): Bits {
  const width = 8 * entryBytes;
  const names = ['V', 'L', ...(entryBytes > 1 ? ['W', 'S'] : [])];
  const at = (name: string): bigint => (names.includes(name) ? 1n << BigInt(names.indexOf(name)) : 0n);
  const first = names.length + (typed ? 2 : 0);
  const gap = entryBytes > 2 ? tape.below(4) : 0;
  const type: Field = { kind: 'type', hi: names.length + 1, lo: names.length };
  const split = entryBytes > 2 && tape.rarely(3);
  const top = width - 1 - (entryBytes > 2 ? tape.below(4) : 0);
  const natural = entryBytes === 8 && !tape.rarely(3);
  return {
    width,
    ...{ valid: at('V'), large: at('L'), write: at('W'), special: at('S'), type },
    fields(low) {
      const lo = natural ? Math.max(low, first) : first + gap;
      const to = odd(tape, natural ? lo : low);
      const hi = Math.min(top, lo + 63 - (natural ? lo : low));
      const middle = (lo + hi) >> 1;
      return {
        ...Object.fromEntries(names.map((name, n) => [name, flag(n)])),
        ...(typed && { T: type }),
        ...(split && middle > lo
          ? { low: address(middle, lo, to), high: address(hi, middle + 1, to + middle + 1 - lo) }
          : { frame: address(hi, lo, to) }),
      };
    },
  };
}

/** Any expression over the entry; at depth 0 a leaf of the tree. */
function anyExpr(tape: Tape, depth: number): Expr {
  if (depth === 0) return tape.one<Expr>(['entry', BigInt(tape.below(80)), tape.word(), 1n << BigInt(tape.below(64))]);
  const part = (): Expr => anyExpr(tape, depth - 1);
  const op = tape.one(['and', 'or', 'xor', 'add', 'shl', 'shr', 'eq', 'lt', 'select'] as const);
  return op === 'select' ? [op, part(), part(), part()] : [op, part(), part()];
}

/** A condition as it is meant, or one that is yes by any bit, or another. */
const condition = (tape: Tape, meant: Expr): Expr =>
  tape.rarely(10)
    ? anyExpr(tape, 1 + tape.below(3))
    : tape.rarely(6)
      ? ['and', 'entry', 1n << BigInt(tape.below(64))]
      : meant;

/** A shift as it is meant, or one that entries decide, or any. */
function shift(tape: Tape, own: number): Expr {
  const more = BigInt(own + tape.below(4));
  return tape.one<() => Expr>([
    () => select(has(1n << BigInt(tape.below(64))), more, BigInt(own)),
    () => and(shr('entry', BigInt(tape.below(60))), 63n),
    () => anyExpr(tape, 2),
    () => tape.one([0n, BigInt(own), 63n, 64n, 1n << 40n]),
  ])();
}

function reading(tape: Tape, { valid, large, write, special }: Bits, level: Level): LevelSpec['is'] {
  const none = tape.one([lacks(valid), eq('entry', 0n)]);
  const upper = level !== 'pte';
  return {
    none: condition(tape, none),
    present: condition(tape, has(valid)),
    ...(tape.below(3) && { write: condition(tape, has(write)) }),
    ...(tape.below(4) && { special: condition(tape, has(special)) }),
    ...(tape.rarely(5) && { accessRead: condition(tape, has(valid)), accessWrite: condition(tape, has(write)) }),
    ...(upper && tape.below(2) && { bad: condition(tape, tape.one<Expr>([has(special), and('entry', special)])) }),
    ...(upper && tape.below(2) && { leaf: condition(tape, has(large)) }),
  };
}

function leafOf(tape: Tape, bits: Bits, level: Level, own: number, type: bigint): LeafFormat {
  const upper = level !== 'pte';
  const low = tape.rarely(3) ? Math.max(own - tape.below(own), 1) : own;
  const no = [0n, 0n] as const;
  return {
    fields: bits.fields(low),
    base: bits.valid | (upper ? bits.large : 0n) | type,
    rights: { read: no, write: [bits.write, 0n], exec: no, user: no },
    ...(tape.rarely(4) && { shift: shift(tape, own) }),
    ...(tape.rarely(10) && { inverted: condition(tape, lacks(bits.valid)) }),
    ...(tape.rarely(12) && { first: anyExpr(tape, 2) }),
  };
}

/** log2 of a table with so many slots, of so many bytes. */
const tableShift = (bits: number, slotBytes: number): number => Math.ceil(Math.log2(2 ** bits * slotBytes));

/** The table of the slot, indexed anew. */
const anew = (table: number, from: number, bits: number, entryBytes: number): Expr =>
  add(
    and('slot', wrap64(-1n << BigInt(table))),
    shl(and(shr('addr', BigInt(from)), (1n << BigInt(bits)) - 1n), BigInt(Math.log2(entryBytes))),
  );

/** A definition by the choices of a tape. */
export function definitionOf(tape: Tape): ArchSpec {
  const entryBytes = tape.one([8, 8, 4, 2, 1] as const);
  const meant = tape.one([12, 12, 10, 6, 14]);
  const pageShift = odd(tape, meant);
  const process = entryBytes > 1 && tape.rarely(4);
  const bits = bitsOf(tape, entryBytes, process);
  const wide = tape.rarely(6) ? entryBytes * tape.one([2, 3, 4]) : entryBytes;
  const levels = {} as Record<Level, LevelSpec>;
  let own = meant;
  let below = own;
  const isOne = tape.rarely(12);
  const depth = 2 + tape.below(4);
  const real = new Set<Level>(['pgd', 'pte', ...(['pmd', 'pud', 'p4d'] as const).slice(0, depth - 2)]);
  if (isOne) real.delete('pte');
  for (const [up, level] of [...LEVELS].reverse().entries()) {
    const n = 4 - up;
    const folded = !real.has(level) || (isOne && level !== 'pgd');
    const boot = !folded && !isOne && (level === 'pud' || level === 'pmd') && tape.rarely(10);
    const width = folded ? 0 : 1 + tape.below(4);
    // Where folding is per process the type of an entry is how far it is from the last level.
    const type = process && level !== 'pte' ? BigInt(3 - n) << BigInt(bits.type.lo) : 0n;
    const slotBytes = tape.rarely(8) ? entryBytes * tape.one([2, 3]) : wide;
    const fold: FoldSpec | undefined = folded
      ? { when: tape.one(['build', 'build', 'boot'] as const), style: 'top' }
      : boot
        ? {
            when: 'boot',
            style: 'middle',
            ...(tape.below(3) && { slot: anew(tableShift(width, entryBytes), own, width, entryBytes) }),
          }
        : process && level !== 'pgd' && level !== 'pte'
          ? {
              when: 'process',
              style: tape.one(['middle', 'top'] as const),
              if: ['lt', and(shr('entry', BigInt(bits.type.lo)), 3n), BigInt(4 - n)],
            }
          : undefined;
    const spec = reading(tape, bits, level);
    levels[level] = {
      bits: odd(tape, fold?.style === 'top' ? 0 : width),
      ...(fold && {
        fold:
          isOne && level === 'pte'
            ? { when: 'build', style: 'top' }
            : tape.rarely(20)
              ? { ...fold, slot: anyExpr(tape, 1) }
              : fold,
      }),
      ...(level !== 'pte' && { table: { fields: bits.fields(below), base: bits.valid | type } }),
      ...((level === 'pte' || spec.leaf !== undefined) && { leaf: leafOf(tape, bits, level, own, type) }),
      ...(slotBytes !== entryBytes && { slotBytes: odd(tape, slotBytes) }),
      ...(tape.rarely(5) || slotBytes % 3 === 0
        ? { tableBytes: odd(tape, 2 ** (tableShift(width, slotBytes) + tape.below(2))) }
        : {}),
      ...(tape.rarely(12) && { shadow: { at: odd(tape, 2 ** tableShift(width, slotBytes)), value: anyExpr(tape, 1) } }),
      ...(type && { empty: type }),
      ...(level !== 'pte' && tape.rarely(4) && { covers: shift(tape, own) }),
      is: process && level !== 'pte' ? { ...spec, none: or(lacks(bits.valid), is(0n, 1n)) } : spec,
    };
    if (!folded) below = tableShift(width, slotBytes);
    own += fold?.style === 'top' ? 0 : width;
  }
  const extend = tape.one(['zero', 'sign', 'halves'] as const);
  const rootField = {
    origin: address(60, Math.min(below, 20)),
    ...(process && { T: { kind: 'type', hi: 1, lo: 0 } as const }),
  };
  const tops = process
    ? {
        pgd: { base: 3n, limit: 1n << 62n },
        p4d: { base: 2n, limit: 1n << 40n },
        pud: { base: 1n, limit: 1n << 30n },
        pmd: { base: 0n, limit: 1n << 20n },
      }
    : { pgd: { base: 0n, limit: tape.one([1n << 63n, 1n << BigInt(own - 1), tape.word()]) } };
  return {
    id: 'made',
    pageShift,
    byteOrder: tape.one(['little', 'big'] as const),
    entryBytes,
    ...(isOne || tape.rarely(12) ? { fastGup: false as const } : {}),
    va: { extend, ...(tape.rarely(5) && { bits: odd(tape, Math.max(meant, own - tape.below(3))) }) },
    root: { fields: rootField, tops },
    levels,
  };
}
