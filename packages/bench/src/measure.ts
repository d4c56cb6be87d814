/** Entry reads and time of every variant over one case, all in one run. */

import { memoryPort, VARIANTS, type VariantName, walkLockless } from '@kernel-mm/gup-fast';
import type { ReadOnce } from '@kernel-mm/pgtable-core';
import { Bench } from 'tinybench';
import type { Case } from './cases.ts';

/** One variant over one case. */
export interface Measurement {
  readonly variant: VariantName;
  /** Entries read in one walk, pgd to pte, slot 0 of the top table included where it is looked at. */
  readonly reads: number;
  /** Median nanoseconds for one page. */
  readonly nsPerPage: number;
  /** Time against `offsetLockless`, the form that was merged: the median of the rounds' ratios. */
  readonly ratio: number;
  /** The lowest and the highest ratio of a round. */
  readonly spread: readonly [number, number];
}

const NAMES = Object.keys(VARIANTS) as VariantName[];
const ROUNDS = 7;

/** Measures all variants over `one`, in rounds that take turns, about `ms` milliseconds for each variant in all. */
export async function measure(one: Case, ms: number): Promise<Measurement[]> {
  const rounds: Record<VariantName, number>[] = [];
  for (let n = 0; n < ROUNDS; n++) rounds.push(await round(one, ms / ROUNDS, n));
  return NAMES.map((variant) => {
    const ratios = rounds.map((times) => times[variant] / times.offsetLockless).sort((a, b) => a - b);
    const nsPerPage = (median(rounds.map((times) => times[variant])) * 1e6) / one.pages;
    const spread = [ratios[0] ?? Number.NaN, ratios.at(-1) ?? Number.NaN] as const;
    return { variant, reads: countReads(one, variant), nsPerPage, ratio: median(ratios), spread };
  });
}

/** The median time of one walk in milliseconds, for each variant; each round begins with another one. */
async function round(one: Case, ms: number, n: number): Promise<Record<VariantName, number>> {
  const bench = new Bench({ time: ms, warmupTime: ms / 4 });
  const turn = [...NAMES.slice(n % NAMES.length), ...NAMES.slice(0, n % NAMES.length)];
  for (const name of turn) bench.add(name, () => void walkOnce(one, name));
  await bench.run();
  const time = (name: VariantName): number => {
    const result = bench.getTask(name)?.result;
    if (result?.state !== 'completed') throw new Error(`${name}: ${result?.state ?? 'no result'}`);
    return result.latency.p50;
  };
  return Object.fromEntries(NAMES.map((name) => [name, time(name)])) as Record<VariantName, number>;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const walkOnce = ({ mm, start, end }: Case, name: VariantName) =>
  walkLockless(mm, start, end, { stepper: VARIANTS[name].stepper });

function countReads({ mm, start, end }: Case, name: VariantName): number {
  const port = memoryPort(mm);
  let reads = 0;
  const readOnce: ReadOnce = (slot) => {
    reads++;
    return port.readOnce(slot);
  };
  walkLockless(mm, start, end, { stepper: VARIANTS[name].stepper, port: { ...port, readOnce } });
  return reads;
}
