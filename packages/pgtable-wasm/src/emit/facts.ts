/** What is known of an entry after some tests of it, and what other expressions become by that. */
import { type Expr, isTruth, wrap64 } from '@kernel-mm/pgtable-core';

/** Bits of the entry that are known, and masks of which some bit is known to be set. */
export interface Facts {
  readonly mask: bigint;
  readonly value: bigint;
  readonly some: readonly bigint[];
}

/** Nothing is known. */
export const NOTHING: Facts = { mask: 0n, value: 0n, some: [] };

const ALL = wrap64(-1n);
const isConstant = (e: Expr): e is bigint => typeof e === 'bigint';

/** The expression with the same value wherever the facts hold, with fewer parts. */
export function simplify(e: Expr, facts: Facts = NOTHING): Expr {
  if (typeof e === 'string' || isConstant(e)) return e;
  if (e[0] === 'select') {
    const condition = simplify(e[1], facts);
    if (isConstant(condition)) return simplify(condition ? e[2] : e[3], facts);
    return ['select', condition, simplify(e[2], facts), simplify(e[3], facts)];
  }
  const a = simplify(e[1], facts);
  const b = simplify(e[2], facts);
  return isConstant(a) && isConstant(b) ? folded(e[0], a, b) : reduced(e[0], a, b, facts);
}

type Op = Exclude<Extract<Expr, readonly [string, ...unknown[]]>[0], 'select'>;

function folded(op: Op, a: bigint, b: bigint): bigint {
  switch (op) {
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'add':
      return wrap64(a + b);
    case 'shl':
      return b < 64n ? wrap64(a << b) : 0n;
    case 'shr':
      return b < 64n ? a >> b : 0n;
    case 'eq':
      return a === b ? 1n : 0n;
    case 'lt':
      return a < b ? 1n : 0n;
  }
}

/** One step of algebra: constants to the right, masks merged, what the facts decide. */
function reduced(op: Op, a: Expr, b: Expr, facts: Facts): Expr {
  if (isConstant(a) && op !== 'shl' && op !== 'shr' && op !== 'lt') return reduced(op, b, a, facts);
  if (op === 'lt') return less(a, b, facts);
  if (!isConstant(b)) return [op, a, b];
  switch (op) {
    case 'and':
      return masked(a, b, facts);
    case 'or':
    case 'xor':
    case 'add':
      return b === 0n ? a : [op, a, b];
    case 'shl':
    case 'shr':
      return shifted(op, a, b, facts);
    case 'eq':
      return compared(a, b, facts);
  }
}

/** A field of the entry, moved to bit 0: some bits in a row. */
function fieldOf(e: Expr): { readonly mask: bigint; readonly by: bigint; readonly most: bigint } | undefined {
  if (typeof e === 'string' || isConstant(e) || e[0] !== 'shr' || !isConstant(e[2])) return undefined;
  const [mask, by] = [bitsOf(e[1]), e[2]];
  const most = mask === undefined ? 0n : mask >> by;
  // One more than the most it can hold is a power of 2, where its bits are in a row.
  return mask !== undefined && most << by === mask && (most & (most + 1n)) === 0n ? { mask, by, most } : undefined;
}

/** A field compared with a power of 2, or with the most it can hold, is a test of bits. */
function less(a: Expr, b: Expr, facts: Facts): Expr {
  if (b === 0n) return 0n;
  const field = fieldOf(isConstant(a) ? b : a);
  if (!field) return ['lt', a, b];
  if (isConstant(a)) return a >= field.most ? 0n : compared(less(b, a + 1n, facts), 0n, facts);
  if (!isConstant(b)) return ['lt', a, b];
  if (b > field.most) return 1n;
  if ((b & (b - 1n)) === 0n) return compared(masked('entry', (field.most & ~(b - 1n)) << field.by, facts), 0n, facts);
  if (b === field.most) return compared(compared(masked('entry', field.mask, facts), field.mask, facts), 0n, facts);
  return ['lt', a, b];
}

function masked(a: Expr, mask: bigint, facts: Facts): Expr {
  if (mask === 0n) return 0n;
  if (a === 'entry' && (mask & ~facts.mask) === 0n) return facts.value & mask;
  if (mask === ALL || (mask === 1n && isTruth(a))) return a;
  if (typeof a !== 'string' && !isConstant(a) && a[0] === 'and' && isConstant(a[2]))
    return masked(a[1], a[2] & mask, facts);
  return ['and', a, mask];
}

/** A mask shifted out and back in is a smaller mask. */
function shifted(op: 'shl' | 'shr', a: Expr, by: bigint, facts: Facts): Expr {
  if (by === 0n) return a;
  if (by >= 64n) return 0n;
  if (op === 'shl' && typeof a !== 'string' && !isConstant(a) && a[0] === 'shr' && a[2] === by)
    return masked(a[1], wrap64(ALL << by), facts);
  return [op, a, by];
}

function compared(a: Expr, value: bigint, facts: Facts): Expr {
  if (isConstant(a)) return a === value ? 1n : 0n;
  const { mask, value: known, some } = facts;
  const field = fieldOf(a);
  if (field) return value > field.most ? 0n : compared(['and', 'entry', field.mask], value << field.by, facts);
  const bits = bitsOf(a);
  if (bits !== undefined) {
    if ((known ^ value) & mask & bits || value & ~bits) return 0n;
    const open = bits & ~mask;
    if (open === 0n) return 1n;
    if (some.some((m) => (m & ~bits) === 0n && (m & value) === 0n)) return 0n;
    return ['eq', open === ALL ? 'entry' : ['and', 'entry', open], value & open];
  }
  // A truth compared with 1 is that truth; not of not, too.
  if (value === 1n && isTruth(a)) return a;
  if (value === 0n && typeof a !== 'string' && !isConstant(a) && a[0] === 'eq' && a[2] === 0n && isTruth(a[1]))
    return a[1];
  return ['eq', a, value];
}

/** The bits of the entry that an expression is, if it is nothing else. */
function bitsOf(e: Expr): bigint | undefined {
  if (e === 'entry') return ALL;
  return typeof e !== 'string' && !isConstant(e) && e[0] === 'and' && e[1] === 'entry' && isConstant(e[2])
    ? e[2]
    : undefined;
}

/** A test that is nothing but `(entry & mask) == value`. */
export type BitTest = Pick<Facts, 'mask' | 'value'>;

/** The bit test that a (simplified) condition is; `undefined` where it is more. `truth` false asks for its opposite. */
export function bitTest(e: Expr, truth = true): BitTest | undefined {
  if (isConstant(e)) return (e !== 0n) === truth ? { mask: 0n, value: 0n } : undefined;
  if (typeof e === 'string') return undefined;
  if (e[0] === 'eq' && isConstant(e[2])) {
    const bits = bitsOf(e[1]);
    if (bits === undefined) return e[2] === 0n && isTruth(e[1]) ? bitTest(e[1], !truth) : undefined;
    if (truth) return { mask: bits, value: e[2] };
    const isOneBit = (bits & (bits - 1n)) === 0n;
    return isOneBit ? { mask: bits, value: e[2] ^ bits } : undefined;
  }
  if ((truth ? e[0] === 'and' : e[0] === 'or') && isTruth(e)) {
    const [left, right] = [bitTest(e[1] as Expr, truth), bitTest(e[2] as Expr, truth)];
    return left && right && merged(left, right);
  }
  return undefined;
}

/** Both tests in one; `undefined` where they contradict each other. */
export const merged = (a: BitTest, b: BitTest): BitTest | undefined =>
  (a.value ^ b.value) & a.mask & b.mask ? undefined : { mask: a.mask | b.mask, value: a.value | b.value };

/** What is known once a condition has been found true, or false. */
export function learn(facts: Facts, e: Expr, truth: boolean): Facts {
  const test = bitTest(e, truth);
  const more = test && merged(facts, test);
  if (more) return { ...facts, ...more };
  if (typeof e === 'string' || isConstant(e)) return facts;
  if (e[0] === (truth ? 'and' : 'or') && isTruth(e))
    return learn(learn(facts, e[1] as Expr, truth), e[2] as Expr, truth);
  if (e[0] === 'eq' && e[2] === 0n) {
    if (isTruth(e[1])) return learn(facts, e[1], !truth);
    const bits = bitsOf(e[1]);
    if (!truth && bits !== undefined) return { ...facts, some: [...facts.some, bits] };
  }
  return facts;
}
