/** internal_get_user_pages_fast: the checks of the range, the fast part, the slow part, and what comes back of both. */
import { type Pfn, UsageError, type Vaddr, vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { ERRNO, type Errno } from './errno.ts';
import { fastPart } from './fast.ts';
import type { Walked } from './fast-walk.ts';
import type { Run } from './gup.ts';
import type { Stop, Stray } from './result.ts';
import { type SlowStop, slowPart } from './slow.ts';

/** What a call did. */
export interface GupResult {
  /** What the kernel's call returns: how many pages, possibly fewer than asked for; negative only if none. */
  readonly ret: number;
  /** The error, where `ret` is negative. */
  readonly error?: Errno;
  /** The frames, a prefix of the range: the first is that of `start`. */
  readonly frames: readonly Pfn[];
  /** How many of them came by the fast path. */
  readonly fast: number;
  /** Why the fast path ended before the range did. */
  readonly stop?: Stop;
  /** Why the slow path ended before the range did. */
  readonly slow?: SlowStop;
  /** What the kernel would have warned of: a call that no driver should make. */
  readonly warning?: string;
  /** Reads of the walker's own stack beside its copies: only a form of walking that is wrong here has any. */
  readonly strays: readonly Stray[];
}

/** A call that took nothing. */
export const nothing = (error?: Errno, warning?: string): GupResult => ({
  ...{ ret: error ? -ERRNO[error] : 0, frames: [], fast: 0, strays: [] },
  ...(error && { error }),
  ...(warning && { warning }),
});

/** Refuses what C's `int` cannot hold. */
export function checkCount(n: number): void {
  if (!Number.isInteger(n) || n >= 2 ** 31 || n < -(2 ** 31))
    throw new UsageError('range-count', 'pages', `a whole number that an int holds, not ${n}`);
}

/** Which paths a call goes: the fast one and then the other, or one alone. */
export type Paths = 'both' | 'fast' | 'slow';

/** A call whose flags are checked: `pages` pages from `addr` on, at most `budget`. */
export function callOf(run: Run, addr: Vaddr, pages: number, paths: Paths, budget: number): GupResult {
  const { mm, era, taken, port } = run;
  if (pages <= 0) return nothing();
  const { pageShift } = mm.arch.spec;
  const start = startOf(run, addr);
  const refused = checkEnd(run, start + (BigInt(pages) << BigInt(pageShift)));
  if (refused) return refused === 'empty' ? nothing() : nothing(refused);
  if (era.seqcount && run.hold === 'pin') port.setHasPinned();

  const wanted = Math.min(pages, budget);
  const end = vaddrWrap(start + (BigInt(wanted) << BigInt(pageShift)));
  return orUndo(run, () => {
    const { strays, stop }: Walked = paths === 'slow' ? { strays: [] } : fastPart(run, start, end);
    const fast = taken.pages;
    const rest = vaddrWrap(start + (BigInt(fast) << BigInt(pageShift)));
    const goesOn = fast < wanted && paths !== 'fast' && run.faults;
    const slow = goesOn ? slowPart(run, goesOn, rest, wanted - fast) : undefined;
    const cut: Stop | undefined = taken.pages === wanted && wanted < pages ? { kind: 'budget', addr: end } : undefined;
    const why = stop ?? cut;
    // An error counts only if there is nothing else to tell.
    if (taken.pages === 0 && slow) return { ...nothing(slow.error), strays, slow, ...(why && { stop: why }) };
    const frames = taken.frames();
    return { ret: frames.length, frames, fast, strays, ...(why && { stop: why }), ...(slow && { slow }) };
  });
}

/** Whatever a port throws, nothing that was taken is lost. */
function orUndo<T>({ taken }: Run, inside: () => T): T {
  let whole = false;
  try {
    const result = inside();
    whole = true;
    return result;
  } finally {
    if (!whole) taken.undoTo(0);
  }
}

/** untagged_addr, rounded down to a page: where each half has a root of its own (arm64), bit 55 says which, and the tag goes. */
function startOf({ mm }: Run, addr: Vaddr): Vaddr {
  const { pageShift, va } = mm.arch.spec;
  const untagged = va.extend === 'halves' ? vaddrWrap(BigInt.asIntN(56, addr)) : vaddr(addr);
  return vaddrWrap((untagged >> BigInt(pageShift)) << BigInt(pageShift));
}

/** TASK_SIZE_MAX: the highest end of any process. */
const taskSizeMax = ({ mm }: Run): bigint =>
  Object.values(mm.arch.spec.root.tops).reduce((most, { limit }) => (limit > most ? limit : most), 0n);

/** 2020 calls a range that wraps empty, today's kernel an overflow; `end` is the sum as it is. */
function checkEnd(run: Run, end: bigint): Errno | 'empty' | undefined {
  if (end >> 64n) return run.era.errors ? 'EOVERFLOW' : 'empty';
  return end > taskSizeMax(run) ? 'EFAULT' : undefined;
}
