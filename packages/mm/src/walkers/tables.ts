/** What all walkers ask of an upper entry before they go down: skip it, or put a table there. */
import {
  below,
  type Entry,
  isFoldedInto,
  type LowerLevel,
  type Mm,
  makeTable,
  pXdIs,
  type RangeStep,
  type Slot,
  type UpperLevel,
} from '@kernel-mm/pgtable-core';
import type { Lost } from './lost.ts';
import type { WalkerOf } from './port.ts';

/** An upper slot and what was read from it. */
export type UpperStep = Pick<RangeStep, 'slot' | 'entry'>;

/** The same, and the address that it was come to by. */
export type AddressedStep = Pick<RangeStep, 'slot' | 'entry' | 'addr'>;

/** What an empty slot of this level holds. */
export const emptyOf = ({ arch }: Mm, { level }: Slot): Entry => (arch.spec.levels[level].empty ?? 0n) as Entry;

/** pXd_none_or_clear_bad: whether to skip the slot. A bad entry is cleared and noted, but for one that is folded. */
export function noneOrClearBad({ mm, port }: WalkerOf, { slot, entry, addr }: AddressedStep, lost: Lost[]): boolean {
  if (pXdIs(mm, 'none', slot.level, entry)) return true;
  if (!pXdIs(mm, 'bad', slot.level, entry)) return false;
  port.writeOnce(slot, emptyOf(mm, slot) as Entry<UpperLevel>);
  lost.push({ slot, entry, addr });
  return true;
}

/**
 * pmd_none_or_trans_huge_or_clear_bad: the same, but a huge page and one that is migrating are skipped and stay. Whoever
 * waits for a table there looks again (pmd_trans_unstable).
 */
export function noneOrHugeOrClearBad(walker: WalkerOf, step: AddressedStep, lost: Lost[]): boolean {
  const { mm } = walker;
  const { slot, entry } = step;
  if (pXdIs(mm, 'leaf', slot.level, entry)) return true;
  if (!pXdIs(mm, 'none', slot.level, entry) && !pXdIs(mm, 'present', slot.level, entry)) return true;
  return noneOrClearBad(walker, step, lost);
}

/**
 * pXd_alloc: the entry to go down by. A new table is put where there is none, if the slot is still empty then; else what is
 * there meanwhile, even a huge page. A bad entry is not noticed. `undefined` where there is no memory.
 */
export function allocBelow({ mm, port }: WalkerOf, { slot, entry }: UpperStep): Entry | undefined {
  if (!pXdIs(mm, 'none', slot.level, entry)) return entry;
  const level = below(slot.level);
  const table = port.allocTable(level);
  const made = table === undefined ? undefined : makeTable(mm.arch, slot.level, table);
  if (table !== undefined && made === undefined) port.freeTable(level, table);
  if (table === undefined || made === undefined) return undefined;
  port.lock(slot);
  const now = port.readOnce(slot);
  const free = now !== undefined && pXdIs(mm, 'none', slot.level, now);
  if (free) port.writeOnce(slot, made);
  port.unlock(slot);
  // Whoever was faster put another table there, or a huge page.
  if (!free) port.freeTable(level, table);
  return free ? made : now;
}

/** The level of the table that an entry designates; none where the level below has no table of its own. */
export const tableBelow = (mm: Mm, { slot, entry }: UpperStep): LowerLevel | undefined =>
  isFoldedInto(mm, slot.level, entry) ? undefined : below(slot.level);
