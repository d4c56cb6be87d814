/** change_protection (v5.8): other rights for all that is mapped in a range, and how many entries were touched. */
import {
  type Entry,
  type Level,
  type Mm,
  modify,
  type Prot,
  pXdIs,
  type RangeStep,
  type Slot,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { isHugeKind } from './leaves.ts';
import { type Losing, type Lost, losing } from './lost.ts';
import { needs } from './needs.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';
import { type HugeOf, splitHugePmd, splitHugePud } from './split.ts';
import { withoutWrite } from './swap-kinds.ts';
import { noneOrClearBad, noneOrHugeOrClearBad } from './tables.ts';
import { type Outside, type PteStep, runWalk, type WalkerOptions } from './walk.ts';

/** How to change. */
export interface ProtectOptions extends WalkerOptions {
  /** Whose huge pages there are; `anon` unless said otherwise. */
  readonly huge?: HugeOf;
  /**
   * What becomes of a leaf of a pud: `v5.8` (default) takes it for a bad table and clears it; `v6.12` gives it its rights,
   * and splits it first where the range cuts it (mm/mprotect.c: change_pud_range).
   */
  readonly era?: 'v5.8' | 'v6.12';
}

/** What was changed. */
export interface Protected extends Losing {
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
  needs({ walker, range, prot });
  if (range.start >= endOf(range)) throw new UsageError('range-empty', 'range', 'a start before the end');
  const { mm, port } = walker;
  const { huge = 'anon', era = 'v5.8' } = options;
  const lost: Lost[] = [];
  let changed = 0;
  let failure: Protected['failure'];
  port.flushCache(range);
  port.flushPending(1);

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const { slot, addr, next } = step;
      const isLarge = isLargeAt(mm, step, era);
      if (!isLarge) return noneOrClearBad(walker, step, lost) ? 'skip' : 'descend';
      if (BigInt.asUintN(64, next - addr) === mm.arch.geometry[slot.level].size) {
        const pages = changeHuge(walker, slot as Slot<'pmd' | 'pud'>, prot);
        changed += pages ?? 0;
        if (pages !== undefined) return 'skip';
      }
      if (slot.level === 'pud') splitHugePud(walker, slot as Slot<'pud'>, addr);
      else if (!splitHugePmd(walker, step, addr, huge)) {
        failure = { kind: 'no-memory', slot };
        return 'stop';
      }
      // Split by this walk or another; huge again by somebody else, it is left to be.
      const now = port.readOnce(slot);
      return now === undefined || noneOrHugeOrClearBad(walker, { slot, entry: now, addr }, lost)
        ? 'skip'
        : { into: now };
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
  return { changed, ...losing(lost), ...(why && { failure: why }) };
}

/** Whether a slot is taken for a large page; of a pud, only from v6.12 on. */
const isLargeAt = (mm: Mm, { slot, entry }: RangeStep, era: 'v5.8' | 'v6.12'): boolean =>
  slot.level === 'pmd'
    ? isHugeKind(mm, 'pmd', entry)
    : slot.level === 'pud' && era === 'v6.12' && pXdIs<Level>(mm, 'leaf', 'pud', entry);

/**
 * change_huge_pmd and change_huge_pud: a large page that lies in the range whole is changed as it is, if it still is one
 * under the lock, and with these rights too (RISC-V has no pud without any).
 * @returns how many pages count: none of one that moves, whatever became of its entry
 */
function changeHuge(walker: WalkerOf, slot: Slot<'pmd' | 'pud'>, prot: Prot): number | undefined {
  const { mm, port } = walker;
  const { level } = slot;
  const { [level]: large, pte } = mm.arch.geometry;
  port.lock(slot);
  const entry = port.readOnce(slot);
  const made = entry !== undefined && isHugeKind(mm, level, entry) ? withProt(walker, level, entry, prot) : undefined;
  const huge =
    entry !== undefined && isHugeKind(mm, level, entry) && (made === undefined || isHugeKind(mm, level, made));
  if (huge && made !== undefined) port.writeOnce(slot, made);
  port.unlock(slot);
  if (!huge) return undefined;
  return made !== undefined && pXdIs<Level>(mm, 'present', level, entry) ? Number(large.size / pte.size) : 0;
}

/** An entry with its new rights, where it has any; one that moves or lies in a device's memory may at most be written no more. */
const withProt = <L extends Level>({ mm }: WalkerOf, level: L, entry: Entry<L>, prot: Prot): Entry<L> | undefined => {
  if (pXdIs<Level>(mm, 'none', level, entry)) return undefined;
  return pXdIs<Level>(mm, 'present', level, entry)
    ? modify(mm.arch, level, entry, prot)
    : withoutWrite(mm, level, entry);
};
