/** What an architecture says of its MMU: data where the manual is a table, a function where it is an algorithm. */
import type { Access, Query, Taken } from './access.ts';
import type { Vaddr } from './brand.ts';
import type { Expr } from './expr.ts';
import type { Fields } from './field.ts';
import type { Arch } from './geometry.ts';
import type { Level } from './level.ts';
import type { EntryBytes } from './memory.ts';

export type { Access, Query, Rights, Taken } from './access.ts';

/**
 * The MMU of an architecture: the hardware's reading of the entries, beside the kernel's in {@link ArchSpec}.
 * `S` is the machine state that it consults (privilege, control-register bits), by the names of the vector format.
 */
export interface Mmu<S extends object = object> {
  /** The definition whose tables it reads. */
  readonly arch: Arch;
  /**
   * Every part of the state, with its default: the machine as Linux runs it, so that what `map` makes is read as it was
   * meant. The access is the kernel's, at a moment when it may reach user pages (SUM = 1, no SMAP, no PAN).
   */
  readonly defaults: S;
  /** The least and the most of a number in the state. Default: 0, and 64 or for a word 2^64-1. */
  readonly limits?: Readonly<Partial<Record<keyof S, readonly [least: bigint, most: bigint]>>>;
  /** What the hardware does in this state. Pure: `machine` keeps what it answers, and may never ask again. */
  hardware(state: S): Hardware;
  /** Where a known implementation does otherwise than the manual: for vectors that were made with it, and for nothing else. */
  readonly deviations?: readonly Deviation<S>[];
}

/** One rule of the manual that an implementation does not keep. */
export interface Deviation<S extends object = object> {
  /** The implementation, by the name that the `source` of its vectors has. */
  readonly of: string;
  /** What it does instead, in words. */
  readonly says: string;
  /** What it does in this state. */
  hardware(state: S): Hardware;
}

/** What the hardware does in one machine state. */
export interface Hardware {
  /** Bytes of one entry, where the hardware's differ from Linux's (arm short descriptors: 4, a pgd is two of them). */
  readonly entryBytes?: EntryBytes;
  /** The rules of each level that a walk can reach. */
  readonly levels: Readonly<Partial<Record<Level, LevelReading>>>;
  /**
   * The address that is translated: without its tag, where this access has one (TBI, LAM, pointer masking). All else here
   * is handed that address. Default: the address as it is.
   */
  untagged?(query: Query): Vaddr;
  /** Before the walk: does this address have one, and where does it start? */
  begin(query: Query): Begin;
  /** What the kind of fault that a rule names is called here, and its code. */
  fault(kind: string, at: FaultPlace): Fault;
  /** The kind of fault that an entry outside memory raises. */
  readonly unreadable: string;
  /** What no single entry decides: rights that the whole path takes away (SMEP, SMAP, WXN, PAN). */
  whole?(path: readonly Step[], taken: readonly Taken[], query: Query): readonly Taken[];
  /** The last word at the leaf: accessed and dirty, and the kind of fault where a right is missing. */
  settle(outcome: Outcome): Settled;
}

/** One level as the hardware reads it. Expressions look at `entry`, `addr` and `root`. */
export interface LevelReading {
  /** Asked in this order; the first that holds ends the walk. Order is visible. */
  readonly rules: readonly FaultRule[];
  /** Bytes from one slot to the next, where that is more than an entry. */
  readonly slotBytes?: number;
  /** Its named fields, where the hardware's entry is not the one that the definition describes (arm: a shadow). */
  readonly fields?: Fields;
  /** 1 if the entry maps memory, 0 if it designates a table. */
  readonly leaf: Expr;
  readonly table?: TableReading;
  readonly page?: PageReading;
}

/** An entry that designates a table. */
export interface TableReading {
  /** The physical address of the table below, in bytes. */
  readonly base: Expr;
  /** Address bits that index it, where the geometry of the level below does not say it. */
  readonly bits?: Expr;
  /** What it takes away from all that is below. */
  readonly takes?: readonly Taking[];
}

/** An entry that maps memory. */
export interface PageReading {
  /** The physical address of the first byte of the page. */
  readonly base: Expr;
  /** log2 of the bytes of the page, where it is not what the entry covers (Svnapot). */
  readonly shift?: Expr;
  /** What becomes of bits of `base` below the page's size: `added` to the offset, as Linux adds frame numbers. Default: they do not count. */
  readonly unaligned?: 'added';
  /** What it takes away. */ readonly takes?: readonly Taking[];
}

/** Where `when` holds, the walk ends in a fault of this kind. */
export interface FaultRule {
  readonly when: Expr;
  /** The kind, which `fault` turns into the architecture's name and code. */
  readonly kind: string;
  /** The rule in words, with the manual's names: `W without R is reserved`. */
  readonly why: string;
}

/** Where `when` holds, the entry takes these rights away from the access's privilege. */
export interface Taking {
  readonly when: Expr;
  readonly rights: readonly Access[];
  /** The reason, with the manual's names: `R/W = 0`. */
  readonly why: string;
}

/** A table as the hardware finds it. */
export interface Table {
  readonly level: Level;
  /** Physical address in bytes. */
  readonly base: bigint;
  /** log2 of the bytes that an entry covers. */
  readonly shift: number;
  /** Address bits that index it. */
  readonly bits: number;
}

/** Memory that a walk arrives at: `base` and log2 of its size. */
export interface Page {
  /** Physical address of its first byte. */
  readonly base: bigint;
  /** log2 of its bytes. */
  readonly shift: number;
  /** As {@link PageReading.unaligned}. */
  readonly unaligned?: 'added' | undefined;
}

/** A refusal, by the kind that `Hardware.fault` understands. */
export interface Refusal {
  readonly kind: 'refused';
  readonly fault: string;
  readonly why: string;
}

/** How a translation begins: at a table, at once with memory (real-space ASCE, MMU off), or not at all. */
export type Begin = ({ readonly kind: 'table' } & Table) | ({ readonly kind: 'page' } & Page) | Refusal;

/** One entry that the hardware read. */
export interface Step {
  readonly level: Level;
  /** Physical address of the entry. */
  readonly at: bigint;
  /** Its number in the table. */
  readonly index: number;
  readonly entry: bigint;
  /** log2 of the bytes that it covers. */
  readonly shift: number;
}

/** Where a fault happened; `level` and `entry` are missing before the walk. */
export interface FaultPlace {
  readonly query: Query;
  readonly level?: Level;
  /** Every entry that was read, from the top down. */
  readonly path: readonly Step[];
  /** The rights that are gone, where a right was missing. */
  readonly taken: readonly Taken[];
}

/** A fault by the architecture's own name and code. */
export interface Fault {
  /** As the manual calls it, in lower case. */
  readonly name: string;
  /** Program-interruption code, error code, cause or fault status code; missing where the architecture has none. */
  readonly code?: bigint;
  /**
   * What the CPU leaves of it, whole, by the registers' names (ESR_EL1, DFSR, DSISR, scause, …), with the address as it
   * was asked for. Missing where the architecture has no such register, or it holds nothing of this fault.
   */
  readonly status?: Readonly<Record<string, bigint>>;
}

/** What a walk found, for the last word on it. */
export interface Outcome {
  readonly query: Query;
  readonly path: readonly Step[];
  /** Physical address of the byte. */
  readonly paddr: bigint;
  readonly taken: readonly Taken[];
}

/** Allowed, with the entries that the hardware writes; or refused. */
export type Settled = Refusal | { readonly kind: 'done'; readonly updates: readonly Update[] };

/** An entry that the hardware changes: accessed or dirty. */
export interface Update {
  /** Its physical address. */
  readonly at: bigint;
  readonly entry: bigint;
}
