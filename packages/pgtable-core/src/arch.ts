/** What an architecture must say. Everything is data: the walker, a compiler and a solver read the same definition. */
import type { HugepdFormat, LeafFormat, ShadowSpec, SwapFormat, TableFormat } from './entry-formats.ts';
import type { Expr } from './expr.ts';
import type { Fields } from './field.ts';
import type { Change, Predicate } from './helpers.ts';
import type { Level } from './level.ts';
import type { EntryBytes } from './memory.ts';

export type {
  GroupSpec,
  HugepdFormat,
  LeafFormat,
  Prot,
  ShadowSpec,
  SwapFormat,
  TableFormat,
} from './entry-formats.ts';
export type { Change, Predicate } from './helpers.ts';

/**
 * An architecture, as plain data. To add one, say in this order:
 *
 * 1. **Geometry**: `pageShift`, `byteOrder`, and for each of the five levels how many address bits index its table
 *    (`bits`). Shifts, sizes and masks follow.
 * 2. **Folding**: a level that has no table of its own says `fold`: when that is decided (`build`, `boot`, `process`)
 *    and in what style. Nothing else is needed for a level folded at build time: see `nop4d` in `arch-generic`.
 * 3. **Formats**: how an entry designates a table (`table`), how it maps a page (`leaf`), and what an empty one holds
 *    (`empty`, 0 unless said otherwise).
 * 4. **The kernel's reading** (`is`): `none` and `present` at every level that has a table, `bad` and `leaf` where they
 *    can be true; the rest (`write`, `young`, `protnone`, …) as far as you need it.
 * 5. **The root**: the fields of the register that points at the top table, and up to which address a walk may go.
 *
 * Hand it to `defineArch`, which checks it once; then run `archLaws` of `@kernel-mm/pgtable-core/testing` over it.
 * The guide `custom-arch` builds one step by step.
 */
export interface ArchSpec {
  /** The name by which files and commands know it, for example `riscv-sv39`. */
  readonly id: string;
  /** log2 of the page size in bytes. */
  readonly pageShift: number;
  /** The byte order of entries in memory. */
  readonly byteOrder: 'little' | 'big';
  /** Bytes of one entry. Default: 8. */
  readonly entryBytes?: EntryBytes;
  /**
   * How the kernel reads an entry of 8 bytes that are two words of its machine (x86 PAE: GUP_GET_PXX_LOW_HIGH): low, high,
   * and low again, until that has not changed. One load unless said otherwise.
   */
  readonly entryRead?: 'low-high-low';
  /** Whether Linux walks these tables without a lock (HAVE_GUP_FAST). It does, unless `false` is said. */
  readonly fastGup?: false;
  /**
   * Whether Linux has a gup_fast_permitted here that asks the limit of the process's own top table (s390, x86-64). It has,
   * unless `false` is said: then TASK_SIZE_MAX alone bounds a lockless walk.
   */
  readonly gupFastPermitted?: false;
  /** Which addresses its tables translate. */
  readonly va: AddressRule;
  /** The register that points at the top table. */
  readonly root: RootSpec;
  /** All five levels, each said: real or folded. */
  readonly levels: Readonly<Record<Level, LevelSpec>>;
}

/** Which virtual addresses a table can be asked for. */
export interface AddressRule {
  /** How the bits above the translated ones must look: `zero`, copies of the top one (`sign`), or all 0 in one half and all 1 in the other, each with a root of its own (`halves`). */
  readonly extend: 'zero' | 'sign' | 'halves';
  /** Translated address bits, where they are fewer than the top level's shift and index bits together. */
  readonly bits?: number;
  /**
   * What Linux walks for an address that user space hands it: untagged_addr. It may look at `addr` and `root`. Default: `addr`.
   * What the hardware ignores is the MMU's word (`Hardware.untagged`), and a matter of its state.
   */
  readonly untagged?: Expr;
}

/** The register that designates the top table (CR3, satp, TTBR, ASCE). */
export interface RootSpec {
  /** Its fields; the address pieces hold the origin of the top table. */
  readonly fields: Fields;
  /**
   * Each level whose table can be the top one, with the constant bits of the register then, and the end of user space
   * (TASK_SIZE, asce_limit). Only levels folded per process make it more than `pgd`.
   */
  readonly tops: Readonly<Partial<Record<Level, { readonly base: bigint; readonly limit: bigint }>>>;
  /**
   * TASK_SIZE_MAX of the kernel: the highest `end` that a gup_fast call may have. The highest limit of `tops` by default;
   * some kernels say more than their tables translate.
   */
  readonly taskSizeMax?: bigint;
}

/** One level: real, or folded. */
export interface LevelSpec {
  /** Address bits that index its table. A level folded in the style `top` has none. */
  readonly bits: number;
  /** Whether, when and how it has no table of its own. */
  readonly fold?: FoldSpec;
  /** What a slot of an empty table holds; 0 unless said otherwise. */
  readonly empty?: bigint;
  /** Bytes from one slot to the next, where that is more than an entry (arm: a pgd_t is two words, Linux reads the first). */
  readonly slotBytes?: number;
  /** Bytes that a table takes, a power of 2, where that is more than its slots (um with 3 levels on 32 bits: half a page is empty). */
  readonly tableBytes?: number;
  /** The word that Linux writes along with each entry, for a hardware that reads it instead. */
  readonly shadow?: ShadowSpec;
  /** An entry that designates a table; every level but pte that is not folded away has one. */
  readonly table?: TableFormat;
  /** An entry that maps a page; pte has one, others where large pages exist. */
  readonly leaf?: LeafFormat;
  /**
   * The fields of a page that Linux would read here and never makes (arm64 with 16 KiB pages: a pud), where `is.leaf` can be
   * true and `leaf` is not said.
   */
  readonly reads?: Fields;
  /** The kernel's reading of an entry: what the Linux helper of that name answers, over `entry`. Left out: never. */
  readonly is: Readonly<Partial<Record<Predicate, Expr>>>;
  /** What the Linux helper `pXd_mk…` of that name makes of a present leaf, over `entry`. Left out: the level has no such helper. */
  readonly mk?: Readonly<Partial<Record<Change, Expr>>>;
  /** How an entry that is not present says where its page was swapped out to. */
  readonly swap?: SwapFormat;
  /** How an entry designates a table of huge pages, whatever their size (powerpc's hugepd, up to v6.10). */
  readonly hugepd?: HugepdFormat;
  /** log2 of what one entry covers, over `entry` and `root`, where an entry-aware `pXd_addr_end` knows better than the level. */
  readonly covers?: Expr;
}

/** How and when a level is folded into the one above it. */
export interface FoldSpec {
  /** Decided when the kernel is built, when it boots, or for each process by the entries themselves. */
  readonly when: 'build' | 'boot' | 'process';
  /** `top`: the folded level's shift equals its parent's. `middle`: it keeps a size of its own. */
  readonly style: 'top' | 'middle';
  /** Over `entry`, an entry of the level above, and `root`: 1 if this level is folded below it. Left out: always. */
  readonly if?: Expr;
  /** Over `slot` and `addr`: the slot at the folded level, from the one above. Left out: that very slot. */
  readonly slot?: Expr;
  /**
   * What pXd_offset_lockless hands on where this level is folded: the pointer, the `slot`, by a form of its own, or the
   * address of its local `copy`, as the generic form does. Left out: `slot` in the style `middle`, `copy` in the style `top`.
   */
  readonly lockless?: 'slot' | 'copy';
  /** The constant PTRS_PER_X where a top-style fold keeps it above 1 (RISC-V). */
  readonly entries?: number;
}
