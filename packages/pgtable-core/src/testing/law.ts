/** A law is a sentence and a check over random cases. */
import fc from 'fast-check';
import { paddr } from '../brand.ts';
import { type Fields, maskOf } from '../field.ts';
import { isAlwaysFolded } from '../fold.ts';
import type { Arch } from '../geometry.ts';
import { below, isUpper, LEVELS, type Level } from '../level.ts';
import { flatMemory } from '../memory.ts';
import type { Mm } from '../mm.ts';

/** One law of an architecture. */
export interface Law {
  readonly name: string;
  /** The law in a sentence; of a law of the kernel's self-test, what it asks of this definition. */
  readonly says: string;
  /** What the definition leaves out of which the law would ask more, for example `mk.devmap`. */
  readonly lacks: readonly string[];
  /** Whether anything is left to ask: run your test as skipped if not. */
  readonly applies: boolean;
  /** @throws Error with a counterexample where the law is broken; also if it does not apply, for it cannot be kept then */
  check(): void;
}

/** How thoroughly to look. */
export interface LawOptions {
  /** Random cases for each law; 100 unless said otherwise. */
  readonly runs?: number;
  /** Seed of the cases; fixed unless said otherwise, so that a run can be repeated. */
  readonly seed?: number;
}

/** Makes a law of its name, its sentence, its cases, and what must hold for each. */
export type LawMaker = <T>(name: string, says: string, cases: fc.Arbitrary<T>, holds: (value: T) => void) => Law;

/** A maker with the same options for all laws. */
export const lawMaker =
  ({ runs = 100, seed = 20200907 }: LawOptions): LawMaker =>
  (name, says, cases, holds) => ({
    ...{ name, says, lacks: [], applies: true },
    check: () =>
      fc.assert(
        fc.property(cases, (value) => holds(value)),
        { numRuns: runs, seed },
      ),
  });

/** A law of which the definition says nothing. */
export const absent = (name: string, lacks: readonly string[]): Law => ({
  ...{ name, says: 'does not apply', lacks, applies: false },
  check() {
    throw new Error(`${name} does not apply: the definition lacks ${lacks.join(', ')}`);
  },
});

/**
 * The levels whose entries are read as their own. Where the level below is folded when the kernel is built or boots,
 * an entry is read there, and the kernel's self-test skips the level.
 */
export const readLevels = (arch: Arch): Level[] =>
  LEVELS.filter((level) => !(isUpper(level) && isAlwaysFolded(arch, below(level))));

/** An address space without memory, as deep as the architecture allows: enough for questions about entries. */
export const bare = (arch: Arch): Mm => {
  const deepest = LEVELS.find((level) => arch.spec.root.tops[level]) ?? 'pgd';
  const root = arch.spec.root.tops[deepest]?.base ?? 0n;
  return { arch, memory: flatMemory(new ArrayBuffer(0)), pgd: paddr(0n), root };
};

/** The bits of a kind of entry that must be 0. */
export const zeroMask = (fields: Fields): bigint =>
  Object.values(fields).reduce((mask, f) => (f.kind === 'zero' ? mask | maskOf(f) : mask), 0n);

const text = (v: unknown): string => (typeof v === 'bigint' ? `0x${v.toString(16)}` : String(v));

/** Throws unless `got` is `expected`. */
export function same(what: string, got: unknown, expected: unknown): void {
  if (got !== expected) throw new Error(`${what}: expected ${text(expected)}, got ${text(got)}`);
}
