/** change_protection (v5.8): other rights for all that is mapped in a range, and how many entries were touched. */
import { type Entry, type Level, modify, type Prot, pXdIs, type RangeStep, type Slot } from '@kernel-mm/pgtable-core';
import { makeMigration, migrationOf } from './migration.ts';
import type { Range, WalkerOf } from './port.ts';
import { type HugeOf, isHugePmd, splitHugePmd } from './split.ts';
import { noneOrClearBad } from './tables.ts';
import { type Outside, type PteStep, runWalk, type WalkerOptions } from './walk.ts';

/** How to change. */
export interface ProtectOptions extends WalkerOptions {
  /** Whose huge pages there are; `anon` unless said otherwise. */
  readonly huge?: HugeOf;
}

/** What was changed. */
export interface Protected {
  /** Entries that count as changed: each present one, and each migration entry that lost its right to be written. */
  readonly changed: number;
  /** A huge page had to be split, and there was no memory for its table. */
  readonly failure?: Outside | { readonly kind: 'no-memory'; readonly slot: Slot };
}

/**
 * Gives everything in a range, which must not be empty, these rights. Swap entries stay as they are. The hardware is told
 * once, for the whole range, and only if anything counts.
 */
export function changeProtection(walker: WalkerOf, range: Range, prot: Prot, options: ProtectOptions = {}): Protected {
  const { mm, port } = walker;
  let changed = 0;
  let failure: Protected['failure'];
  port.flushCache(range);

  /** Puts the entry with its new rights, whatever it was. */
  const change = (slot: Slot, entry: Entry): boolean => {
    const made = pXdIs(mm, 'present', slot.level, entry)
      ? modify(mm.arch, slot.level, entry, prot)
      : withoutWrite(walker, slot.level, entry);
    if (made !== undefined) port.writeOnce(slot, made);
    return made !== undefined;
  };

  /** A huge page that lies in the range whole is changed as it is; one that does not, is split first. */
  const changeHuge = (step: RangeStep): 'skip' | 'again' | 'stop' => {
    const { slot, entry, addr, next } = step;
    const whole = BigInt.asUintN(64, next - addr) === mm.arch.geometry.pmd.size;
    if (whole) {
      port.lock(slot);
      if (change(slot, entry)) changed += Number(mm.arch.geometry.pmd.size / mm.arch.geometry.pte.size);
      port.unlock(slot);
      return 'skip';
    }
    if (splitHugePmd(walker, step, addr, options.huge ?? 'anon')) return 'again';
    failure = { kind: 'no-memory', slot };
    return 'stop';
  };

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const { slot, entry } = step;
      if (slot.level === 'pmd' && isHugePmd(walker, entry)) return changeHuge(step);
      return noneOrClearBad(walker, step) ? 'skip' : 'descend';
    },
    open: ({ slot }) => port.lock(slot),
    pte({ slot, entry }: PteStep) {
      if (!pXdIs(mm, 'none', 'pte', entry) && change(slot, entry)) changed++;
      return undefined;
    },
    close: ({ slot }) => port.unlock(slot),
  });

  if (changed > 0) port.flushTlb(range);
  const why = failure ?? outside;
  return { changed, ...(why && { failure: why }) };
}

/** A migration entry that may no longer be written; nothing for one that could not, or for any other entry. */
function withoutWrite({ mm }: WalkerOf, level: Level, entry: Entry): Entry | undefined {
  const moving = migrationOf(mm, level, entry);
  return moving?.write ? makeMigration(mm, level, { ...moving, write: false }) : undefined;
}
