/** Several conditions at once: those that test bits become one test. */
import { type Expr, isTruth } from '@kernel-mm/pgtable-core';
import { type Code, when } from '../wasm/code.ts';
import type { Names } from './expr.ts';
import { type BitTest, bitTest, type Facts, learn, merged, simplify } from './facts.ts';
import type { Kit } from './kit.ts';

/** A condition, and how it should turn out. */
export type Condition = readonly [e: Expr, truth: boolean];

/** Conditions as one bit test and what does not fit into it; `undefined` where they cannot all hold. */
export interface Conjunction {
  readonly bits: BitTest;
  readonly rest: readonly Condition[];
  /** What is known where all hold. */
  readonly facts: Facts;
}

/** All conditions, each simplified by those before it. */
export function conjunction(conditions: readonly Condition[], known: Facts): Conjunction | undefined {
  let bits: BitTest = { mask: 0n, value: 0n };
  let facts = known;
  const rest: Condition[] = [];
  const open = [...conditions].reverse();
  for (let next = open.pop(); next; next = open.pop()) {
    const [e, truth] = next;
    const simple = simplify(e, facts);
    const parts = partsOf(simple, truth);
    if (parts) {
      open.push(...parts.reverse());
      continue;
    }
    if (typeof simple === 'bigint' && (simple !== 0n) !== truth) return undefined;
    const test = bitTest(simple, truth);
    const both = test && merged(bits, test);
    if (test && !both) return undefined;
    if (both) bits = both;
    else rest.push([simple, truth]);
    facts = learn(facts, simple, truth);
  }
  return { bits, rest: stillOpen(rest, bits), facts };
}

/** What the one test of bits leaves to ask, each once. */
function stillOpen(rest: readonly Condition[], bits: BitTest): Condition[] {
  const open = new Map<string, Condition>();
  for (const [e, truth] of rest) {
    const simple = simplify(e, { ...bits, some: [] });
    const key = `${truth} ${JSON.stringify(simple, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`;
    if (typeof simple !== 'bigint') open.set(key, [simple, truth]);
  }
  return [...open.values()];
}

/** What must hold for each part, where a condition is made of some that all must. */
function partsOf(e: Expr, truth: boolean): Condition[] | undefined {
  if (typeof e !== 'object' || !isTruth(e)) return undefined;
  if (e[0] === 'eq' && e[2] === 0n && isTruth(e[1])) return [[e[1], !truth]];
  return e[0] === (truth ? 'and' : 'or')
    ? [
        [e[1], truth],
        [e[2] as Expr, truth],
      ]
    : undefined;
}

const no = (code: Code): Code => (code[0] === 'i32.eqz' ? (code[1] as Code) : ['i32.eqz', code]);

/** A condition as an i32 of 0 or 1. */
const conditionCode = ({ expr }: Kit, [e, truth]: Condition, names: Names): Code =>
  truth ? expr.truth(e, names) : no(expr.truth(e, names));

/** Whether all hold, an i32 of 0 or 1; `undefined` where nothing is left to test. */
export function allHold(kit: Kit, { bits, rest }: Conjunction, names: Names): Code | undefined {
  const tests = [
    ...(bits.mask ? [kit.expr.test(bits, names)] : []),
    ...rest.map((condition) => conditionCode(kit, condition, names)),
  ];
  return tests.reduce<Code | undefined>((all, test) => (all ? ['i32.and', all, test] : test), undefined);
}

/** `code` where one of them fails; nothing where none can, and `code` alone where they cannot all hold. */
export function unlessAll(kit: Kit, all: Conjunction | undefined, names: Names, code: readonly Code[]): Code[] {
  if (!all) return [...code];
  const hold = allHold(kit, all, names);
  return hold ? [when(no(hold), code)] : [];
}

/** `code` where the condition holds, unless it is known that it does not. */
export function whenHolds(kit: Kit, e: Expr, facts: Facts, names: Names, code: readonly Code[]): Code[] {
  const simple = simplify(e, facts);
  if (typeof simple === 'bigint') return simple ? [...code] : [];
  return [when(kit.expr.truth(simple, names), code)];
}
