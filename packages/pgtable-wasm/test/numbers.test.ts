/** The law of numbers: one that is moved far away is refused by an ArchError with its place, or all readings agree. */
import type { ArchSpec } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { archs } from './support/archs.ts';
import { runDefinition, type Tally } from './support/fuzz/case.ts';

const isFull = process.env.KERNEL_MM_RUNS === 'full';
/** Of so many changes one is tried, another one for each architecture. */
const EVERY = isFull ? 7 : 211;
const NUMBERS = [-1, 0.5, 64, 2 ** 31, 1e300, Number.NaN];
const WORDS = [-1n, 64n, 1n << 31n, 1n << 63n, 1n << 70n, 1n << 1000n];

/** The definition again, with each of its numbers made each of the others. */
function* moved(spec: ArchSpec, path: readonly string[] = [], part: unknown = spec): Generator<() => ArchSpec> {
  if (typeof part === 'object' && part !== null)
    for (const [key, value] of Object.entries(part)) yield* moved(spec, [...path, key], value);
  const others = typeof part === 'number' ? NUMBERS : typeof part === 'bigint' ? WORDS : [];
  for (const other of others)
    yield () => {
      const copy = structuredClone(spec);
      const place = path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy);
      (place as Record<string, unknown>)[path.at(-1)!] = other;
      return copy;
    };
}

test.each(archs.map(([name, arch], n) => [name, arch, n] as const))(
  '%s',
  (_name, { spec }, first) => {
    const tally: Tally = { definitions: 0, accepted: 0, lookups: 0, ranges: 0, refused: 0 };
    let n = first;
    for (const change of moved(spec)) if (n++ % EVERY === 0) runDefinition(change(), n, tally);
    expect(tally.definitions).toBeGreaterThan(isFull ? 50 : 2);
  },
  600_000,
);
