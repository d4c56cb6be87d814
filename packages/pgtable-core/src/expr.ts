/** Rules over 64-bit words as data: the walker evaluates them, a compiler or a solver can read the same tree. */
import { wrap64 } from './brand.ts';
import { kindOf } from './errors.ts';

/**
 * What an expression may look at: `entry` (the raw value), `root` (the root register), `addr` (the virtual
 * address) and `slot` (the address at which an entry lives).
 */
export type Var = 'entry' | 'root' | 'addr' | 'slot';

/**
 * An expression over unsigned 64-bit words. Comparisons give 1 or 0, so `and` and `or` also join conditions.
 * `add` and `shl` wrap at 2^64; a shift by 64 or more gives 0.
 */
export type Expr =
  | bigint
  | Var
  | readonly ['and' | 'or' | 'xor' | 'add' | 'shl' | 'shr' | 'eq' | 'lt', Expr, Expr]
  | readonly ['select', Expr, Expr, Expr];

/** The values of the variables for one evaluation; what a rule does not look at may be left out. */
export type Env = Readonly<Partial<Record<Var, bigint>>>;

/** Bitwise and. */
export const and = (a: Expr, b: Expr): Expr => ['and', a, b];
/** Bitwise or. */
export const or = (a: Expr, b: Expr): Expr => ['or', a, b];
/** Bitwise exclusive or. */
export const xor = (a: Expr, b: Expr): Expr => ['xor', a, b];
/** Sum modulo 2^64. */
export const add = (a: Expr, b: Expr): Expr => ['add', a, b];
/** Shift left, modulo 2^64. */
export const shl = (a: Expr, n: Expr): Expr => ['shl', a, n];
/** Shift right, unsigned. */
export const shr = (a: Expr, n: Expr): Expr => ['shr', a, n];
/** 1 if equal. */
export const eq = (a: Expr, b: Expr): Expr => ['eq', a, b];
/** 1 if less, unsigned. */
export const lt = (a: Expr, b: Expr): Expr => ['lt', a, b];
/** `yes` where `condition` is not 0, else `no`. */
export const select = (condition: Expr, yes: Expr, no: Expr): Expr => ['select', condition, yes, no];
/** 1 if 0. */
export const not = (a: Expr): Expr => eq(a, 0n);

/** The entry with all bits outside `mask` cleared equals `value`. */
export const is = (mask: bigint, value: bigint): Expr => eq(and('entry', mask), value);
/** The entry has at least one bit of `mask`. */
export const has = (mask: bigint): Expr => not(is(mask, 0n));
/** The entry has no bit of `mask`. */
export const lacks = (mask: bigint): Expr => is(mask, 0n);

/** The entry with all bits of `mask` set. */
export const set = (mask: bigint): Expr => or('entry', mask);
/** The entry with all bits of `mask` cleared. */
export const clear = (mask: bigint): Expr => and('entry', wrap64(~mask));

/** Whether an expression can only be 0 or 1. */
export function isTruth(e: Expr): boolean {
  if (typeof e === 'bigint') return e <= 1n;
  if (typeof e === 'string') return false;
  return e[0] === 'eq' || e[0] === 'lt' || ((e[0] === 'and' || e[0] === 'or') && isTruth(e[1]) && isTruth(e[2]));
}

/** Whether two expressions are the same, part for part. */
export const sameExpr = (a: Expr, b: Expr): boolean =>
  typeof a === 'object' && typeof b === 'object'
    ? a.length === b.length && a.every((part, n) => sameExpr(part as Expr, b[n] as Expr))
    : a === b;

/** 1 if not 0: what a condition must be before `and` and `or` join it with another, since they join bits. */
export const truth = (e: Expr): Expr => (isTruth(e) ? e : not(not(e)));

/** How deep an expression may be nested. */
export const DEEPEST = 200;
/** How many parts an expression may have; one that stands in two places counts twice, since a compiler writes it twice. */
export const LARGEST = 4096;

/** Refuses what is too large to be asked, before anything goes down into it. */
function checkSize(e: Expr): void {
  const known = new Map<unknown, number>();
  const count = (part: unknown, depth: number): number => {
    if (!Array.isArray(part)) return 1;
    const counted = known.get(part);
    if (counted !== undefined) return counted;
    if (depth > DEEPEST) throw new TypeError(`is nested more than ${DEEPEST} deep`);
    let parts = 1;
    for (const one of part.slice(1)) parts += count(one, depth + 1);
    if (parts > LARGEST) throw new TypeError(`has more than ${LARGEST} parts`);
    known.set(part, parts);
    return parts;
  };
  count(e, 1);
}

/** The variables an expression looks at. */
export function varsOf(e: Expr): Set<Var> {
  if (typeof e === 'bigint') return new Set();
  if (typeof e === 'string') return new Set([e]);
  return new Set((e.slice(1) as Expr[]).flatMap((part) => [...varsOf(part)]));
}

/**
 * The bigint evaluator of an expression: one closure per node, built once by `defineArch`.
 * @throws TypeError for a node that is none of the vocabulary; `defineArch` turns it into an `ArchError`.
 */
export function evaluator(e: Expr): (env: Env) => bigint {
  checkSize(e);
  return evaluatorOf(e);
}

function evaluatorOf(e: Expr): Eval {
  if (typeof e === 'bigint') {
    if (e !== wrap64(e)) throw new TypeError(`constant ${e} is not from 0 to 2^64-1`);
    return () => e;
  }
  if (e === 'entry' || e === 'root' || e === 'addr' || e === 'slot') return (env) => env[e] ?? 0n;
  if (!Array.isArray(e) || e.length !== (e[0] === 'select' ? 4 : 3))
    throw new TypeError(`not an expression: ${said(e)}`);
  const [op, ...parts] = e as readonly [string, ...Expr[]];
  const [a, b, c] = parts.map(evaluatorOf) as [Eval, Eval, Eval];
  switch (op) {
    case 'and':
      return (v) => a(v) & b(v);
    case 'or':
      return (v) => a(v) | b(v);
    case 'xor':
      return (v) => a(v) ^ b(v);
    case 'add':
      return (v) => wrap64(a(v) + b(v));
    case 'shl':
      return (v) => shifted(b(v), (n) => wrap64(a(v) << n));
    case 'shr':
      return (v) => shifted(b(v), (n) => a(v) >> n);
    case 'eq':
      return (v) => (a(v) === b(v) ? 1n : 0n);
    case 'lt':
      return (v) => (a(v) < b(v) ? 1n : 0n);
    case 'select':
      return (v) => (a(v) ? b(v) : c(v));
    default:
      throw new TypeError(`unknown operation ${said(op)}`);
  }
}

/** A word of a definition in a message: short, and whatever it is. */
const said = (word: unknown): string =>
  typeof word === 'object' && !Array.isArray(word) ? kindOf(word) : String(word).slice(0, 60);

type Eval = (env: Env) => bigint;
const shifted = (n: bigint, f: (n: bigint) => bigint): bigint => (n < 64n ? f(n) : 0n);
