/** Candidates measured in rounds that take turns, so that what disturbs the machine disturbs all of them. */

/** Something to measure. */
export interface Candidate {
  readonly name: string;
  /** Does a slice of the work, the `n`-th; answers how many units that was. */
  run(n: number): number;
}

/** How one candidate did. */
export interface Timing {
  readonly name: string;
  /** Median nanoseconds for one unit, and those of the quietest round. */
  readonly ns: number;
  readonly quiet: number;
  /** Time against the first candidate: the median of the rounds' ratios, and the lowest and highest. */
  readonly ratio: number;
  readonly spread: readonly [number, number];
}

/** How long to measure. */
export interface RoundOptions {
  readonly rounds: number;
  /** Milliseconds for one sample at least, and for warming up. */
  readonly sampleMs: number;
  readonly warmMs: number;
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Measures all candidates; ratios are to the first. `turn` is called before every round. */
export function measureRounds(
  candidates: readonly Candidate[],
  { rounds, sampleMs, warmMs }: RoundOptions,
  turn: (round: number) => void = () => undefined,
): Timing[] {
  let slice = 0;
  const calls = candidates.map((candidate) => warm(candidate, sampleMs, warmMs));
  const samples = candidates.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    turn(round);
    for (let k = 0; k < candidates.length; k++) {
      const which = (round + k) % candidates.length;
      // Another slice each time: nobody finds the cache as a neighbour has left it.
      slice++;
      samples[which]?.push(sample(candidates[which] as Candidate, calls[which] ?? 1, slice));
    }
  }
  const base = samples[0] ?? [];
  return candidates.map(({ name }, k) => {
    const own = samples[k] ?? [];
    const ratios = own.map((ns, round) => ns / (base[round] ?? Number.NaN));
    return {
      ...{ name, ns: median(own), quiet: Math.min(...own), ratio: median(ratios) },
      spread: [Math.min(...ratios), Math.max(...ratios)] as const,
    };
  });
}

/** Runs until the machine has it warm; then says how many calls a sample takes. */
function warm(candidate: Candidate, sampleMs: number, warmMs: number): number {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < warmMs) candidate.run(calls++);
  const each = (performance.now() - start) / calls;
  return Math.max(1, Math.ceil(sampleMs / each));
}

/** Nanoseconds for a unit. */
function sample(candidate: Candidate, calls: number, slice: number): number {
  let units = 0;
  const start = performance.now();
  for (let n = 0; n < calls; n++) units += candidate.run(slice + n);
  return ((performance.now() - start) * 1e6) / units;
}
