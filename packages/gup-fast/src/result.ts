/** What a lockless walk found, where it strayed, and why it stopped. */
import type { Entry, Level, Paddr, Pfn, Slot, Vaddr } from '@kernel-mm/pgtable-core';
import { RULES, type Rule } from './rules.ts';

/** A page, or the part of a huge one that the range covers. */
export interface Leaf {
  /** The level of its entry: pte, or above for a huge page. */
  readonly level: Level;
  /** Where the entry was read. */
  readonly slot: Slot;
  /** Its value. */
  readonly entry: Entry;
  /** The virtual addresses [addr, end) that it answers for; `end` 0 is 2^64. */
  readonly addr: Vaddr;
  readonly end: Vaddr;
  /** The physical address of the byte at `addr`. */
  readonly paddr: Paddr;
}

/** A read of stack memory that is no live copy of an entry: the seed's bug. */
export interface Stray {
  /** The level that was read. */
  readonly level: Level;
  /** The virtual address that the walk had got to. */
  readonly addr: Vaddr;
  /** The stack address. */
  readonly slot: Slot;
  /** What lay there. */
  readonly entry: Entry;
}

/** Where in the tables a walk stopped. */
export interface Place {
  /** The level that was read. */
  readonly level: Level;
  /** The first virtual address that was not done. */
  readonly addr: Vaddr;
  /** Where the entry was read: in memory, or on the walker’s stack. */
  readonly slot: Slot;
  /** Its value. */
  readonly entry: Entry;
}

/** Why a walk did not reach the end of its range. */
export type Stop =
  | { readonly kind: 'not-permitted' }
  | ({ readonly kind: 'none' | 'not-present' } & Place)
  /** A rule said no, of the entry or of the page at `pfn`. */
  | ({ readonly kind: 'refused'; readonly rule: Rule; readonly pfn?: Pfn } & Place)
  /** A slot beyond memory: where a kernel would have read whatever is there. */
  | { readonly kind: 'outside-memory'; readonly level: Level; readonly addr: Vaddr; readonly slot: Slot }
  /** Fork was copying the address space when the walk began, or did so meanwhile: then all pins were given back. */
  | { readonly kind: 'fork'; readonly when: 'before' | 'meanwhile' }
  /** `budget` leaves were found: go on from `addr`. */
  | { readonly kind: 'budget'; readonly addr: Vaddr };

/** What a walk did. The leaves are a prefix of the range, in order; without `stop` they are all of it. */
export interface LocklessWalk {
  /** What was found. */
  readonly leaves: readonly Leaf[];
  /** Reads that no correct walker makes. */
  readonly strays: readonly Stray[];
  /** Why it ended before the range did. */
  readonly stop?: Stop;
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** A stop in words, for example `pud not present at 0x80000000: 0x24 in the slot at 0x26d4008`. */
export function formatStop(stop: Stop): string {
  switch (stop.kind) {
    case 'not-permitted':
      return 'not permitted: the range reaches beyond the limit of the address space';
    case 'budget':
      return `budget spent: go on from ${hex(stop.addr)}`;
    case 'fork':
      return stop.when === 'before' ? 'fork is copying the address space' : 'fork copied the address space meanwhile';
    case 'outside-memory':
      return `${stop.level} read at ${place(stop.slot)} for ${hex(stop.addr)}: outside memory`;
    case 'refused':
      return `${where(stop, 'refused')}${stop.pfn === undefined ? '' : `, frame ${hex(stop.pfn)}`}: ${RULES[stop.rule]}`;
    default:
      return where(stop, stop.kind === 'none' ? 'none' : 'not present');
  }
}

const where = ({ level, addr, slot, entry }: Place, what: string): string =>
  `${level} ${what} at ${hex(addr)}: ${hex(entry)} in the slot at ${place(slot)}`;

const place = (slot: Slot): string => `${slot.space === 'stack' ? 'stack ' : 'physical '}${hex(slot.addr)}`;
