/** What follows from a definition: PUD_SHIFT, PUD_SIZE, PTRS_PER_PUD, and rules ready to be asked. */
import type { ArchSpec, Change, Predicate } from './arch.ts';
import type { Env } from './expr.ts';
import { LEVELS, type Level } from './level.ts';
import type { EntryBytes } from './memory.ts';

/** The numbers of one level. They are constants of the architecture, also where a process folds the level. */
export interface Geometry {
  /** log2 of the bytes that one entry covers. */
  readonly shift: number;
  /** Bytes that one entry covers. */
  readonly size: bigint;
  /** Address bits that index the table. */
  readonly bits: number;
  /** Entries of a table; a top-style fold at run time may keep more than its index can reach. */
  readonly entries: number;
  /** Bytes from one slot to the next. */
  readonly slotBytes: number;
  /** Bytes of a table, with what stands beside its entries. */
  readonly tableBytes: number;
}

/** The rules of one level, ready to be asked. */
export interface Rules {
  /** The kernel's reading of the bits alone; `pXdIs` adds what folding makes constant. */
  readonly is: Readonly<Partial<Record<Predicate, (env: Env) => boolean>>>;
  /** The entry that each of Linux's helpers makes of the one in `env`. */
  readonly mk: Readonly<Partial<Record<Change, (env: Env) => bigint>>>;
  /** Whether this level is folded below the entry (of the level above) in `env`; `undefined` for a real level. */
  readonly folded: ((env: Env) => boolean) | undefined;
  /** The slot at this level, folded, from `slot` of the level above and `addr`. */
  readonly foldedSlot: (env: Env) => bigint;
  /** log2 of what the entry covers. */
  readonly covers: (env: Env) => bigint;
  /** The word that stands beside the entry; `undefined` where nothing does. */
  readonly shadow: ((env: Env) => bigint) | undefined;
  /** Whether the address pieces of a leaf are stored inverted. */
  readonly inverted: (env: Env) => boolean;
  /** The first byte that a leaf maps, where its address pieces alone do not say it. */
  readonly first: ((env: Env) => bigint) | undefined;
  /** log2 of the bytes that a leaf maps; what its slot covers where the entry says no size that a leaf can have. */
  readonly leafShift: (env: Env) => bigint;
  /** Whether a leaf says a size that a leaf can have; `undefined` where every entry does. */
  readonly leafFits: ((env: Env) => boolean) | undefined;
  /** Whether the entry is a huge-page directory, and log2 of the bytes of its pages; `undefined` where there is no such thing. */
  readonly hugepd: HugepdRules | undefined;
}

/** What a level with huge-page directories says of its entries. */
export interface HugepdRules {
  /** Whether the entry is one. */
  readonly is: (env: Env) => boolean;
  /** log2 of the bytes that each of its ptes maps. */
  readonly shift: (env: Env) => bigint;
}

/** A checked architecture: the definition, and what follows from it. Made by `defineArch` only. */
export interface Arch {
  /** The id of the definition. */
  readonly id: string;
  /** The definition as it was handed in. */
  readonly spec: ArchSpec;
  /** Bytes of one entry. */
  readonly entryBytes: EntryBytes;
  /** The numbers of each level, folded ones too. */
  readonly geometry: Readonly<Record<Level, Geometry>>;
  /** The definition’s expressions, ready to be asked. */
  readonly rules: Readonly<Record<Level, Rules>>;
  /** The address that Linux walks for the `addr` in `env`; `untagged` asks it. */
  readonly untagged: (env: Env) => bigint;
}

/** The geometry of every level, from the page size up. */
export function geometryOf(spec: ArchSpec): Readonly<Record<Level, Geometry>> {
  const result = {} as Record<Level, Geometry>;
  let shift = spec.pageShift;
  for (const level of [...LEVELS].reverse()) {
    const { entryBytes = 8 } = spec;
    const { bits, fold, slotBytes = entryBytes, shadow, tableBytes: taken = 0 } = spec.levels[level];
    const last = (2 ** bits - 1) * slotBytes;
    const tableBytes = Math.max(taken, last + slotBytes, shadow ? last + shadow.at + entryBytes : 0);
    const entries = fold?.entries ?? 2 ** bits;
    result[level] = { shift, size: 1n << BigInt(shift), bits, entries, slotBytes, tableBytes };
    shift += bits;
  }
  return result;
}

/** The index of `addr` in a table whose entries cover 2^`shift` bytes and which `bits` address bits index. */
export const indexAt = (addr: bigint, shift: number, bits: number): bigint =>
  (addr >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n);
