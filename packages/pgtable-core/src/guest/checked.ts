/** Parsed JSON held against a shape: the first thing that is wrong becomes a FixtureError that names its key. */
import * as v from 'valibot';
import { FixtureError } from './fixture-error.ts';

/** A 64-bit quantity: a hex string, read as a bigint. */
export const hex: v.GenericSchema<unknown, bigint> = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{1,16}$/i, 'a hex string of 64 bits or fewer'),
  v.transform((text) => BigInt(text)),
);

/** A whole number, not negative. */
export const whole: v.GenericSchema<unknown, number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** The same as a bigint. */
export const count: v.GenericSchema<unknown, bigint> = v.pipe(
  whole,
  v.transform((n) => BigInt(n)),
);

/** An object of which every value is of one shape. Keys of JavaScript's own (`constructor`, …) are not looked at. */
export const record = <T>(value: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, Record<string, T>> =>
  v.pipe(
    v.unknown(),
    v.check((of) => !Array.isArray(of), 'an object'),
    v.record(v.string(), value),
  );

/**
 * `json` as the shape has it.
 * @param within what the path of a key begins with, for example `case "a page"`
 * @throws FixtureError `missing`, `unknown` or `malformed`, with the path of the key
 */
export function checked<T>(shape: v.GenericSchema<unknown, T>, json: unknown, within = ''): T {
  const { success, output, issues } = v.safeParse(shape, json, { abortEarly: true });
  if (success) return output;
  const [issue] = issues;
  const where = [within, v.getDotPath(issue)].filter(Boolean).join(': ') || 'fixture';
  if (issue.expected === 'never') throw new FixtureError('unknown', where, 'only keys that the format has');
  if (issue.received === 'undefined') throw new FixtureError('missing', where, 'the key to be there');
  throw new FixtureError('malformed', where, issue.expected ?? issue.message);
}

/**
 * Whether the file says that it is of this format.
 * @throws FixtureError `format` if it says something else, or nothing
 */
export function checkFormat(json: unknown, format: string): void {
  const said = formatOf(json);
  if (said !== format) throw new FixtureError('format', 'format', `${format}, not ${tellFormat(said)}`);
}

/** What a file says of its own format, in words: a list that holds a name is not that name. */
export const tellFormat = (said: unknown): string =>
  typeof said === 'string' ? said : (JSON.stringify(said) ?? 'undefined');

/** What a file says of its own format. */
export const formatOf = (json: unknown): unknown =>
  v.parse(v.fallback(v.object({ format: v.unknown() }), { format: undefined }), json).format;
