/** One claim put to a solver: proved, refuted with the least counterexample, or not decided. */
import type { Claim, Counterexample, Values, Verdict } from './claim.ts';
import { exactSet } from './exact.ts';
import { type Question, scriptOf } from './smt.ts';
import type { Solver } from './solver.ts';
import { eq, lt, not, type Term } from './term.ts';

/** Answers by their questions. */
export interface Answers {
  /** The answer to a script that was put before. */
  get(script: string): Promise<string> | undefined;
  /** Keeps an answer, or does not. */
  set(script: string, answer: Promise<string>): unknown;
}

/** How long, and how thoroughly. */
export interface DecideOptions {
  readonly solver: Solver;
  /** For each question; a claim that is refuted puts some more, to make its counterexample small. */
  readonly milliseconds?: number;
  /** Whether a counterexample is made small and whole; it is unless `false` is said. */
  readonly small?: false;
  /** Answers to questions that were put before: the same claim of another architecture is often the same text. */
  readonly known?: Answers;
}

/** What a solver answered. */
export type Answer =
  | { readonly kind: 'sat'; readonly values: Values }
  | { readonly kind: 'unsat' }
  | { readonly kind: 'unknown'; readonly why: string };

/** Decides a claim. */
export async function decide(claim: Claim, options: DecideOptions): Promise<Verdict> {
  if (claim.sooner) {
    const { given, follows } = claim.sooner;
    const { kind } = await put({ hold: [...given, not(follows)], show: {} }, options);
    if (kind === 'unsat') return { kind: 'proved' };
  }
  if (claim.some) return decideSome(claim, options);
  const broken = [...claim.given, not(claim.follows)];
  const answer = await put({ hold: broken, show: claim.show }, options);
  if (answer.kind === 'unsat') return { kind: 'proved' };
  if (answer.kind === 'unknown') return open(answer.why);
  return { kind: 'refuted', counterexample: await least(claim, broken, answer.values, options) };
}

/** Decides a claim that something is so for some values. A witness counts where the reference engine says so too. */
async function decideSome(claim: Claim, options: DecideOptions): Promise<Verdict> {
  const answer = await put({ hold: [...claim.given, claim.follows], show: claim.show }, options);
  if (answer.kind === 'unknown') return open(answer.why);
  const values = answer.kind === 'sat' ? answer.values : {};
  const { keeps, ...replay } = claim.replay(values);
  if (answer.kind === 'sat' && keeps) return { kind: 'proved' };
  return { kind: 'refuted', counterexample: { values, ...replay, replays: answer.kind === 'unsat' && !keeps } };
}

const open = (why: string): Verdict => ({ kind: /timeout|canceled/.test(why) ? 'timeout' : 'unknown', why });

/** The least counterexample: wishes that can be had, then one measure after the other, each as small as those before let it be. */
async function least(
  claim: Claim,
  broken: readonly Term[],
  first: Values,
  options: DecideOptions,
): Promise<Counterexample> {
  const measures = Object.fromEntries(claim.least.map((measure, n) => [`least ${n}`, measure]));
  const show = { ...claim.show, ...measures };
  const hold = [...broken];
  let values = first;
  const holds = async (...more: Term[]): Promise<boolean> => {
    const answer = await put({ hold: [...hold, ...more], show }, options);
    if (answer.kind === 'sat') values = answer.values;
    return answer.kind === 'sat';
  };
  const asked = options.small === false ? [] : Object.entries(measures);
  for (const wishes of asked.length ? (claim.wishes ?? []) : []) if (await holds(...wishes)) hold.push(...wishes);
  for (const [name, measure] of asked) {
    if (values[name] === undefined && !(await holds())) break;
    // What is at hand is most often the least already: that is asked before each half, and ends most searches at once.
    let low = 0n;
    while (low < values[name]! && (await holds(lt(measure, values[name]!)))) {
      const middle = between(low, values[name]!);
      if (!(await holds(lt(measure, middle + 1n)))) low = middle + 1n;
    }
    hold.push(eq(measure, values[name]!));
  }
  const told = Object.fromEntries(Object.keys(claim.show).map((name) => [name, values[name]!]));
  const { keeps, ...replay } = claim.replay(told);
  const ask = (all: readonly Term[], show: Question['show']): Promise<Answer> => put({ hold: all, show }, options);
  const exactly =
    claim.exactly === undefined || options.small === false ? undefined : await exactSet(claim, claim.exactly, ask);
  return { values: told, ...replay, replays: !keeps, ...(exactly && { exactly }) };
}

/** A number between two, halfway by their lengths: what is least is nearly always near to 0, or to a border. */
function between(low: bigint, high: bigint): bigint {
  const length = (value: bigint): number => value.toString(2).length;
  const middle = 1n << BigInt(Math.floor((length(low) + length(high)) / 2));
  return middle > low && middle < high ? middle : (low + high) / 2n;
}

async function put(question: Question, { solver, milliseconds = 10_000, known }: DecideOptions): Promise<Answer> {
  const script = scriptOf(question);
  const asked = known?.get(script) ?? solver.ask(script, milliseconds);
  known?.set(script, asked);
  const text = await asked;
  const [said = '', ...rest] = text.trim().split('\n');
  if (said === 'unsat') return { kind: 'unsat' };
  if (said !== 'sat') return { kind: 'unknown', why: text.trim() };
  const words = [...rest.join(' ').matchAll(/#x([0-9a-f]{16})\)/g)].map(([, digits]) => BigInt(`0x${digits}`));
  if (words.length !== Object.keys(question.show).length) return { kind: 'unknown', why: `cannot read ${text.trim()}` };
  return { kind: 'sat', values: Object.fromEntries(Object.keys(question.show).map((name, n) => [name, words[n]!])) };
}
