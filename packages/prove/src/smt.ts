/** Terms as SMT-LIB 2, the language that every solver reads. What occurs more than once is written once. */
import { type Term, variablesOf } from './term.ts';

/** Bit-vectors, and memory as a function nobody knows. */
export const LOGIC = 'QF_UFBV';

const WORD = '(_ BitVec 64)';
const ONE = '#x0000000000000001';
const ZERO = '#x0000000000000000';

const FUNCTIONS = {
  ...{ and: 'bvand', or: 'bvor', xor: 'bvxor', add: 'bvadd', sub: 'bvsub' },
  ...{ shl: 'bvshl', shr: 'bvlshr', read: 'memory' },
} as const;

/** What is asked of a solver: values for the variables that make every term true. */
export interface Question {
  readonly hold: readonly Term[];
  /** What to tell of the answer, by name. */
  readonly show: Readonly<Record<string, Term>>;
}

const constant = (value: bigint): string => `#x${value.toString(16).padStart(16, '0')}`;
/** A name that no solver has a meaning for. */
const symbol = (name: string): string => `|${name}|`;

/** Whether a term is 1 or 0 by its form. */
const isCondition = (term: Term): boolean => {
  if (term === 0n || term === 1n) return true;
  if (typeof term !== 'object') return false;
  const [op, ...parts] = term;
  return op === 'eq' || op === 'lt' || ((op === 'and' || op === 'or') && parts.every(isCondition));
};

/** The script that puts a question. */
export function scriptOf({ hold, show }: Question): string {
  const shown = Object.values(show);
  const roots = [...hold, ...shown];
  const lines = [
    ...variablesOf(roots).map((name) => `(declare-const ${symbol(name)} ${WORD})`),
    `(declare-fun memory (${WORD}) ${WORD})`,
  ];
  const uses = usesOf(roots);
  const given = new Map<Term, string>();

  /** The term's name, given at its first use where there are more. */
  const named = (term: Term, sort: string, text: () => string): string => {
    if (typeof term !== 'object' || (uses.get(term) ?? 0) < 2) return text();
    const known = given.get(term);
    if (known) return known;
    const written = text();
    const name = `t${given.size}`;
    given.set(term, name);
    lines.push(`(define-fun ${name} () ${sort} ${written})`);
    return name;
  };
  const word = (term: Term): string => {
    if (typeof term === 'bigint') return constant(term);
    if (typeof term === 'string') return symbol(term);
    if (isCondition(term)) return `(ite ${condition(term)} ${ONE} ${ZERO})`;
    return named(term, WORD, () => {
      const [op, ...parts] = term;
      if (op === 'select') return `(ite ${condition(parts[0]!)} ${word(parts[1]!)} ${word(parts[2]!)})`;
      return `(${FUNCTIONS[op as keyof typeof FUNCTIONS]} ${parts.map(word).join(' ')})`;
    });
  };
  const condition = (term: Term): string => {
    if (term === 1n) return 'true';
    if (term === 0n) return 'false';
    if (!isCondition(term)) return `(distinct ${word(term)} ${ZERO})`;
    return named(term, 'Bool', () => {
      const [op, a, b] = term as readonly [string, Term, Term];
      if (op === 'lt') return `(bvult ${word(a)} ${word(b)})`;
      if (op === 'eq') return b === 0n && isCondition(a) ? `(not ${condition(a)})` : `(= ${word(a)} ${word(b)})`;
      return `(${op} ${condition(a)} ${condition(b)})`;
    });
  };

  const asserted = hold.map((term) => `(assert ${condition(term)})`);
  // By names of their own: a solver repeats in its answer what it was asked for.
  const told = shown.map((term, n) => `(declare-const shown${n} ${WORD})\n(assert (= shown${n} ${word(term)}))`);
  const names = told.map((_, n) => `shown${n}`).join(' ');
  return [
    `(set-logic ${LOGIC})`,
    ...lines,
    ...asserted,
    ...told,
    '(check-sat)',
    ...(names ? [`(get-value (${names}))`] : []),
  ].join('\n');
}

function usesOf(roots: readonly Term[]): Map<Term, number> {
  const uses = new Map<Term, number>();
  const visit = (term: Term): void => {
    if (typeof term !== 'object') return;
    const before = uses.get(term) ?? 0;
    uses.set(term, before + 1);
    if (before === 0) for (const part of term.slice(1) as Term[]) visit(part);
  };
  roots.forEach(visit);
  return uses;
}
