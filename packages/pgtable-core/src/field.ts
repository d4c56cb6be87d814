/** Named bit fields of an entry, and the physical address that some of them hold in pieces. */
import { and, type Expr, or, shl, shr } from './expr.ts';

/** What a field is for. `type` bits are constant within one kind of entry; `zero` bits must be 0. */
export type FieldKind = 'address' | 'type' | 'flag' | 'software' | 'zero';

/** Bits `hi`…`lo` of an entry, bit 0 being the least significant. */
export interface Field {
  /** What it is for. */
  readonly kind: FieldKind;
  /** Its highest bit. */
  readonly hi: number;
  /** Its lowest bit. */
  readonly lo: number;
  /** For a piece of an address: the bit of the address that bit `lo` holds. */
  readonly to?: number;
}

/** The fields of one kind of entry by the name that its manual or Linux gives them. */
export type Fields = Readonly<Record<string, Field>>;

/** A piece of a physical address: bits `hi`…`lo`, of which `lo` holds address bit `to` (by default `lo` itself). */
export const address = (hi: number, lo: number, to: number = lo): Field => ({ kind: 'address', hi, lo, to });
/** One bit that the hardware or the kernel tests. */
export const flag = (bit: number): Field => ({ kind: 'flag', hi: bit, lo: bit });
/** One bit that only software looks at. */
export const software = (bit: number): Field => ({ kind: 'software', hi: bit, lo: bit });
/** A field of several bits, `flag` unless said otherwise. */
export const bits = (hi: number, lo: number, kind: FieldKind = 'flag'): Field => ({ kind, hi, lo });

/** The bits of a field as a mask. */
export const maskOf = (f: Field): bigint => ((1n << BigInt(f.hi - f.lo + 1)) - 1n) << BigInt(f.lo);

/** Found once for each list of fields: a walk asks at every step, and the search took a sixth of its time. */
const PIECES = new WeakMap<Fields, readonly Field[]>();

function pieces(fields: Fields): readonly Field[] {
  const known = PIECES.get(fields);
  if (known) return known;
  const found = Object.values(fields).filter((f) => f.kind === 'address');
  PIECES.set(fields, found);
  return found;
}

/** What a field of `raw` holds. */
export const valueIn = (f: Field, raw: bigint): bigint => (raw & maskOf(f)) >> BigInt(f.lo);

/** All bits that hold a piece of the address. */
export const addressMask = (fields: Fields): bigint => pieces(fields).reduce((m, f) => m | maskOf(f), 0n);

/** The address that the pieces of `raw` hold, in bytes. */
export const gather = (fields: Fields, raw: bigint): bigint =>
  pieces(fields).reduce((a, f) => a | (((raw & maskOf(f)) >> BigInt(f.lo)) << BigInt(f.to ?? f.lo)), 0n);

/** The same as an expression over `entry`. */
export const addressOf = (fields: Fields): Expr =>
  pieces(fields).reduce<Expr>((e, f) => {
    const piece = shl(shr(and('entry', maskOf(f)), BigInt(f.lo)), BigInt(f.to ?? f.lo));
    return e === 0n ? piece : or(e, piece);
  }, 0n);

/** The bits of `value`, a byte address, at the places where an entry holds them; `undefined` if some do not fit. */
export function scatter(fields: Fields, value: bigint): bigint | undefined {
  const raw = pieces(fields).reduce((e, f) => e | (((value >> BigInt(f.to ?? f.lo)) << BigInt(f.lo)) & maskOf(f)), 0n);
  return gather(fields, raw) === value ? raw : undefined;
}
