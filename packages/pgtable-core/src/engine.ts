/** An engine walks the same tables in another way: a value that calls are handed, as they are handed an architecture. */
import type { Paddr, Pfn, Vaddr } from './brand.ts';
import { checkFunction, checkObject } from './doors.ts';
import type { Entry, Slot } from './entry.ts';
import { kindOf, UsageError } from './errors.ts';
import type { Form } from './form.ts';
import type { Level } from './level.ts';
import type { Mm } from './mm.ts';
import { type WalkResult, walk } from './walk.ts';

/** What stands in a list of physical addresses for an address that has none: 2^64-1. */
export const NO_PADDR: bigint = 2n ** 64n - 1n;

/**
 * Makes walkers. A call without an engine walks by the reference engine, which is this package and `gup-fast`; an engine
 * gives the same results and the same reasons, and says by a `UsageError` what it cannot walk.
 */
export interface Engine {
  /** As reports and benchmarks call it. */
  readonly name: string;
  /**
   * The engine's walker of one address space, the same one for the same `mm`.
   * @param form how ranges are walked, where the caller minds
   * @throws {@link UsageError} `engine` for an architecture, memory or form that it was not made for
   */
  walker(mm: Mm, form?: Form): Walker;
}

/** An engine at work in one address space. Addresses are taken modulo 2^64. */
export interface Walker {
  /** What it walks. */
  readonly mm: Mm;
  /** The physical address of the byte at `addr`; `undefined` where it has none: then `lookup` says why. */
  translate(addr: Vaddr): Paddr | undefined;
  /** Where the walk of `addr` ends: what `walk` says of it. */
  lookup(addr: Vaddr): WalkResult;
  /**
   * Physical addresses for many: `out[i]` for `addrs[i]`, {@link NO_PADDR} where it has none.
   * @returns how many have one
   * @throws {@link UsageError} `argument` where `out` is shorter than `addrs`
   */
  translateMany(addrs: BigUint64Array, out: BigUint64Array): number;
  /** What `countRange` of `gup-fast` does; throws as it does. */
  countRange(start: Vaddr, end: Vaddr, budget?: number): RangeAnswer;
  /** What `pinRange` of `gup-fast` does; throws as it does. */
  pinRange(start: Vaddr, end: Vaddr, pin: PinRequest): RangeAnswer;
}

/** How pages of a range are held. */
export interface PinRequest {
  /** Whether they are to be written: only entries that permit it are taken. */
  readonly write: boolean;
  /** The references of each frame; a page is taken only from a count above 0, which may wrap as an int does. */
  readonly counts: PageCounts;
  /** Where the frame numbers go, one for each page; it also says how many pages are taken at most. */
  readonly frames: Float64Array;
}

/** A reference count for each of the frames [first, first + words.length): the kernel's `_refcount`. */
export interface PageCounts {
  /** One count for each frame. */
  readonly words: Int32Array;
  /** The frame of the first count. */
  readonly first: Pfn;
}

/** Why a range walk ended early; every one of these is also a stop of `gup-fast`. */
export type RangeStop =
  | { readonly kind: 'not-permitted' }
  | ({ readonly kind: 'none' | 'not-present' } & RangePlace)
  | ({ readonly kind: 'refused'; readonly rule: RangeRule; readonly pfn?: Pfn } & RangePlace)
  | ({ readonly kind: 'outside-memory' } & Omit<RangePlace, 'entry'>)
  | { readonly kind: 'budget'; readonly addr: Vaddr };

/** Where it ended. */
export interface RangePlace {
  /** The level of the entry that ended the walk. */
  readonly level: Level;
  /** The address at which it ended. */
  readonly addr: Vaddr;
  /** Where the entry lives. */
  readonly slot: Slot;
  /** Its value. */
  readonly entry: Entry;
}

/** Which rule refused an entry or its page. */
export type RangeRule =
  | 'pgd-leaf'
  | 'no-special-bit'
  | 'table-unmapped'
  | 'access'
  | 'special'
  | 'no-page'
  | 'count-zero'
  | 'count-negative'
  | 'pmd-changed'
  | 'changed';

/** What a range walk did. The pages are a prefix of the range; without `stop` they are all of it. */
export interface RangeAnswer {
  /** How many pages, from the start on. */
  readonly pages: number;
  /** Reads of the walker's own stack beside its copies: only a form that is wrong here has any. */
  readonly strays: number;
  /** Why no more; missing where the whole range was walked. */
  readonly stop?: RangeStop;
}

/** Where the walk of `addr` ends: `walk(mm, addr).result`, by any engine. */
export const lookup = (mm: Mm, addr: Vaddr, engine?: Engine): WalkResult =>
  engine ? checkedEngine(engine).walker(mm).lookup(addr) : walk(mm, addr).result;

/**
 * Physical addresses for many: `out[i]` for `addrs[i]`, {@link NO_PADDR} where it has none.
 * @returns how many have one
 * @throws {@link UsageError} `argument` where `out` is shorter than `addrs`
 */
export function translateMany(mm: Mm, addrs: BigUint64Array, out: BigUint64Array, engine?: Engine): number {
  checkRoom(addrs, out);
  if (engine) return checkedEngine(engine).walker(mm).translateMany(addrs, out);
  let found = 0;
  for (const [n, addr] of addrs.entries()) {
    const { result } = walk(mm, addr as Vaddr);
    if (result.kind === 'leaf') found++;
    out[n] = result.kind === 'leaf' ? result.paddr : NO_PADDR;
  }
  return found;
}

/** An engine as it is. @throws {@link UsageError} `argument` for what makes no walkers */
export function checkedEngine(engine: Engine): Engine {
  checkObject('engine', engine);
  checkFunction('engine.walker', engine.walker);
  return engine;
}

/** Whether a value is a typed array of this kind, of whatever realm: a view of other elements would be read as those. */
export const isArrayOf = (kind: string, value: unknown): boolean =>
  Object.prototype.toString.call(value) === `[object ${kind}]`;

/**
 * Refuses lists of other elements, and a list of results that is shorter than that of questions.
 * @throws {@link UsageError} `argument`
 */
export function checkRoom(addrs: BigUint64Array, out: BigUint64Array): void {
  for (const [name, list] of Object.entries({ addrs, out }))
    if (!isArrayOf('BigUint64Array', list))
      throw new UsageError('argument', name, `a BigUint64Array, not ${kindOf(list)}`);
  if (out.length < addrs.length) throw new UsageError('argument', 'out', `room for ${addrs.length} addresses`);
}
