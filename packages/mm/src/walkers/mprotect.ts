/** change_protection (v5.8): other rights for all that is mapped in a range, and how many entries were touched. */
import { type Entry, type Level, modify, type Prot, pXdIs, type Slot, UsageError } from '@kernel-mm/pgtable-core';
import { endOf } from '../mapping.ts';
import { isHugeKind } from './leaves.ts';
import type { Range, WalkerOf } from './port.ts';
import { type HugeOf, splitHugePmd } from './split.ts';
import { withoutWrite } from './swap-kinds.ts';
import { noneOrClearBad, noneOrHugeOrClearBad } from './tables.ts';
import { type Outside, type PteStep, runWalk, type WalkerOptions } from './walk.ts';

/** How to change. */
export interface ProtectOptions extends WalkerOptions {
  /** Whose huge pages there are; `anon` unless said otherwise. */
  readonly huge?: HugeOf;
}

/** What was changed. */
export interface Protected {
  /** What counts as changed: each present page, and each entry below pmd of one that moves or is a device's and lost its right to be written. */
  readonly changed: number;
  /** A huge page had to be split, and there was no memory for its table. */
  readonly failure?: Outside | { readonly kind: 'no-memory'; readonly slot: Slot };
}

/**
 * Gives everything in a range these rights. Swap entries stay as they are. The hardware is told once, for the whole range,
 * and only if anything counts; gathers that end meanwhile know that it will be.
 * @throws UsageError `range-empty` for a range that is empty or reversed: a BUG in Linux
 */
export function changeProtection(walker: WalkerOf, range: Range, prot: Prot, options: ProtectOptions = {}): Protected {
  if (range.start >= endOf(range)) throw new UsageError('range-empty', 'range', 'a start before the end');
  const { mm, port } = walker;
  let changed = 0;
  let failure: Protected['failure'];
  port.flushCache(range);
  port.flushPending(1);

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const { slot, entry, addr, next } = step;
      if (slot.level !== 'pmd' || !isHugeKind(mm, 'pmd', entry))
        return noneOrClearBad(walker, step) ? 'skip' : 'descend';
      if (BigInt.asUintN(64, next - addr) === mm.arch.geometry.pmd.size) {
        const pages = changeHuge(walker, slot as Slot<'pmd'>, prot);
        changed += pages ?? 0;
        if (pages !== undefined) return 'skip';
      } else if (!splitHugePmd(walker, step, addr, options.huge ?? 'anon')) {
        failure = { kind: 'no-memory', slot };
        return 'stop';
      }
      // Split by this walk or another; huge again by somebody else, it is left to be.
      const now = port.readOnce(slot);
      return now === undefined || noneOrHugeOrClearBad(walker, { slot, entry: now }) ? 'skip' : { into: now };
    },
    open: ({ slot }) => port.lock(slot),
    pte({ slot, entry }: PteStep) {
      const made = withProt(walker, 'pte', entry, prot);
      if (made === undefined) return;
      port.writeOnce(slot, made);
      changed++;
    },
    close: ({ slot }) => port.unlock(slot),
  });

  if (changed > 0) port.flushTlb(range);
  port.flushPending(-1);
  const why = failure ?? outside;
  return { changed, ...(why && { failure: why }) };
}

/**
 * change_huge_pmd: a huge page that lies in the range whole is changed as it is, if it still is one under the lock.
 * @returns how many pages count: none of one that moves, whatever became of its entry
 */
function changeHuge(walker: WalkerOf, slot: Slot<'pmd'>, prot: Prot): number | undefined {
  const { mm, port } = walker;
  const { pmd, pte } = mm.arch.geometry;
  port.lock(slot);
  const entry = port.readOnce(slot);
  const huge = entry !== undefined && isHugeKind(mm, 'pmd', entry);
  const made = huge ? withProt(walker, 'pmd', entry, prot) : undefined;
  if (made !== undefined) port.writeOnce(slot, made);
  port.unlock(slot);
  if (!huge) return undefined;
  return made !== undefined && pXdIs(mm, 'present', 'pmd', entry) ? Number(pmd.size / pte.size) : 0;
}

/** An entry with its new rights, where it has any; one that moves or lies in a device's memory may at most be written no more. */
const withProt = <L extends 'pmd' | 'pte'>(
  { mm }: WalkerOf,
  level: L,
  entry: Entry<L>,
  prot: Prot,
): Entry<L> | undefined => {
  if (pXdIs<Level>(mm, 'none', level, entry)) return undefined;
  return pXdIs<Level>(mm, 'present', level, entry)
    ? modify(mm.arch, level, entry, prot)
    : withoutWrite(mm, level, entry);
};
