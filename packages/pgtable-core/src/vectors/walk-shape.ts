/** The shape of a `kernel-mm/walk-vectors@1` file: what it says, and nothing else. */
import * as v from 'valibot';
import { type Paddr, paddr, type Vaddr, vaddr } from '../brand.ts';
import { checked, checkFormat, hex } from '../guest/checked.ts';
import type { Access, Update } from '../hardware.ts';
import { file, name } from './cases.ts';

/** A file of walk vectors, its hex strings read as bigints. */
export interface WalkVectors {
  readonly title: string;
  /** Who gave the answers. */
  readonly source: string;
  /** The id of the architecture. */
  readonly arch: string;
  /** Machine state of all cases, as the file has it. */
  readonly context: Context;
  /** Each to be held against {@link walkVector}. */
  readonly cases: readonly unknown[];
}

/** Machine state by the names of the format. Which there are, and of what kind, the MMU knows. */
export type Context = Readonly<Record<string, unknown>>;

/** One access, and what the hardware answers. */
export interface WalkVector {
  readonly name: string;
  /** The root register; for RISC-V the physical address of the root table. */
  readonly root: bigint;
  readonly entries: readonly (readonly [at: Paddr, entry: bigint])[];
  readonly va: Vaddr;
  readonly access: Access;
  /** Merged over the file's. */
  readonly context: Context;
  readonly expect: ExpectedPage | ExpectedFault;
}

/** The access is allowed. */
export interface ExpectedPage {
  readonly pa: Paddr;
  /** Whether a write, a fetch, is allowed there too. */
  readonly write?: boolean;
  readonly execute?: boolean;
  /** The accessed and dirty bits that the walk writes. */
  readonly updates?: readonly Update[];
}

/** The access is refused: with a fault of this name, or for `*` with any. */
export interface ExpectedFault {
  readonly fault: string;
  readonly code?: bigint;
}

/** Where an entry lies, and what it holds. */
export const entry: v.GenericSchema<unknown, readonly [at: Paddr, entry: bigint]> = v.pipe(
  v.strictTuple([hex, hex]),
  v.transform(([at, value]) => [paddr(at), value] as const),
);
const update = v.pipe(
  entry,
  v.transform(([at, value]) => ({ at, entry: value })),
);
const page = v.strictObject({
  pa: v.pipe(
    hex,
    v.transform((at) => paddr(at)),
  ),
  write: v.exactOptional(v.boolean()),
  execute: v.exactOptional(v.boolean()),
  updates: v.exactOptional(v.array(update)),
});
const fault = v.strictObject({ fault: v.pipe(v.string(), v.nonEmpty('a name, or *')), code: v.exactOptional(hex) });
const isFault = (expect: unknown): boolean => typeof expect === 'object' && expect !== null && 'fault' in expect;

// Not a `v.record`, which drops keys of JavaScript's own: no key of a context may go unseen.
const context: v.GenericSchema<unknown, Context> = v.pipe(
  v.unknown(),
  v.check((of) => typeof of === 'object' && of !== null && !Array.isArray(of), 'an object'),
  v.transform((of) => of as Context),
);

/** The shape of a case. */
export const walkVector: v.GenericSchema<unknown, WalkVector> = v.strictObject({
  name,
  root: hex,
  entries: v.array(entry),
  va: v.pipe(
    hex,
    v.transform((at) => vaddr(at)),
  ),
  access: v.picklist(['read', 'write', 'execute']),
  context: v.optional(context, {}),
  expect: v.lazy((expect) => (isFault(expect) ? fault : page)),
});

const walkFile = v.strictObject({ ...file, context: v.optional(context, {}) });

/**
 * Checks parsed JSON, but for its cases.
 * @throws FixtureError for the first thing that the format does not have
 */
export function parseWalkVectors(json: unknown): WalkVectors {
  checkFormat(json, 'kernel-mm/walk-vectors@1');
  return checked(walkFile, json);
}
