/** copy_page_range (v5.8): what fork copies of a mapping’s tables, so that parent and child share its pages. */
import { pXdIs, type RangeStep, type Slot, type Swap, UsageError } from '@kernel-mm/pgtable-core';
import { copyHugePmd, copyHugePud, type HugeCopied, type HugeStep } from './copy-huge.ts';
import { copyPte, type ForkedVma, type Forking } from './copy-pte.ts';
import { isHugeKind } from './leaves.ts';
import { Lockstep } from './lockstep.ts';
import { type Losing, type Lost, losing } from './lost.ts';
import { needs } from './needs.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';
import { type NoProgress, Repeats } from './repeats.ts';
import { noneOrClearBad } from './tables.ts';
import { type Outside, runWalk, type Visitor, type WalkerOptions } from './walk.ts';

/**
 * How it ended. With a failure the child has what was copied until then, and its tables; the parent’s pages that were
 * copied, or were about to be, stay write-protected. Whoever forks takes the child down.
 */
export interface Copied extends Losing {
  readonly failure?:
    | Outside
    | NoProgress
    /** For a table, or for a count of swap entries: -ENOMEM, which every level hands on. */
    | { readonly kind: 'no-memory'; readonly slot: Slot }
    /** A large page that the range cuts: Linux splits it when it splits the mapping, and has a BUG here. */
    | { readonly kind: 'partial-huge'; readonly slot: Slot };
}

/** Work on a none pte counts 1, on any other 8; after so much it is asked whether anybody waits. */
const ASK_AFTER = 32;

/**
 * Copies the range of one mapping, not a hugetlb one, to a child that has the same levels. write_protect_seq is the
 * caller’s, around it all, and so is the flush of the parent’s translations afterwards.
 * @throws UsageError `range-empty` for an empty or reversed range, `argument` for a destination with other levels
 */
export function copyPageRange(
  src: WalkerOf,
  dst: WalkerOf,
  range: Range,
  vma: ForkedVma,
  options: WalkerOptions = {},
): Copied {
  needs({ src, dst, range, vma });
  if (range.start >= endOf(range)) throw new UsageError('range-empty', 'range', 'a start before the end');
  if (!vma.hasAnonVma && !vma.pfnMap) return {};
  const steps = new Lockstep(src, dst, range.start);
  const fork: Forking = { src, dst, vma, tally: { pages: 0, swap: 0 } };
  const lost: Lost[] = [];
  let failure: Copied['failure'];
  const fail = (kind: 'no-memory' | 'partial-huge', slot: Slot): 'stop' => {
    failure = { kind, slot };
    return 'stop';
  };

  /** A large page is copied as one; if it is none any more, what is there now counts. */
  const huge = (step: RangeStep): 'skip' | 'stop' | 'other' => {
    const { slot, addr, next } = step;
    if (BigInt.asUintN(64, next - addr) !== src.mm.arch.geometry[slot.level].size) return fail('partial-huge', slot);
    const done = copyHuge(fork, slot, steps.at(slot), step);
    if (done === 'changed') return 'other';
    return done === 'done' ? 'skip' : fail('no-memory', slot);
  };

  const outside = runWalk(src, range, options, {
    enter(step) {
      const { slot, addr } = step;
      // Along, also where this slot is skipped.
      steps.at(slot);
      let { entry } = step;
      if (isHuge(src, step)) {
        const done = huge(step);
        if (done !== 'other') return done;
        entry = src.port.readOnce(slot) ?? entry;
      }
      if (noneOrClearBad(src, { slot, entry, addr }, lost)) return 'skip';
      return steps.down(slot, addr) ? { into: entry } : fail('no-memory', slot);
    },
    ...ptesOf(
      fork,
      steps,
      (slot) => void fail('no-memory', slot),
      (stuck) => {
        failure = stuck;
      },
    ),
  });
  const why = failure ?? outside;
  return { ...losing(lost), ...(why && { failure: why }) };
}

function isHuge({ mm }: WalkerOf, { slot: { level }, entry }: RangeStep): boolean {
  if (level === 'pmd') return isHugeKind(mm, level, entry);
  return level === 'pud' && pXdIs(mm, 'leaf', 'pud', entry as never);
}

const copyHuge = (fork: Forking, slot: Slot, to: Slot, { addr }: RangeStep): HugeCopied =>
  slot.level === 'pmd'
    ? copyHugePmd(fork, { slot, to, addr } as HugeStep<'pmd'>)
    : copyHugePud(fork, { slot, to, addr } as HugeStep<'pud'>);

/** The loop over ptes, under both locks, the child’s first; broken off where somebody waits, or a count has to grow. */
function ptesOf(
  fork: Forking,
  steps: Lockstep,
  noMemory: (slot: Slot) => void,
  stuck: (why: NoProgress) => void,
): Omit<Visitor, 'enter'> {
  const { src, dst } = fork;
  const repeats = new Repeats();
  let progress = 0;
  let grow: Swap | undefined;
  const waited = (slot: Slot, to: Slot): boolean =>
    src.port.needResched() || src.port.contended(slot) || dst.port.contended(to);
  return {
    open({ slot }) {
      [progress, grow, fork.tally] = [0, undefined, { pages: 0, swap: 0 }];
      dst.port.lock(steps.at(slot));
      src.port.lock(slot);
    },
    pte(step) {
      const { slot, entry } = step;
      const to = steps.at(slot);
      if (progress >= ASK_AFTER) {
        progress = 0;
        if (waited(slot, to)) return 'retry';
      }
      const none = pXdIs(src.mm, 'none', 'pte', entry);
      progress += none ? 1 : 8;
      if (!none) grow = copyPte(fork, step, to);
      return grow ? 'retry' : 'next';
    },
    close({ slot }) {
      const { pages, swap } = fork.tally;
      src.port.unlock(slot);
      if (pages || swap) dst.port.addCounters({ pages, swap });
      dst.port.unlock(steps.at(slot));
      src.port.condResched();
    },
    resume({ slot, start }) {
      if (!grow) return true;
      if (!src.port.extendSwap(grow)) {
        noMemory(slot);
        return false;
      }
      const on = repeats.again(slot, start);
      if (repeats.failure) stuck(repeats.failure);
      return on;
    },
  };
}
