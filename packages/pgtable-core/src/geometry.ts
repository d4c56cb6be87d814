/** What follows from a definition: PUD_SHIFT, PUD_SIZE, PTRS_PER_PUD, and rules ready to be asked. */
import type { ArchSpec, Change, Predicate } from './arch.ts';
import type { Env } from './expr.ts';
import { LEVELS, type Level } from './level.ts';

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
  /** Bytes of a table. */
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
  /** Whether the address pieces of a leaf are stored inverted. */
  readonly inverted: (env: Env) => boolean;
}

/** A checked architecture: the definition, and what follows from it. Made by `defineArch` only. */
export interface Arch {
  readonly id: string;
  readonly spec: ArchSpec;
  readonly entryBytes: 4 | 8;
  readonly geometry: Readonly<Record<Level, Geometry>>;
  readonly rules: Readonly<Record<Level, Rules>>;
}

/** The geometry of every level, from the page size up. */
export function geometryOf(spec: ArchSpec): Readonly<Record<Level, Geometry>> {
  const result = {} as Record<Level, Geometry>;
  let shift = spec.pageShift;
  for (const level of [...LEVELS].reverse()) {
    const { bits, fold } = spec.levels[level];
    const tableBytes = 2 ** bits * (spec.entryBytes ?? 8);
    result[level] = { shift, size: 1n << BigInt(shift), bits, entries: fold?.entries ?? 2 ** bits, tableBytes };
    shift += bits;
  }
  return result;
}

/** The index of `addr` in a table whose entries cover 2^`shift` bytes and which `bits` address bits index. */
export const indexAt = (addr: bigint, shift: number, bits: number): bigint =>
  (addr >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n);
