/** The calls by the kernel's names: what each adds to the caller's flags, and what it refuses of them. */
import { checkMm, type Pfn, UsageError, type Vaddr, vaddr } from '@kernel-mm/pgtable-core';
import { callOf, checkCounts, type GupResult, nothing, type Paths } from './call.ts';
import { checkGup } from './doors.ts';
import { DEFAULT_ERA, type Era } from './era.ts';
import type { Errno } from './errno.ts';
import type { FollFlag } from './flags.ts';
import { weightOf } from './grab.ts';
import { type Gup, type Run, runOf } from './gup.ts';
import type { Page } from './page.ts';
import { thoroughly } from './thorough.ts';

/** A call: `pages` pages from the one that `addr` lies in. */
export type Call = (gup: Gup, addr: Vaddr, pages: number, flags?: Iterable<FollFlag>) => GupResult;

/** What a wrapper adds, and which flag of the caller's contradicts it. */
interface Wrapper {
  readonly name: string;
  readonly adds: readonly FollFlag[];
  readonly foreign?: 'GET' | 'PIN';
  /** Which paths it goes. Default: `both`. */
  readonly paths?: Paths;
  /** What it returns for flags that the kernel refuses. Default: -EINVAL, in every era. */
  readonly refused?: (era: Era) => Errno | undefined;
}

const wrapper =
  ({ name, adds, foreign, paths = 'both', refused = () => 'EINVAL' }: Wrapper): Call =>
  (gup, addr, pages, flags = []) => {
    checkGup(gup);
    checkMm(gup.mm);
    vaddr(addr);
    if (typeof flags?.[Symbol.iterator] !== 'function') throw new UsageError('argument', 'flags', 'a list');
    const { era = DEFAULT_ERA, budget = 2 ** 20 } = gup;
    checkCounts(pages, budget);
    const given = new Set(flags);
    const all = new Set([...given, ...adds]);
    const unknown = unknownFlags(era, all);
    const wrong = wrongFlags(era, given, all, foreign);
    const result = wrong
      ? nothing(refused(era), `${name}: ${wrong}`)
      : unknown
        ? nothing('EINVAL', `${name}: ${unknown}`)
        : callOf(runOf(gup, all), addr, pages, paths !== 'slow' && all.has('FAST_ONLY') ? 'fast' : paths, budget);
    // 2020: "fast only" has no errors, only a count.
    return adds.includes('FAST_ONLY') && !era.errors && result.ret < 0 ? withoutError(result) : result;
  };

/** Flags that the mask of the fast calls does not know. What the slow calls would do with them is not modelled. */
function unknownFlags({ known }: Era, all: ReadonlySet<FollFlag>): string | undefined {
  const unknown = [...all].filter((flag) => !known.includes(flag));
  return unknown.length ? `${unknown.join(', ')} is not for this path` : undefined;
}

/** The first thing that is wrong with the flags: those of the caller's, then all with the wrapper's (is_valid_gup_args). */
function wrongFlags(
  era: Era,
  given: ReadonlySet<FollFlag>,
  all: ReadonlySet<FollFlag>,
  foreign: FollFlag | undefined,
): string | undefined {
  const internal = era.internal.filter((flag) => given.has(flag));
  if (internal.length) return `${internal.join(', ')} is not for callers`;
  if (foreign && given.has(foreign)) return `${foreign} contradicts the call`;
  if (!era.errors) return undefined;
  if (all.has('LONGTERM') && !all.has('PIN')) return 'LONGTERM wants PIN';
  return all.has('LONGTERM') && all.has('PCI_P2PDMA') ? 'PCI_P2PDMA contradicts LONGTERM' : undefined;
}

const withoutError = ({ error: _, ...result }: GupResult & { error?: Errno }): GupResult => ({ ...result, ret: 0 });

/**
 * get_user_pages_fast: a reference to each page. Faults in what the fast path does not take, if there is a fault handler.
 * @throws UsageError `range-count` for a number of pages that is no `int`; `address-range` for no address
 */
export const getUserPagesFast: Call = wrapper({ name: 'get_user_pages_fast', adds: ['GET'], foreign: 'PIN' });
/** get_user_pages_fast_only: what the fast path takes, and nothing else. Throws as {@link getUserPagesFast}. */
export const getUserPagesFastOnly: Call = wrapper({
  // 2020 tests nothing here: with PIN too, a reference is what it takes.
  ...{ name: 'get_user_pages_fast_only', adds: ['GET', 'FAST_ONLY'] },
});
/** pin_user_pages_fast: a pin on each page, for DMA. Throws as {@link getUserPagesFast}. */
export const pinUserPagesFast: Call = wrapper({ name: 'pin_user_pages_fast', adds: ['PIN'], foreign: 'GET' });
/**
 * pin_user_pages_fast_only: of pins, what the fast path takes. Kernels since v6.3 have no such call; here it obeys their
 * rules with those eras all the same. Throws as {@link getUserPagesFast}.
 */
export const pinUserPagesFastOnly: Call = wrapper({
  ...{ name: 'pin_user_pages_fast_only', adds: ['PIN', 'FAST_ONLY'], foreign: 'GET' },
});

/**
 * get_user_pages: the slow path alone, under the mmap lock. Nothing without a fault handler.
 * Throws as {@link getUserPagesFast}.
 */
export const getUserPages: Call = wrapper({ name: 'get_user_pages', adds: ['GET'], foreign: 'PIN', paths: 'slow' });
/** pin_user_pages: the same with pins. Flags that it refuses are no error since v6.3. Throws as {@link getUserPagesFast}. */
export const pinUserPages: Call = wrapper({
  name: 'pin_user_pages',
  adds: ['PIN'],
  foreign: 'GET',
  paths: 'slow',
  refused: ({ refusedPin }) => (refusedPin === 'zero' ? undefined : refusedPin),
});

/**
 * Drops a reference of each frame, as put_page does for what the get calls gave.
 * @throws UsageError `argument`, and nothing is dropped, if a frame has no struct page
 */
export const putUserPages = (gup: Gup, frames: Iterable<Pfn>): void => giving(gup, frames, 'get')();

/**
 * unpin_user_pages: drops a pin of each frame. The zero page may have none.
 * @throws UsageError `argument`, and nothing is dropped, if a frame has no struct page
 */
export const unpinUserPages = (gup: Gup, frames: Iterable<Pfn>): void => giving(gup, frames, 'pin')();

/** Checks the frames, and then gives them back when it is called. */
export function giving({ mm, port, era = DEFAULT_ERA }: Gup, frames: Iterable<Pfn>, hold: Run['hold']): () => void {
  const pages = [...frames].map((pfn): Page => {
    const page = Number.isSafeInteger(pfn) && pfn >= 0 ? port.page(pfn) : undefined;
    if (!page) throw new UsageError('argument', 'frames', `frames with a struct page, not ${pfn}`);
    return page;
  });
  return () =>
    thoroughly(pages, (page) => {
      const weight = weightOf({ mm, era, hold }, page, 1);
      if (weight.refs === 0) return;
      port.put(page.head, weight);
      if (hold === 'pin') port.count('released', 1);
    });
}
