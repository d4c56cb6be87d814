/** `Entry` is the value (the kernel's pXd_t); `Slot` is where it lives (the kernel's pXd_t pointer). */
import { wrap64 } from './brand.ts';
import { UsageError } from './errors.ts';
import type { Level } from './level.ts';

declare const level: unique symbol;

/** The value of a table entry of level `L`, as the CPU loads it: the byte order of the table is already undone. */
export type Entry<L extends Level = Level> = bigint & { readonly [level]: L };

/** Whether a slot lies in physical memory or on a walker's stack. */
export type Space = 'memory' | 'stack';

/**
 * Where an entry of level `L` lives: in physical memory, or in a walker's own stack frame. Where the types say which,
 * `Slot<L, 'memory'>` is a pointer to a stored entry (v3 of September 2026, 20260922-pte0-v3-0-5670b8cb9059: hw_pte_t).
 */
export interface Slot<L extends Level = Level, S extends Space = Space> {
  /** The level that it is a slot of. */
  readonly level: L;
  /** Whether it lies in physical memory or on the walker’s stack. */
  readonly space: S;
  /** Physical address, or stack address, in bytes. */
  readonly addr: bigint;
}

/** A checked entry. Throws {@link UsageError} `entry-width` for anything but a bigint from 0 to 2^64-1. */
export function entry<L extends Level>(at: L, raw: bigint): Entry<L> {
  if (typeof raw !== 'bigint' || raw !== wrap64(raw))
    throw new UsageError('entry-width', `${at} entry`, `a bigint from 0 to 2^64-1, not ${String(raw)}`);
  return raw as Entry<L>;
}

/** The slot `n` slots of `slotBytes` bytes further: what `pXdp++` does, whatever lies there. */
export const slotPlus = <L extends Level, S extends Space>(
  slot: Slot<L, S>,
  n: bigint,
  slotBytes: number,
): Slot<L, S> => ({
  level: slot.level,
  space: slot.space,
  addr: slot.addr + n * BigInt(slotBytes),
});

/** Whether two slots are the same place. */
export const sameSlot = (a: Slot, b: Slot): boolean => a.space === b.space && a.addr === b.addr;
