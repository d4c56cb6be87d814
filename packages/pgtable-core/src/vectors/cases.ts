/** What the vector formats share: free text, an architecture, and cases of which each passes or fails by itself. */
import * as v from 'valibot';
import { checked } from '../guest/checked.ts';
import { FixtureError } from '../guest/fixture-error.ts';

/** A case that could not be run, and has failed: it says what its format does not have. */
export interface MalformedCase {
  readonly kind: 'malformed';
  /** Its own, or where it has none, its number. */
  readonly name: string;
  readonly passed: false;
  /** Names the case and the key. */
  readonly error: FixtureError;
}

/** The name of a case, which no other case of the file has. */
export const name: v.GenericSchema<unknown, string> = v.pipe(v.string(), v.nonEmpty('a name'));
const text: v.GenericSchema<unknown, string> = v.optional(v.string(), '');

/** The keys of every vector file; the cases are looked at one by one, so that one that is malformed stands alone. */
export const file: {
  readonly format: v.GenericSchema<unknown, string>;
  readonly title: v.GenericSchema<unknown, string>;
  readonly source: v.GenericSchema<unknown, string>;
  readonly note: v.GenericSchema<unknown, string>;
  readonly arch: v.GenericSchema<unknown, string>;
  readonly cases: v.GenericSchema<unknown, unknown[]>;
} = {
  ...{ format: v.string(), title: text, source: text, note: text, arch: v.string() },
  cases: v.pipe(v.array(v.unknown()), v.nonEmpty('at least one case')),
};

/**
 * What becomes of every case, in order; the first of two with one name is the one that has it.
 * @param run runs a case, and is told how an error names it; a FixtureError is the case's own
 */
export function eachCase<T, O>(
  cases: readonly unknown[],
  shape: v.GenericSchema<unknown, T>,
  run: (one: T, where: string) => O,
): (O | MalformedCase)[] {
  const names = new Set<string>();
  return cases.map((one, n) => {
    const { success, output: said } = v.safeParse(named, one);
    const where = success ? `case "${said.name}"` : `case ${n + 1} of ${cases.length}`;
    try {
      if (success && names.has(said.name)) throw new FixtureError('duplicate', where, 'a name of its own');
      if (success) names.add(said.name);
      return run(checked(shape, one, where), where);
    } catch (error) {
      if (!(error instanceof FixtureError)) throw error;
      return { kind: 'malformed', name: success ? said.name : where, passed: false, error };
    }
  });
}

const named = v.object({ name });
