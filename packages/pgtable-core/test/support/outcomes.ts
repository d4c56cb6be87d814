/** Outcomes of vectors by their kind, so that a test can look at what only one kind has. */
import type { FixtureError, MalformedCase } from '../../src/vectors/index.ts';

/** The outcome of a case that ran. */
export function ran<T extends { readonly kind: 'ran' }>(outcome: T | MalformedCase | undefined): T {
  if (outcome?.kind === 'ran') return outcome;
  throw outcome?.error ?? new Error('expected an outcome');
}

/** The error of the only case of a file that is malformed. */
export function malformed(outcomes: readonly ({ readonly kind: 'ran' } | MalformedCase)[]): FixtureError {
  const [first, ...others] = outcomes.filter((one) => one.kind === 'malformed');
  if (first && others.length === 0 && !first.passed) return first.error;
  throw new Error(`expected one malformed case, got ${outcomes.map(({ kind }) => kind)}`);
}
