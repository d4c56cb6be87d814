/** What madvise asks of the pages behind entries, and does to them: the reclaim lists and the swap cache, as a port. */
import {
  type Change,
  change,
  type Entry,
  type Level,
  leafAddress,
  type Pfn,
  pfnOf,
  pXdIs,
  type Slot,
  type Swap,
  ungrouped,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import type { Gather } from './gather.ts';
import type { Losing, Lost } from './lost.ts';
import type { Verdict, WalkFailure, WalkVma } from './pagewalk-ops.ts';
import type { WalkerOf } from './port.ts';
import { invalidatePmd } from './split.ts';
import { emptyOf } from './tables.ts';
import type { WalkerOptions } from './walk.ts';

/** One look at a page. */
export interface AdvisedPage {
  /** Part of a large folio (PageTransCompound). */
  readonly large: boolean;
  /** How many mappings there are of it. */
  readonly mapcount: number;
  /** Its lock is held by others. */
  readonly busy?: boolean;
  readonly dirty?: boolean;
  /** In the swap cache; `stuck` if it cannot be taken out (try_to_free_swap). */
  readonly swapCache?: 'free' | 'stuck';
  /** A zero page: nobody's. */
  readonly zero?: boolean;
}

/** What is wanted of pages: used later than others, written out now, or thrown away if memory is short. */
export type Advice = 'cold' | 'pageout' | 'free';

/** Every access to pages. */
export interface AdvisePages {
  /** vm_normal_page: `undefined` for what has no struct page. */
  page(pfn: Pfn): AdvisedPage | undefined;
  /** split_huge_page: afterwards it is no part of a large folio any more; `false` if somebody else holds it. */
  split(pfn: Pfn): boolean;
  /** The page is put on the list that it belongs on: deactivated, isolated for reclaim, lazily freed (clean then). */
  advise(pfn: Pfn, advice: Advice): void;
  /** free_swap_and_cache: one reference to a swapped-out page less. */
  freeSwap(swap: Swap): void;
  /** fatal_signal_pending. */
  fatalSignal?(): boolean;
}

/** A mapping as madvise looks at it; `Mapped` is one. */
export interface AdviseVma extends WalkVma {
  /** VM_LOCKED. */
  readonly locked?: boolean;
}

/** What came of it. */
export interface Advised extends Losing {
  /** 0; EINVAL: the mapping or the range is not one for this; EINTR: the task is dying. */
  readonly ret: Verdict;
  /** Pages that were given the advice; a large one is one. */
  readonly pages: number;
  /** Swap entries that were dropped: the counter MM_SWAPENTS is lower by as many. */
  readonly swaps: number;
  readonly failure?: WalkFailure;
}

/** One call. */
export interface Advising {
  readonly walker: WalkerOf;
  readonly vma: AdviseVma;
  readonly pages: AdvisePages;
  readonly advice: Advice;
  readonly options: WalkerOptions;
  readonly gather: Gather;
  readonly lost: Lost[];
  readonly count: { pages: number; swaps: number };
}

/** A leaf that was found, and where. */
export interface AdvisedLeaf<L extends Level> {
  readonly slot: Slot<L>;
  readonly entry: Entry<L>;
  readonly addr: Vaddr;
}

/** The frame of a leaf. */
export const pfnOfLeaf = ({ mm: { arch } }: WalkerOf, { slot, entry }: Omit<AdvisedLeaf<Level>, 'addr'>): Pfn =>
  pfnOf(leafAddress(arch, slot.level, entry), arch.spec.pageShift);

/** The page gets its advice, and the leaf looks as if nobody had used it since; under its lock. */
export function giveAdvice(run: Advising, leaf: AdvisedLeaf<'pmd'> | AdvisedLeaf<'pte'>): void {
  const { pages, advice, count, walker } = run;
  // Free: what is written from now on makes it dirty again, and so keeps it.
  if (advice === 'free') makeUnused(run, leaf, ['young', 'dirty'], ['old', 'clean']);
  else makeUnused(run, leaf, ['young'], ['old']);
  pages.advise(pfnOfLeaf(walker, leaf), advice);
  count.pages++;
}

function makeUnused(
  { walker, gather }: Advising,
  { slot, entry, addr }: AdvisedLeaf<Level>,
  states: readonly ('young' | 'dirty')[],
  changes: readonly Change[],
): void {
  const { mm, port } = walker;
  const { level } = slot;
  if (!states.some((state) => pXdIs(mm, state, level, entry))) return;
  // Taken out first, so that the hardware does not note anything in it meanwhile.
  const end = vaddrWrap(addr + mm.arch.geometry[level].size);
  if (level === 'pmd') invalidatePmd(walker, slot as Slot<'pmd'>, entry as Entry<'pmd'>, { start: addr, end });
  else port.writeOnce(slot, emptyOf(mm, slot));
  port.writeOnce(
    slot,
    changes.reduce((made: Entry, what) => change(mm.arch, level, what, made) ?? made, ungrouped(mm, slot, entry)),
  );
  gather.note(addr, level);
}
