/** What a lockless walk found, where it strayed, and why it stopped. */
import type { Entry, Level, Paddr, Slot, Vaddr } from '@kernel-mm/pgtable-core';

/** A page, or the part of a huge one that the range covers. */
export interface Leaf {
  readonly level: Level;
  readonly slot: Slot;
  readonly entry: Entry;
  /** The virtual addresses [addr, end) that it answers for; `end` 0 is 2^64. */
  readonly addr: Vaddr;
  readonly end: Vaddr;
  /** The physical address of the byte at `addr`. */
  readonly paddr: Paddr;
}

/** A read of stack memory that is no live copy of an entry: the seed's bug. */
export interface Stray {
  readonly level: Level;
  readonly addr: Vaddr;
  readonly slot: Slot;
  readonly entry: Entry;
}

/** Why a walk did not reach the end of its range. */
export type Stop =
  | { readonly kind: 'not-permitted' }
  | {
      readonly kind: 'none' | 'not-present';
      readonly level: Level;
      readonly addr: Vaddr;
      readonly slot: Slot;
      readonly entry: Entry;
    }
  /** A slot beyond memory: where a kernel would have read whatever is there. */
  | { readonly kind: 'outside-memory'; readonly level: Level; readonly addr: Vaddr; readonly slot: Slot }
  /** `budget` leaves were found: go on from `addr`. */
  | { readonly kind: 'budget'; readonly addr: Vaddr };

/** What a walk did. The leaves are a prefix of the range, in order; without `stop` they are all of it. */
export interface LocklessWalk {
  readonly leaves: readonly Leaf[];
  readonly strays: readonly Stray[];
  readonly stop?: Stop;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A stop in words, for example `pud not present at 0x80000000: 0x24 in the slot at 0x26d4008`. */
export function formatStop(stop: Stop): string {
  switch (stop.kind) {
    case 'not-permitted':
      return 'not permitted: the range reaches beyond the limit of the address space';
    case 'budget':
      return `budget spent: go on from ${hex(stop.addr)}`;
    case 'outside-memory':
      return `${stop.level} read at ${place(stop.slot)} for ${hex(stop.addr)}: outside memory`;
    default:
      return `${stop.level} ${stop.kind === 'none' ? 'none' : 'not present'} at ${hex(stop.addr)}: ${hex(stop.entry)} in the slot at ${place(stop.slot)}`;
  }
}

const place = (slot: Slot): string => `${slot.space === 'stack' ? 'stack ' : 'physical '}${hex(slot.addr)}`;
