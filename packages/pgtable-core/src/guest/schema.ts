/** The shape of an `oracle-fixture-1` file, as far as it is read; what else it carries is ignored. */
import * as v from 'valibot';
import { FixtureError } from './fixture-error.ts';

/** A fixture as its file has it, hex strings read as bigints. */
export interface Fixture {
  readonly name: string;
  readonly guest: { readonly arch: string; readonly release: string; readonly pagesize: number };
  readonly memory: { readonly pieces: readonly (readonly [at: bigint, length: number, offset: number])[] };
  readonly processes: readonly {
    readonly name: string;
    readonly registers: Readonly<Record<string, bigint>>;
    readonly facts: readonly FixtureFact[];
  }[];
}

/** One page of a process; some keys may be left out. */
export interface FixtureFact {
  readonly v: bigint;
  readonly region: string;
  readonly kind: string;
  readonly present: boolean;
  readonly pfn?: bigint | undefined;
  readonly gup_fast?: { readonly phys: bigint | null; readonly page_size?: number | undefined } | undefined;
}

/** A 64-bit quantity. */
const hex = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{1,16}$/i, 'a hex string of 64 bits or fewer'),
  v.transform((text) => BigInt(text)),
);
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const fact = v.object({
  v: hex,
  region: v.optional(v.string(), ''),
  kind: v.optional(v.string(), ''),
  present: v.boolean(),
  pfn: v.optional(hex),
  gup_fast: v.optional(v.object({ phys: v.nullable(hex), page_size: v.optional(whole) })),
});

/** Facts of which pagemap had an answer; the others have no `present`. */
const facts = v.pipe(
  v.array(v.looseObject({ present: v.optional(v.boolean()) })),
  v.transform((all) => all.filter(({ present }) => present !== undefined)),
  v.array(fact),
);

const fixture: v.GenericSchema<unknown, Fixture> = v.object({
  name: v.string(),
  guest: v.object({ arch: v.string(), release: v.string(), pagesize: whole }),
  memory: v.object({ pieces: v.array(v.tuple([hex, whole, whole])) }),
  processes: v.array(
    v.object({
      name: v.string(),
      registers: v.pipe(
        v.unknown(),
        v.check((of) => !Array.isArray(of), 'an object'),
        v.record(v.string(), hex),
      ),
      facts,
    }),
  ),
});

/**
 * Checks parsed JSON.
 * @throws FixtureError `format`, `missing` or `malformed`, with the path of the key
 */
export function parseFixture(json: unknown): Fixture {
  const { format } = v.parse(v.fallback(v.object({ format: v.unknown() }), { format: undefined }), json);
  if (format !== 'oracle-fixture-1')
    throw new FixtureError('format', 'format', `oracle-fixture-1, not ${String(format)}`);
  const { success, output, issues } = v.safeParse(fixture, json, { abortEarly: true });
  if (success) return output;
  const [issue] = issues;
  const where = v.getDotPath(issue) ?? 'fixture';
  if (issue.received === 'undefined') throw new FixtureError('missing', where, 'the key to be there');
  throw new FixtureError('malformed', where, issue.expected ?? issue.message);
}
