/** What a measurement is: a name, what it counts in, and candidates of which the first is the yardstick. */
import type { Yardsticks } from './native.ts';
import type { Candidate, RoundOptions, Timing } from './rounds.ts';

/** One measurement, not yet made. */
export interface Case {
  readonly name: string;
  readonly group: Group;
  /** What one unit is. */
  readonly unit: 'page' | 'translation' | 'range';
  /** How many pages a range has, for the curves of growth. */
  readonly pages?: number;
  /** Whether only a full run makes it. */
  readonly full?: boolean;
  /** Builds the space, compares what the candidates answer, and hands them out. */
  prepare(yardsticks: Yardsticks): Prepared | Promise<Prepared>;
}

/** The kinds of measurements, in the order of the report. */
export const GROUPS = ['translate', 'pin', 'forms', 'sparse', 'writer'] as const;
/** One of them. */
export type Group = (typeof GROUPS)[number];

/** Candidates that agree. */
export interface Prepared {
  readonly candidates: readonly Candidate[];
  /** Called when all is done. */
  end?(): void | Promise<void>;
}

/** A measurement made. */
export interface Result extends Pick<Case, 'name' | 'group' | 'unit' | 'pages'> {
  readonly timings: readonly Timing[];
}

/** How long to measure by default. */
export const ROUNDS: RoundOptions = { rounds: 32, sampleMs: 0.8, warmMs: 60 };

/** Refuses to time candidates that differ. */
export function agree(what: string, got: ArrayLike<bigint | number>, wanted: ArrayLike<bigint | number>): void {
  for (let n = 0; n < wanted.length; n++)
    if (got[n] !== wanted[n]) throw new Error(`${what}: ${n}: ${got[n]}, not ${wanted[n]}`);
}
