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
  /** @throws LawBroken with the least case that breaks it; LawUnasked where it does not apply, for it cannot be kept then */
  check(): void;
}

/** A law that is broken: what was asked and what was answered is the `cause`, with the least case that was found. */
export class LawBroken extends Error {
  override readonly name = 'LawBroken';
  /** The law's name. */
  readonly law: string;
  /** The least case, as the law's own values in words. */
  readonly least: string;
  constructor({ name, says }: Pick<Law, 'name' | 'says'>, least: string, seed: number, cause: unknown) {
    const answered = cause instanceof Error ? cause.message : String(cause);
    super(`${name} is broken: ${answered}\n  the law: ${says}\n  the least case: ${least} (seed: ${seed})`, { cause });
    this.law = name;
    this.least = least;
  }
}

/** A law that does not apply: the definition says nothing that it could ask about. Not a failure, and not a pass. */
export class LawUnasked extends Error {
  override readonly name = 'LawUnasked';
  /** The law's name. */
  readonly law: string;
  /** What a definition has to say for the law to apply. */
  readonly lacks: readonly string[];
  constructor(law: string, lacks: readonly string[]) {
    super(`${law} does not apply: the definition lacks ${lacks.join(', ')}`);
    this.law = law;
    this.lacks = lacks;
  }
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
    check() {
      const property = fc.property(cases, (value) => holds(value));
      const found = fc.check(property, { numRuns: runs, seed });
      if (found.failed) throw new LawBroken({ name, says }, told(found.counterexample?.[0]), seed, found.errorInstance);
    },
  });

/** A law of which the definition says nothing. */
export const absent = (name: string, lacks: readonly string[]): Law => ({
  ...{ name, says: 'does not apply', lacks, applies: false },
  check() {
    throw new LawUnasked(name, lacks);
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

/** A case in words, 64-bit quantities in hex; long lists are cut. */
const told = (value: unknown): string => {
  const whole =
    JSON.stringify(value, (key, one) => (key === 'mm' ? '…' : typeof one === 'bigint' ? text(one) : one)) ?? '';
  return whole.length > 400 ? `${whole.slice(0, 400)}…` : whole;
};

const text = (v: unknown): string => (typeof v === 'bigint' ? `0x${v.toString(16)}` : String(v));

/** Throws unless `got` is `expected`. */
export function same(what: string, got: unknown, expected: unknown): void {
  if (got !== expected) throw new Error(`${what}: expected ${text(expected)}, got ${text(got)}`);
}
