/** Random definitions until the time is over; what fails is made small and written down as a case that runs again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { runCase, type Tally } from './case.ts';
import { definitionOf } from './definition.ts';
import { tapeOf } from './tape.ts';

/** What came of a run. */
export interface Fuzzed extends Tally {
  readonly seed: number;
  /** What the smallest failing case threw, and the file that it was written to. */
  readonly failure?: { readonly error: string; readonly file: string };
}

const tapes = fc.array(fc.nat(0xffff), { maxLength: 300, size: 'max' });

/** @param folder where a failing case goes */
export function fuzz(seed: number, seconds: number, folder: string): Fuzzed {
  const tally: Tally = { definitions: 0, accepted: 0, lookups: 0, ranges: 0, refused: 0 };
  const property = fc.property(tapes, (tape) => runCase(tape, tally));
  const limit = { interruptAfterTimeLimit: 1000 * seconds, markInterruptAsFailure: false };
  const { failed, counterexample, errorInstance } = fc.check(property, { seed, numRuns: 1e9, ...limit });
  if (!failed || !counterexample) return { ...tally, seed };
  const [tape] = counterexample;
  const file = join(folder, `fuzz-${seed}.json`);
  mkdirSync(folder, { recursive: true });
  const words = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value);
  const read = tapeOf(tape);
  read.below(2 ** 16);
  writeFileSync(file, `${JSON.stringify({ seed, tape, definition: definitionOf(read) }, words)}\n`);
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? String(errorInstance)) : String(errorInstance);
  return { ...tally, seed, failure: { error, file } };
}
