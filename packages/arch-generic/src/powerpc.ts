/** powerpc radix trees: big-endian entries, and in each pointer the index width of the table that it designates. */
import {
  type Arch,
  address,
  and,
  bits,
  checkObject,
  checkOneOf,
  clear,
  defineArch,
  eq,
  type Fields,
  flag,
  has,
  is,
  type LeafFormat,
  type LevelSpec,
  lacks,
  or,
  type SwapFormat,
  select,
  set,
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { checkLinux, DEFAULT_LINUX, type LinuxVersion, since } from './linux.ts';
import { nop4d } from './nop.ts';

/** Parameters of {@link powerpc}. */
export interface PowerpcOptions {
  /** The page size that the kernel is configured for. */
  readonly page: '4k' | '64k';
  /** Before v6.2 a PROT_NONE page without PRIV had been writable ("savedwrite"), and counted as such. */
  readonly linux?: LinuxVersion;
}

// Power ISA v3.0 Book III 5.7.10 (radix); software bits: arch/powerpc/include/asm/book3s/64/pgtable.h.
const [EXEC, WRITE, READ, PRIV] = [0x1n, 0x2n, 0x4n, 0x8n];
const [C, R, SOFT_DIRTY, DEVMAP] = [0x80n, 0x100n, 0x200n, 0x800n];
export const SPECIAL = 0x400n;
/** Linux's: present, but not for the hardware. */
export const INVALID: bigint = 1n << 61n;
/** _PAGE_PTE: the entry maps a page. */
export const LEAF: bigint = 1n << 62n;
export const PRESENT: bigint = 1n << 63n;
const RWX = READ | WRITE | EXEC;
const BAD = 0x6000_0000_0000_00e0n;

const table = (indexBits: bigint): TableFormat => ({
  fields: {
    ...{ V: flag(63), leaf: bits(62, 62, 'type') },
    ...{ NLB: address(59, 8), NLS: bits(4, 0, 'type') },
  },
  base: PRESENT | indexBits,
  // Power ISA v3.1, book III, radix page directory entry: NLB is the high bits of a place in units of 2^8 bytes.
  aligned: 8,
});

const attributes: Fields = {
  ...{ V: flag(63), leaf: bits(62, 62, 'type'), INVALID: software(61) },
  ...{ DEVMAP: software(11), SPECIAL: software(10), SOFT_DIRTY: software(9) },
  ...{ R: flag(8), C: flag(7), ATT: bits(5, 4), PRIV: flag(3), READ: flag(2), WRITE: flag(1), EXEC: flag(0) },
};

/** A page; Linux keeps frames below 2^53. PROT_NONE stays valid for the hardware, but privileged and without a right. */
export const leaf = (low: number): LeafFormat => ({
  fields: { ...attributes, RPN: address(52, low) },
  base: PRESENT | LEAF | R,
  protNone: PRESENT | LEAF | R | PRIV,
  rights: { read: [READ, 0n], write: [WRITE | C, 0n], exec: [EXEC, 0n], user: [0n, PRIV] },
});

/** What a version of Linux asks of a page and makes of it, at every level. */
export function pages(linux: LinuxVersion): Required<Pick<LevelSpec, 'is' | 'mk'>> {
  const saved = lacks(RWX | PRIV);
  const savedwrite = !since(linux, '6.2');
  // A leaf, present for Linux (PRESENT or INVALID), and the user's.
  const readable = and(and(has(PRESENT | INVALID), has(LEAF)), is(READ | PRIV, READ));
  const write = savedwrite ? or(has(WRITE), saved) : has(WRITE);
  return {
    is: {
      protnone: is(PRESENT | LEAF | RWX, PRESENT | LEAF),
      special: has(SPECIAL),
      devmap: is(LEAF | DEVMAP, LEAF | DEVMAP),
      write,
      young: has(R),
      dirty: has(C),
      softDirty: has(SOFT_DIRTY),
      exec: has(EXEC),
      user: lacks(PRIV),
      accessRead: readable,
      accessWrite: and(readable, write),
    },
    mk: {
      ...{ young: set(R), old: clear(R), dirty: set(C | SOFT_DIRTY), clean: clear(C) },
      ...{ softDirty: set(SOFT_DIRTY), clearSoftDirty: clear(SOFT_DIRTY) },
      write: set(READ | WRITE),
      wrprotect: savedwrite ? select(saved, set(PRIV), clear(WRITE)) : clear(WRITE),
    },
  };
}

/**
 * pmd_access_permitted (book3s/64/pgtable.h, since v5.2) keeps gup_fast out of a huge page that is being split or
 * collapsed: PRESENT is 0 then, and INVALID 1. pmd_present still counts it. A pte and a pud have no such test.
 */
const outsideSplits = ({ accessRead = 0n, accessWrite = 0n }: LevelSpec['is']): LevelSpec['is'] => ({
  accessRead: and(has(PRESENT), accessRead),
  accessWrite: and(has(PRESENT), accessWrite),
});

const none = eq('entry', 0n);
const directory: LevelSpec['is'] = { none, present: has(PRESENT), bad: has(BAD) };

/** RTS 21 (2^52 bytes), a root table of 2^13 entries. */
const ROOT = 0x4000_0000_0000_00adn;

const PAGES = {
  // asm/task_size_64.h: TASK_SIZE_USER64, which is TASK_SIZE_MAX too, is TASK_SIZE_64TB or TASK_SIZE_4PB.
  '4k': { shift: 12, ptes: 9, limit: 1n << 46n },
  '64k': { shift: 16, ptes: 5, limit: 1n << 52n },
} as const;

/**
 * powerpc with radix trees. Ids: `powerpc-radix-4k`, `powerpc-radix-64k`. The root register is the first doubleword of
 * the process table's entry, or the bare address of the root table.
 *
 * The kernel's walk takes the 52 bits that a tree translates. An address in quadrant 3 (0xc000…, the kernel's own) is
 * not one of those until its quadrant is cut off; the MMU (`powerpcMmu`) takes it as it is.
 */
export function powerpc(options: PowerpcOptions): Arch {
  checkObject('options', options);
  const { page, linux = DEFAULT_LINUX } = options;
  checkOneOf('page', page, Object.keys(PAGES));
  checkLinux(linux);
  const { shift, ptes, limit } = PAGES[page];
  const { is: pageReading, mk } = pages(linux);
  const swap: SwapFormat = {
    ...{ type: bits(4, 0), offset: bits(52, shift), base: LEAF, softDirty: SOFT_DIRTY },
    exclusive: 0x20n, // since v5.19
  };
  const swapped = is(PRESENT | INVALID | LEAF, LEAF);
  const huge = { ...mk, huge: set(LEAF), devmap: set(LEAF | DEVMAP) };
  return defineArch({
    id: `powerpc-radix-${page}`,
    pageShift: shift,
    byteOrder: 'big',
    gupFastPermitted: false,
    va: { extend: 'zero', bits: 52 },
    root: {
      fields: { RTS1: bits(62, 61), RPDB: address(59, 8), RTS2: bits(7, 5), RPDS: bits(4, 0) },
      tops: { pgd: { base: ROOT, limit } },
    },
    levels: nop4d({
      pgd: { bits: 13, table: table(9n), is: directory },
      pud: {
        ...{ bits: 9, table: table(9n), leaf: leaf(30) },
        ...{ is: { ...pageReading, ...directory, leaf: has(LEAF) }, mk: huge },
      },
      pmd: {
        ...{ bits: 9, table: table(BigInt(ptes)), leaf: leaf(21) },
        is: {
          ...{ ...pageReading, ...directory, present: has(PRESENT | INVALID), leaf: has(LEAF), swap: swapped },
          ...outsideSplits(pageReading),
        },
        ...{ mk: huge, swap },
      },
      pte: {
        ...{ bits: ptes, leaf: leaf(shift) },
        is: {
          ...pageReading,
          none: lacks(~(R | C) & 0xffff_ffff_ffff_ffffn),
          present: and(has(PRESENT | INVALID), has(LEAF)),
          swap: swapped,
        },
        mk: { ...mk, special: set(SPECIAL), devmap: set(SPECIAL | DEVMAP) },
        swap,
      },
    }),
  });
}
