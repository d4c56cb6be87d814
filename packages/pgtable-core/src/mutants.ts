/** Definitions that are wrong in one number: each shift, mask and width, by one. Whatever does not notice them is too weak. */
import type { ArchSpec } from './arch.ts';

/** A definition in which one number is another. */
export interface Mutant {
  /** Which number, for example `levels.pmd.table.fields.PFN.lo`; in an expression by the places of its parts. */
  readonly at: string;
  readonly from: number | bigint;
  readonly to: number | bigint;
  readonly spec: ArchSpec;
}

/** Every mutant of a definition: what counts bits is one more and one less, a mask is moved by a bit to either side. */
export const mutantsOf = (spec: ArchSpec): Mutant[] => changed(spec, [], false) as Mutant[];

interface Changed extends Omit<Mutant, 'spec'> {
  readonly spec: unknown;
}

/** @param counts whether a constant here counts bits, and is no mask */
function changed(part: unknown, path: readonly string[], counts: boolean): Changed[] {
  if (typeof part === 'number' || typeof part === 'bigint')
    return neighbours(part, counts).map((to) => ({ at: path.join('.'), from: part, to, spec: to }));
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, inner]) =>
    changed(inner, [...path, key], countsIn(part, key, counts)).map((one) => ({
      ...one,
      spec: Array.isArray(part) ? part.with(Number(key), one.spec) : { ...part, [key]: one.spec },
    })),
  );
}

const neighbours = (value: number | bigint, counts: boolean): (number | bigint)[] => {
  if (typeof value === 'number') return value > 0 ? [value + 1, value - 1] : [1];
  if (value === 0n) return [1n];
  return counts ? [value + 1n, value - 1n] : [BigInt.asUintN(64, value << 1n), value >> 1n];
};

/** Constants count bits in the rules of sizes, and where an expression says how far to shift. */
function countsIn(part: object, key: string, counts: boolean): boolean {
  if (!Array.isArray(part)) return key === 'covers' || key === 'shift';
  const [op] = part;
  if (op === 'shl' || op === 'shr') return key === '2';
  return counts && (op === 'add' || (op === 'select' && key !== '1'));
}
