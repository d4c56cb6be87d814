/** The way down of walkers that make every table they need, and what can be in their way. */
import {
  type Entry,
  type Level,
  type Mm,
  makeLeaf,
  type Prot,
  paddrWrap,
  pXdIs,
  type RangeStep,
  type Slot,
  UsageError,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { allocTrack, type Modified } from './modified.ts';
import type { Range, WalkerOf } from './port.ts';
import type { Outside } from './walk.ts';

/**
 * Why a walk ended. `no-memory`: no table for what lies below this slot. `occupied`: a page where none may be, or a large
 * or swapped-out one where a table should be; a kernel stops there with BUG, or takes the page for a table.
 */
export type Blocked = Outside | { readonly kind: 'no-memory'; readonly slot: Slot; readonly addr: Vaddr } | Occupied;

/** Something is mapped where nothing may be. */
export interface Occupied {
  readonly kind: 'occupied';
  readonly slot: Slot;
  readonly entry: Entry;
  readonly addr: Vaddr;
}

/** What a step or a pte has in common. */
type At = Pick<RangeStep, 'addr'> & { readonly slot: Slot; readonly entry: Entry };

export const occupied = ({ slot, entry, addr }: At): Occupied => ({ kind: 'occupied', slot, entry, addr });

/** Whether an upper entry is neither none nor a table, not even a bad one: large, swapped out or migrating. */
export const isNoTable = ({ mm }: WalkerOf, { slot, entry }: At): boolean =>
  pXdIs(mm, 'leaf', slot.level, entry) ||
  (!pXdIs(mm, 'none', slot.level, entry) && !pXdIs(mm, 'present', slot.level, entry));

/** The entry to go down by: the table that is there, also by a bad entry, or a new one, unless a large page came first. */
export function wayDown(walker: WalkerOf, step: RangeStep, modified: Modified = { mask: 0 }): Entry | Blocked {
  if (isNoTable(walker, step)) return occupied(step);
  const entry = allocTrack(walker, step, modified);
  if (entry === undefined) return { kind: 'no-memory', slot: step.slot, addr: step.addr };
  return isNoTable(walker, { ...step, entry }) ? occupied({ ...step, entry }) : entry;
}

/** How many bytes a range has. An end of 0 is 2^64, but not behind a start of 0: such a range is empty. */
export const bytesOf = ({ start, end }: Range): bigint => BigInt.asUintN(64, end - start);

/**
 * Refuses a range that the kernel stops at with BUG.
 * @throws UsageError `range-empty`, `range-reversed`, `range-unaligned`
 */
export function checkRange({ mm }: WalkerOf, { start, end }: Range): void {
  if (end === start) throw new UsageError('range-empty', 'range', 'an end behind its start');
  if (end < start && end !== 0n) throw new UsageError('range-reversed', 'range', 'an end behind its start');
  const { size } = mm.arch.geometry.pte;
  if ((start | end) & (size - 1n)) throw new UsageError('range-unaligned', 'range', `multiples of ${size}`);
}

/**
 * pfn_pte and its like: a leaf for a frame by its physical address.
 * @throws UsageError `argument` for an address that no pte of the architecture can hold
 */
export function leafOf<L extends Level>({ arch }: Mm, level: L, address: bigint, prot: Prot): Entry<L> {
  const made = address === paddrWrap(address) ? makeLeaf(arch, level, paddrWrap(address), prot) : undefined;
  if (made === undefined) throw new UsageError('argument', 'address', `frames that a ${level} can hold`);
  return made;
}
