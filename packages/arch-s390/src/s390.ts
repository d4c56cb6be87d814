/** s390 as Linux reads its tables: every level exists, and how many a process has is written in its entries. */
import {
  type Arch,
  and,
  checkObject,
  checkOneOf,
  defineArch,
  type Expr,
  eq,
  type FoldSpec,
  has,
  is,
  type LevelSpec,
  lacks,
  lt,
  not,
  or,
  select,
  set,
  software,
} from '@kernel-mm/pgtable-core';
import { changes } from './change.ts';
import { asce, page, regionTable, segmentTable, TT } from './dat.ts';
import { large, largeReading } from './large.ts';
import { type Layout, PTE, SOFTWARE } from './layout.ts';
import { pteSwap } from './swap.ts';

/** Parameters of {@link s390}. */
export interface S390Options {
  /** Where the software bits of pmd and pud entries are; `classic` (Linux up to v6.13) unless said otherwise. */
  readonly layout?: Layout;
}

// Entry bits, by the kernel's names (arch/s390/include/asm/pgtable.h; dat-bits.h for the hardware's).
const LARGE = 0x400n;
const PROTECT = 0x200n;
const NOEXEC = 0x100n;
const INVALID = 0x20n; // region and segment entries; a pte has its own at 0x400
const ORIGIN = 0xffff_ffff_ffff_f000n;
const REGION_BAD = 0xdd0n; // bits that _REGION_ENTRY_BITS does not allow

/** log2 of what an entry covers by its own type: 20 + 11 * TT (rste_addr_end_folded of the series, patch 1). */
const COVERS: Expr = select(eq(TT, 3n), 53n, select(eq(TT, 2n), 42n, select(eq(TT, 1n), 31n, 20n)));

/** Below an entry whose type is less than `type`, the level is folded, and pXd_offset hands the pointer on. */
const foldedBelow = (type: bigint): FoldSpec => ({ when: 'process', style: 'middle', if: lt(TT, type) });

/** A table entry of type `type`: what _REGION1_ENTRY (0x0f) and _REGION1_ENTRY_EMPTY (0x2c) are for type 3. */
const region = (type: bigint): Omit<LevelSpec, 'is'> => ({
  bits: 11,
  empty: (type << 2n) | INVALID,
  table: { fields: regionTable, base: (type << 2n) | 3n },
});

/**
 * s390 with dynamic folding: 2, 3, 4 or 5 levels by the type bits of the top table's entries. One value serves every
 * process. Sizes stay those of a 5-level table whatever the depth; only `covers` (pgd and p4d) looks at the type.
 */
export function s390(options: S390Options = {}): Arch {
  checkObject('options', options);
  const { layout = 'classic' } = options;
  checkOneOf('layout', layout, Object.keys(SOFTWARE));
  const { pud, pmd } = SOFTWARE[layout];
  // From v6.14 on a leaf must also be PRESENT, else it is a swap entry; TL makes every non-leaf pud "present".
  const isLarge = layout === 'classic' ? has(LARGE) : is(LARGE | 1n, LARGE | 1n);
  const pudLeaf = and(eq(TT, 1n), isLarge);

  return defineArch({
    id: 's390',
    pageShift: 12,
    byteOrder: 'big',
    va: { extend: 'zero' },
    // ASCE: TL = 3 (four 4 KiB units), and the bits P, S, X that Linux sets for user space. `limit` is asce_limit.
    root: {
      fields: asce,
      tops: {
        pgd: { base: 0x1cfn, limit: 0xffff_ffff_ffff_f000n },
        p4d: { base: 0x1cbn, limit: 1n << 53n },
        pud: { base: 0x1c7n, limit: 1n << 42n },
        pmd: { base: 0x1c3n, limit: 1n << 31n },
      },
    },
    levels: {
      // Asymmetric on purpose, as in the kernel: pgd_none tests I, p4d_none and pud_none the exact empty value;
      // present looks for an origin, so an all-zero entry is of type 0: folded here, and "present" down to the pte.
      pgd: { ...region(3n), covers: COVERS, is: { none: has(INVALID), present: has(ORIGIN), bad: has(REGION_BAD) } },
      p4d: {
        ...region(2n),
        covers: COVERS,
        fold: foldedBelow(3n),
        is: { none: eq('entry', 0x28n), present: has(ORIGIN), bad: or(lt(2n, TT), has(REGION_BAD)) },
      },
      pud: {
        ...region(1n),
        fold: foldedBelow(2n),
        ...large('pud', layout),
        is: {
          ...largeReading(pud, pudLeaf),
          none: eq('entry', 0x24n),
          present: layout === 'classic' ? has(ORIGIN) : has(1n),
          bad: or(lt(1n, TT), or(pudLeaf, has(REGION_BAD))),
        },
      },
      pmd: {
        bits: 11,
        empty: INVALID,
        fold: foldedBelow(1n),
        table: {
          fields: layout === 'classic' ? segmentTable : { ...segmentTable, PRESENT: software(0) },
          base: pmd.PRESENT,
        },
        ...large('pmd', layout),
        is: {
          ...largeReading(pmd, isLarge),
          none: eq('entry', INVALID),
          present: layout === 'classic' ? not(eq('entry', INVALID)) : has(1n),
          bad: or(lt(0n, TT), or(isLarge, has(layout === 'classic' ? 0x1ccn : 0x1c0n))),
        },
      },
      pte: {
        bits: 8,
        empty: 0x400n,
        mk: { ...changes(PTE, 0x400n), special: set(0x40n) },
        swap: pteSwap,
        leaf: {
          fields: page,
          base: 0x5n, // PRESENT, YOUNG
          protNone: 0x605n,
          rights: { read: [0x10n, 0x400n], write: [0x28n, PROTECT], exec: [0n, NOEXEC], user: [0n, 0n] },
        },
        is: {
          none: eq('entry', 0x400n),
          present: has(0x1n), // the hardware's I says "old" or PROT_NONE: never a test for present
          swap: is(0x201n, 0x200n),
          protnone: is(0x11n, 0x1n),
          special: has(0x40n),
          write: has(0x20n),
          young: has(0x4n),
          dirty: has(0x8n),
          softDirty: has(0x2n),
          exec: lacks(NOEXEC),
          user: 1n,
        },
      },
    },
  });
}
