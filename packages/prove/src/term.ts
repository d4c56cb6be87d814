/** Terms over 64-bit words: a definition's own expressions, and what a claim says around them. */
import type { Expr, Var } from '@kernel-mm/pgtable-core';

/** What core's expressions know, subtraction, and `read`: the entry that memory holds at an address. */
export type Op = 'and' | 'or' | 'xor' | 'add' | 'sub' | 'shl' | 'shr' | 'eq' | 'lt' | 'select' | 'read';

/**
 * A word: a constant, a variable by its name, or an operation. Every {@link Expr} of a definition is one. Comparisons
 * give 1 or 0, and a term is true where it is not 0.
 */
export type Term = bigint | string | readonly [Op, ...Term[]];

type Two = (a: Term, b: Term) => Term;

export const or: Two = (a, b) => ['or', a, b];
export const and: Two = (a, b) => ['and', a, b];
export const xor: Two = (a, b) => ['xor', a, b];
export const add: Two = (a, b) => ['add', a, b];
export const sub: Two = (a, b) => ['sub', a, b];
export const shl: Two = (a, b) => ['shl', a, b];
export const shr: Two = (a, b) => ['shr', a, b];
export const eq: Two = (a, b) => ['eq', a, b];
export const lt: Two = (a, b) => ['lt', a, b];
export const select = (condition: Term, yes: Term, no: Term): Term => ['select', condition, yes, no];
export const read = (address: Term): Term => ['read', address];

/** 1 where a term is 0. */
export const not = (a: Term): Term => eq(a, 0n);
export const ne: Two = (a, b) => not(eq(a, b));
/** Unsigned, as all comparisons. */
export const le: Two = (a, b) => not(lt(b, a));
/** All hold; each must be a comparison's 1 or 0. */
export const all = (...terms: Term[]): Term => terms.reduce((a, b) => (a === 1n ? b : and(a, b)), 1n);
/** One holds at least. */
export const any = (...terms: Term[]): Term => terms.reduce((a, b) => (a === 0n ? b : or(a, b)), 0n);
/** Where `a` holds, `b` does. */
export const implies: Two = (a, b) => or(not(a), b);
/** `a` times a constant, as shifted sums. */
export const times = (a: Term, factor: number): Term =>
  [...factor.toString(2)].reverse().reduce<Term>((sum, bit, n) => {
    if (bit === '0') return sum;
    const part = n === 0 ? a : shl(a, BigInt(n));
    return sum === 0n ? part : add(sum, part);
  }, 0n);

/** A definition's expression, with terms for what it looks at. */
export function termOf(expr: Expr, env: Readonly<Partial<Record<Var, Term>>>): Term {
  if (typeof expr === 'bigint') return expr;
  if (typeof expr === 'string') return env[expr] ?? 0n;
  const [op, ...parts] = expr as readonly [Op, ...Expr[]];
  return [op, ...parts.map((part) => termOf(part, env))];
}

/** The variables of some terms, in the order in which they come. */
export function variablesOf(terms: readonly Term[]): string[] {
  const found = new Set<string>();
  const seen = new Set<Term>();
  const visit = (term: Term): void => {
    if (typeof term === 'string') found.add(term);
    if (typeof term !== 'object' || seen.has(term)) return;
    seen.add(term);
    for (const part of term.slice(1) as Term[]) visit(part);
  };
  terms.forEach(visit);
  return [...found];
}
