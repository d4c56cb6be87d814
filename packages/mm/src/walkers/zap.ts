/** unmap_page_range (v5.8, and as of v6.5): everything that is mapped in a range goes; the tables stay. */
import {
  type Level,
  pXdIs,
  type RangeStep,
  type Slot,
  UsageError,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import { Gather } from './gather.ts';
import type { GatherOptions } from './gather-options.ts';
import { isHugeKind } from './leaves.ts';
import { type Losing, type Lost, losing } from './lost.ts';
import { needs } from './needs.ts';
import { endOf, type MappedRange, type Range, type WalkerOf } from './port.ts';
import { type NoProgress, Repeats } from './repeats.ts';
import { type HugeOf, splitHugePmd, splitHugePud } from './split.ts';
import { noneOrClearBad, noneOrHugeOrClearBad, type UpperStep } from './tables.ts';
import { type Outside, runWalk, type Visitor, type WalkerOptions } from './walk.ts';
import { zapHugePmd, zapHugePud } from './zap-huge.ts';
import { type ZapDetails, type ZapRun, zapPte } from './zap-pte.ts';

/** How to zap. */
export interface ZapOptions extends WalkerOptions, ZapDetails {
  /** Whose huge pages there are; `anon` unless said otherwise. */
  readonly huge?: HugeOf;
  /**
   * Where a broken-off loop over ptes goes on: `v5.8` (unless said otherwise) in the same table, without a look at its pmd;
   * `v6.5` from the pmd, which is tested anew.
   */
  readonly era?: 'v5.8' | 'v6.5';
}

/** How it ended; without a failure, nothing that was to go is left. */
export interface Zapped extends Losing {
  readonly failure?: Outside | NoProgress | { readonly kind: 'no-memory'; readonly slot: UpperStep['slot'] };
}

/**
 * Zaps a part of a mapping. The cache is flushed for the whole mapping; the hardware has forgotten the range when this
 * ends; pages that are queued in the gather are freed by its next flush.
 * @throws UsageError `range-empty` for a range that is empty or reversed: a BUG in Linux
 */
export function unmapPageRange(
  walker: WalkerOf,
  range: Range,
  vma: MappedRange,
  gather: Gather,
  options: ZapOptions = {},
): Zapped {
  needs({ walker, range, vma, gather });
  if (range.start >= endOf(range)) throw new UsageError('range-empty', 'range', 'a start before the end');
  const repeats = new Repeats();
  let noMemory: Zapped['failure'];
  const lost: Lost[] = [];
  const run: ZapRun = { walker, gather, details: options, tally: { pages: 0, swap: 0, force: false }, lost };
  const visitor: Visitor = {
    enter(step) {
      const decision = enter(run, step, options, repeats);
      if (decision === 'no-memory') noMemory = { kind: 'no-memory', slot: step.slot };
      return decision === 'no-memory' ? 'stop' : decision;
    },
    leave(step, done) {
      if (done && (step.slot.level === 'pud' || step.slot.level === 'pmd')) walker.port.condResched();
      return true;
    },
    ...ptesOf(run, options.era ?? 'v5.8', repeats),
  };
  gather.startVma({ start: vma.start, end: vma.end });
  const outside = runWalk(walker, range, options, visitor);
  gather.endVma();
  const failure = noMemory ?? repeats.failure ?? outside;
  return { ...losing(lost), ...(failure && { failure }) };
}

/** An upper entry: large pages go whole, or are split first where the range cuts them. */
function enter(run: ZapRun, step: RangeStep, { huge = 'anon', era }: ZapOptions, repeats: Repeats) {
  const { walker, gather } = run;
  const { slot, entry, addr, next } = step;
  const { level } = slot;
  const { mm, port } = walker;
  const isHuge =
    level === 'pmd' ? isHugeKind(mm, level, entry) : level === 'pud' && pXdIs(mm, 'leaf', level as Level, entry);
  if (!isHuge) return noneOrClearBad(walker, step, run.lost) ? skipped(run, step) : 'descend';
  if (BigInt.asUintN(64, next - addr) !== mm.arch.geometry[level].size) {
    if (level === 'pud') splitHugePud(walker, slot as Slot<'pud'>, addr);
    else if (!splitHugePmd(walker, step, addr, huge)) return 'no-memory';
  } else if ((level === 'pud' ? zapHugePud : zapHugePmd)(walker, gather, step)) return skipped(run, step, true);
  if (era === 'v6.5') return repeats.again(slot, addr) ? 'again' : 'stop';
  const now = port.readOnce(slot);
  // Huge again: somebody was faster, and that is left to be.
  const skip = level === 'pmd' ? noneOrHugeOrClearBad : noneOrClearBad;
  return now === undefined || skip(walker, { slot, entry: now, addr }, run.lost) ? skipped(run, step) : { into: now };
}

/** A pmd is a place where others may run; a pud, only if it was huge. */
function skipped({ walker }: ZapRun, { slot }: RangeStep, huge = false): 'skip' {
  if (slot.level === 'pmd' || huge) walker.port.condResched();
  return 'skip';
}

/** The loop over ptes: under the lock, and broken off where others wait, or where no more pages can be queued. */
function ptesOf(run: ZapRun, era: 'v5.8' | 'v6.5', repeats: Repeats): Omit<Visitor, 'enter'> {
  const { walker, gather } = run;
  const { mm, port } = walker;
  const late = era === 'v6.5';
  return {
    open({ slot }) {
      run.tally = { pages: 0, swap: 0, force: false };
      port.lock(slot);
    },
    pte(step) {
      if (pXdIs(mm, 'none', 'pte', step.entry)) return 'next';
      if (port.needResched()) {
        if (!repeats.again(step.slot, step.addr)) return 'stop';
        return late ? 'stay' : 'retry';
      }
      if (!zapPte(run, step)) return 'next';
      return late ? 'leave' : 'reopen';
    },
    close({ slot }) {
      const { pages, swap, force } = run.tally;
      if (pages || swap) port.addCounters({ pages, swap });
      if (force) gather.flushTlb();
      port.unlock(slot);
      if (force) gather.flush();
    },
    resume() {
      port.condResched();
      return true;
    },
  };
}

/** unmap_single_vma: what of a range lies in a mapping; nothing may be left of it. */
export function unmapSingleVma(
  walker: WalkerOf,
  range: Range,
  vma: MappedRange,
  gather: Gather,
  options: ZapOptions = {},
): Zapped {
  needs({ walker, range, vma, gather });
  const start = range.start > vma.start ? range.start : vma.start;
  const end = endOf(range) < endOf(vma) ? endOf(range) : endOf(vma);
  if (start >= end) return {};
  return unmapPageRange(walker, { start: start as Vaddr, end: vaddrWrap(end) }, vma, gather, options);
}

/** zap_page_range of one mapping: with a gather of its own, which is finished. */
export function zapPageRange(
  walker: WalkerOf,
  range: Range,
  vma: MappedRange,
  options: ZapOptions & GatherOptions = {},
): Zapped & Pick<Gather, 'flushes'> {
  needs({ walker, range, vma });
  const gather = new Gather(walker, options);
  const zapped = unmapSingleVma(walker, range, vma, gather, options);
  gather.finish();
  return { ...zapped, flushes: gather.flushes };
}
