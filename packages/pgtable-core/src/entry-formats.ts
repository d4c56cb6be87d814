/** What an entry can be, as data: a table, a page, a place in swap, a huge-page directory. */
import type { Expr } from './expr.ts';
import type { Field, Fields } from './field.ts';

/** How an entry designates the table below. */
export interface TableFormat {
  /** Its fields; the address pieces hold the table below. */
  readonly fields: Fields;
  /** The bits beside the address. */
  readonly base: bigint;
  /**
   * log2 of the units in which the hardware counts where tables begin, where they are less than the table and than a page
   * (powerpc radix: 256 bytes). Left out: the smaller of the two.
   */
  readonly aligned?: number;
}

/** How an entry maps a page. */
export interface LeafFormat {
  /** Its fields; the address pieces hold the first byte that it maps. */
  readonly fields: Fields;
  /** The bits of every present leaf. */
  readonly base: bigint;
  /** For each right the bits that are added where it is granted, and where it is not. */
  readonly rights: Readonly<Record<keyof Prot, readonly [granted: bigint, denied: bigint]>>;
  /** The whole template of a page without any right (PROT_NONE), where it is not `base` with the denied bits. */
  readonly protNone?: bigint;
  /** Over `entry`: 1 if the address pieces are stored inverted. */
  readonly inverted?: Expr;
  /** Over `entry`: the first byte that it maps, where that is not what the pieces hold (Svnapot: they also hold its size). */
  readonly first?: Expr;
  /** Over `entry`: log2 of the bytes that it maps, where they are not what one slot covers (Svnapot: 16 slots map as one). */
  readonly shift?: Expr;
  /** Neighbours that the hardware may take as one page, where each of them has a bit (contiguous descriptors, Svnapot). */
  readonly group?: GroupSpec;
}

/** Slots that are one page to the hardware where each has `bit`: then all must say the same, but for the address. */
export interface GroupSpec {
  /** The bit of each of them. */
  readonly bit: bigint;
  /** How many there are, a power of 2; the first one's number in its table is a multiple of it. */
  readonly slots: number;
}

/** Rights of a mapping. */
export interface Prot {
  /** May be read. */
  readonly read: boolean;
  /** May be written. */
  readonly write: boolean;
  /** May be executed. */
  readonly exec: boolean;
  /** Reachable from user space. */
  readonly user: boolean;
}

/** A swap entry: __swp_entry and its parts. */
export interface SwapFormat {
  /** Which swap device. */
  readonly type: Field;
  /** Which page of it. */
  readonly offset: Field;
  /** The constant bits. */
  readonly base: bigint;
  /** Whether the bits of `offset` are stored inverted (x86-64). */
  readonly inverted?: boolean;
  /** The bit by which Linux notes that one process alone owns the page. */
  readonly exclusive?: bigint;
  /** The bit by which Linux notes soft-dirty in a swap entry. */
  readonly softDirty?: bigint;
  /** The bit by which Linux notes userfaultfd's write protection in a swap entry. */
  readonly uffdWp?: bigint;
}

/** A huge-page directory: an entry of an upper level whose table holds ptes of one size, as many as its slot covers. */
export interface HugepdFormat {
  /** Its fields; the address pieces hold the table of its ptes. */
  readonly fields: Fields;
  /** Over `entry`: 1 if it is one. */
  readonly is: Expr;
  /** Over `entry`: log2 of the bytes that each of its ptes maps. */
  readonly shift: Expr;
}

/** What stands beside each entry for the hardware, where that has no room for Linux's bits (arm short descriptors). */
export interface ShadowSpec {
  /** Bytes from the entry to its shadow. */
  readonly at: number;
  /** The shadow, over `entry`. */
  readonly value: Expr;
}
