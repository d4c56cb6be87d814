/** A law is a sentence and a check over random cases. */
import fc from 'fast-check';
import { paddr } from '../brand.ts';
import type { Arch } from '../geometry.ts';
import { LEVELS } from '../level.ts';
import { flatMemory } from '../memory.ts';
import type { Mm } from '../mm.ts';

/** One law of an architecture. */
export interface Law {
  readonly name: string;
  /** The law in a sentence. */
  readonly says: string;
  /** @throws Error with a counterexample where the law is broken */
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
    name,
    says,
    check: () =>
      fc.assert(
        fc.property(cases, (value) => holds(value)),
        { numRuns: runs, seed },
      ),
  });

/** An address space without memory, as deep as the architecture allows: enough for questions about entries. */
export const bare = (arch: Arch): Mm => {
  const deepest = LEVELS.find((level) => arch.spec.root.tops[level]) ?? 'pgd';
  const root = arch.spec.root.tops[deepest]?.base ?? 0n;
  return { arch, memory: flatMemory(new ArrayBuffer(0)), pgd: paddr(0n), root };
};

const text = (v: unknown): string => (typeof v === 'bigint' ? `0x${v.toString(16)}` : String(v));

/** Throws unless `got` is `expected`. */
export function same(what: string, got: unknown, expected: unknown): void {
  if (got !== expected) throw new Error(`${what}: expected ${text(expected)}, got ${text(got)}`);
}
