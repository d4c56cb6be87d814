/** internal_get_user_pages_fast: the checks of the range, the fast part, the slow part, and what comes back of both. */
import { type Pfn, UsageError, untagged, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
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
  ...{ ret: error ? -(ERRNO[error] ?? ERRNO.EFAULT) : 0, frames: [], fast: 0, strays: [] },
  ...(error && { error }),
  ...(warning && { warning }),
});

/** Refuses what C's `int` cannot hold, and a budget that is none. */
export function checkCounts(pages: number, budget: number): void {
  if (!Number.isInteger(pages) || pages >= 2 ** 31 || pages < -(2 ** 31))
    throw new UsageError('range-count', 'pages', `a whole number that an int holds, not ${pages}`);
  if (!(budget >= 1) || (budget !== Number.POSITIVE_INFINITY && !Number.isInteger(budget)))
    throw new UsageError('argument', 'budget', `a whole number of pages, at least one, not ${budget}`);
}

/** Which paths a call goes: the fast one and then the other, or one alone. */
export type Paths = 'both' | 'fast' | 'slow';

/** A call whose flags are checked: `pages` pages from `addr` on, at most `budget`. */
export function callOf(run: Run, addr: Vaddr, pages: number, paths: Paths, budget: number): GupResult {
  const { mm, era, taken, port } = run;
  if (pages <= 0) return nothing();
  if (era.seqcount && run.hold === 'pin') port.setHasPinned();
  const { pageShift } = mm.arch.spec;
  const start = startOf(run, addr);
  const after = (n: number): bigint => start + (BigInt(n) << BigInt(pageShift));
  // The slow path asks the mapping of each page, and needs no limit.
  const refused = paths === 'slow' ? undefined : checkEnd(run, after(pages));
  if (refused) return refused === 'empty' ? nothing() : nothing(refused);

  const wanted = Math.min(pages, budget);
  return orUndo(run, () => {
    const { strays, stop }: Walked =
      paths === 'slow' ? { strays: [] } : fastPart(run, start, vaddrWrap(after(wanted)), vaddrWrap(after(pages)));
    const fast = taken.pages;
    const handler = paths === 'fast' || fast === wanted ? undefined : run.faults;
    const slow = handler && slowPart(run, handler, vaddrWrap(after(fast)), wanted - fast);
    const short = taken.pages === wanted && wanted < pages;
    const why: Stop | undefined = short ? { kind: 'budget', addr: vaddrWrap(after(wanted)) } : stop;
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

/** untagged_addr, rounded down to a page. */
function startOf({ mm }: Run, addr: Vaddr): Vaddr {
  const shift = BigInt(mm.arch.spec.pageShift);
  return vaddrWrap((untagged(mm.arch, addr, mm.root) >> shift) << shift);
}

/** TASK_SIZE_MAX: the highest end of any process. */
const taskSizeMax = ({ mm }: Run): bigint =>
  Object.values(mm.arch.spec.root.tops).reduce((most, { limit }) => (limit > most ? limit : most), 0n);

/**
 * 2020 calls a range that wraps empty, today's kernel an overflow; `end` is the sum as it is. Where user space fits into
 * 32 bits, so does the kernel's word.
 */
function checkEnd(run: Run, end: bigint): Errno | 'empty' | undefined {
  const most = taskSizeMax(run);
  const word = most >> 32n ? 64n : 32n;
  if (end >> word) return run.era.errors ? 'EOVERFLOW' : 'empty';
  return end > most ? 'EFAULT' : undefined;
}
