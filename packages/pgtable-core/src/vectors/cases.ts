/** What the vector formats share: free text, an architecture, and cases that are known by their names. */
import * as v from 'valibot';
import { checked } from '../guest/checked.ts';
import { FixtureError } from '../guest/fixture-error.ts';

/** A case before it is looked at. */
export interface Named {
  readonly name: string;
}

const name = v.pipe(v.string(), v.nonEmpty('a name'));
const text: v.GenericSchema<unknown, string> = v.optional(v.string(), '');

/** The keys of every vector file; the cases are looked at one by one, so that an error can name its own. */
export const file: {
  readonly format: v.GenericSchema<unknown, string>;
  readonly title: v.GenericSchema<unknown, string>;
  readonly source: v.GenericSchema<unknown, string>;
  readonly note: v.GenericSchema<unknown, string>;
  readonly arch: v.GenericSchema<unknown, string>;
  readonly cases: v.GenericSchema<unknown, Named[]>;
} = {
  ...{ format: v.string(), title: text, source: text, note: text, arch: v.string() },
  cases: v.pipe(v.array(v.looseObject({ name })), v.nonEmpty('at least one case')),
};

/** How an error names a case. */
export const caseOf = (name: string): string => `case "${name}"`;

/**
 * Every case held against its shape.
 * @throws FixtureError for the first that is not of that shape, or has the name of another
 */
export function eachCase<T>(cases: readonly Named[], shape: v.GenericSchema<unknown, T>): T[] {
  const names = new Set<string>();
  return cases.map((one) => {
    if (names.has(one.name)) throw new FixtureError('duplicate', caseOf(one.name), 'a name of its own');
    names.add(one.name);
    return checked(shape, one, `${caseOf(one.name)}: `);
  });
}
