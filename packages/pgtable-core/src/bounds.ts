/** Shifts that an expression yields, with their bounds: one meaning for the walker, the compiler and the solver. */
import type { ArchSpec } from './arch.ts';
import { and, type Expr, lt, not, select } from './expr.ts';
import type { Geometry } from './geometry.ts';
import type { Level } from './level.ts';

/** A shift that no entry can drive out of its bounds. */
export interface Bounded {
  /** The shift where it is within bounds, else what the level says. */
  readonly shift: Expr;
  /** 1 if it is within bounds; the constant where it always is, the constant 0 where it never is. */
  readonly fits: Expr;
}

/** The highest shift of a size in 64 bits of address. */
const HIGHEST = 63n;

/** `e` as a shift from `lowest` to 63; `own` where an entry makes it another. */
function bounded(e: Expr, lowest: bigint, own: bigint): Bounded {
  const [least, most] = spanOf(e);
  if (least >= lowest && most <= HIGHEST) return { shift: e, fits: 1n };
  if (most < lowest || least > HIGHEST) return { shift: own, fits: 0n };
  const fits = and(not(lt(e, lowest)), lt(e, HIGHEST + 1n));
  return { shift: select(fits, e, own), fits };
}

/** What of a definition bounds its shifts. */
export type Sized = Pick<ArchSpec, 'pageShift' | 'levels'>;
/** log2 of what a slot of each level covers. */
export type Shifts = Readonly<Record<Level, Pick<Geometry, 'shift'>>>;

/** log2 of the bytes that a leaf maps: a page at least. A leaf that says another size is `bad` for `walk`. */
export const leafShift = ({ pageShift, levels }: Sized, geometry: Shifts, level: Level): Bounded =>
  of(levels[level].leaf?.shift, pageShift, geometry[level].shift);

/** log2 of what an entry covers: a page at least. One that says another size covers what its level does. */
export const coveredShift = ({ pageShift, levels }: Sized, geometry: Shifts, level: Level): Bounded =>
  of(levels[level].covers, pageShift, geometry[level].shift);

/** log2 of the bytes of the pages of a huge-page directory: from a page to what the directory covers. */
export const hugepdShift = ({ pageShift, levels }: Sized, geometry: Shifts, level: Level): Bounded =>
  of(levels[level].hugepd?.shift, pageShift, geometry[level].shift);

const of = (e: Expr | undefined, lowest: number, own: number): Bounded =>
  e === undefined ? { shift: BigInt(own), fits: 1n } : bounded(e, BigInt(lowest), BigInt(own));

const ALL = 2n ** 64n - 1n;

/** The least and the most that an expression can be; wider than it is where that cannot be told from its form. */
export function spanOf(e: Expr): readonly [least: bigint, most: bigint] {
  if (typeof e === 'bigint') return [e, e];
  if (typeof e === 'string') return [0n, ALL];
  if (e[0] === 'select') {
    const [yes, no] = [spanOf(e[2]), spanOf(e[3])];
    return [yes[0] < no[0] ? yes[0] : no[0], yes[1] > no[1] ? yes[1] : no[1]];
  }
  const [a, b] = [spanOf(e[1]), spanOf(e[2])];
  switch (e[0]) {
    case 'eq':
    case 'lt':
      return [0n, 1n];
    case 'and':
      return [0n, a[1] < b[1] ? a[1] : b[1]];
    case 'or':
      return [a[0] > b[0] ? a[0] : b[0], ones(a[1] | b[1])];
    case 'xor':
      return [0n, ones(a[1] | b[1])];
    case 'add':
      return a[1] + b[1] > ALL ? [0n, ALL] : [a[0] + b[0], a[1] + b[1]];
    case 'shr':
      return b[0] === b[1] && b[0] < 64n ? [a[0] >> b[0], a[1] >> b[0]] : [0n, a[1]];
    case 'shl':
      return b[0] === b[1] && b[0] < 64n && a[1] << b[0] <= ALL ? [a[0] << b[0], a[1] << b[0]] : [0n, ALL];
  }
}

/** All bits up to the highest of a word. */
const ones = (word: bigint): bigint => (1n << BigInt(word === 0n ? 0 : word.toString(2).length)) - 1n;
