/** What gup_fast of one kernel does otherwise than that of another, as data: four eras, or one of your own. */
import { BITS_2020, BITS_TODAY, type FlagBits, type FollFlag } from './flags.ts';

/** The rules of one kernel. Versions stand where the era's own text does not say it. */
export interface Era {
  readonly name: string;
  /** The numbers of its flags. */
  readonly bits: FlagBits;
  /** What the mask of internal_get_user_pages_fast lets through. */
  readonly known: readonly FollFlag[];
  /** What a caller may not give, since only the wrappers do; empty in 2020, where each wrapper tests for itself. */
  readonly internal: readonly FollFlag[];
  /** Whether the fast-only calls return errors; in 2020 each became 0. */
  readonly errors: boolean;
  /** What pin_user_pages returns for flags that it refuses: nothing but 0 since v6.3. */
  readonly refusedPin: 'EINVAL' | 'zero';

  /** What ends the walk at p4d. */
  readonly p4dTest: 'none' | 'present';
  /** Whether a leaf at pgd is taken (up to v6.15); since v6.16 a kernel with such leaves does not compile. */
  readonly pgdLeaf: boolean;
  /** Whether huge-page directories are followed (powerpc, up to v6.10). */
  readonly hugepd: boolean;
  /** Whether device memory is taken through its pgmap (up to v6.16). */
  readonly devmap: boolean;
  /** Whether a special leaf at pmd or pud is refused (since v6.12). */
  readonly hugeSpecial: boolean;
  /** Whether pte_offset_map may fail (since v6.5): then it takes only a pmd that is a table. */
  readonly mapMayFail: boolean;

  /** Whether the pmd is compared too, once the page is held (since v6.1): THP collapse frees the table of ptes. */
  readonly recheckPmd: boolean;
  /** Whether it is asked after the grab if the page still belongs to the folio (since v5.15). */
  readonly recheckFolio: boolean;
  /** Whether secretmem, truncated files and, for long-term writing, files in general are refused (v5.14, v6.5). */
  readonly folioAllowed: boolean;
  /** Who is refused a folio without a mapping: everybody who is asked at all, or only who writes for long (mm tree, 2026). */
  readonly unmapped: 'refused' | 'refused-to-writers';
  /** Whether a read-only pin wants the anonymous page to be exclusive (since v5.19). */
  readonly unshare: boolean;
  /** Whether a long-term pin is refused before anything is taken (CMA, 2020), or after the reference (movable too). */
  readonly longterm: 'cma-before' | 'unpinnable-after';
  /** Whether the folio itself says that it is fsdax and no longterm pin may have it (since v6.15); before, the mapping does. */
  readonly fsdaxFolio: boolean;
  /** Whether p2pdma pages want their flag (since v6.2). */
  readonly p2pdma: boolean;
  /**
   * From which order on pins have a counter of their own, on machines of 64 and of 32 bits; below they are references in
   * steps of 1024. Since v6.15 a folio of two pages has no room for it on 32 bits.
   */
  readonly pinCountFrom: { readonly 64: 1 | 2; readonly 32: 1 | 2 };
  /** Whether pinning the zero page takes nothing (since v6.5). */
  readonly zeroPageFree: boolean;
  /** Whether PIN respects the write_protect_seq that fork holds (since v5.11). */
  readonly seqcount: boolean;

  /** Whether the slow path lets a stack grow (up to v6.4). */
  readonly growStack: boolean;
  /**
   * What the slow path does at a special pte. Up to v5.16: -EFAULT for a reference; a pin counts the page and leaves its
   * place in the caller's array as it was. Since v5.17: -EEXIST.
   */
  readonly specialPte: 'EFAULT-or-hole' | 'EEXIST';
}

const CALLERS: readonly FollFlag[] = ['WRITE', 'LONGTERM', 'FORCE', 'PIN', 'GET', 'FAST_ONLY'];

const v5_9: Era = {
  ...{ name: 'v5.9', bits: BITS_2020, known: CALLERS, internal: [], errors: false, refusedPin: 'EINVAL' },
  ...{ p4dTest: 'none', pgdLeaf: true, hugepd: true, devmap: true, hugeSpecial: false, mapMayFail: false },
  ...{ recheckPmd: false, recheckFolio: false, folioAllowed: false, unmapped: 'refused', unshare: false },
  ...{ longterm: 'cma-before', fsdaxFolio: false, p2pdma: false, pinCountFrom: { 64: 2, 32: 2 } },
  ...{ zeroPageFree: false, seqcount: false, growStack: true, specialPte: 'EFAULT-or-hole' },
};

const v6_14: Era = {
  ...{ name: 'v6.14', bits: BITS_TODAY, known: [...CALLERS, 'NOFAULT', 'PCI_P2PDMA', 'HONOR_NUMA_FAULT'] },
  internal: ['TOUCH', 'TRIED', 'REMOTE', 'PIN', 'FAST_ONLY', 'UNLOCKABLE', 'MADV_POPULATE'],
  ...{ errors: true, refusedPin: 'zero', p4dTest: 'present', pgdLeaf: true, hugepd: false, devmap: true },
  ...{ hugeSpecial: true, mapMayFail: true, recheckPmd: true, recheckFolio: true, folioAllowed: true },
  ...{ unmapped: 'refused', unshare: true, longterm: 'unpinnable-after', fsdaxFolio: false, p2pdma: true },
  ...{ pinCountFrom: { 64: 1, 32: 1 }, zeroPageFree: true, seqcount: true, growStack: false, specialPte: 'EEXIST' },
};

const v7_1: Era = {
  ...v6_14,
  name: 'v7.1',
  pgdLeaf: false,
  devmap: false,
  fsdaxFolio: true,
  pinCountFrom: { 64: 1, 32: 2 },
};

/**
 * The development tree of September 2026. Levels return how many pages they took, top levels are read by pgdp_get and its
 * kin (which v7.0 does too), the leaf handler of pmd asks for protnone itself: the answers are the same.
 */
const mm2026: Era = { ...v7_1, name: 'mm-2026-09', unmapped: 'refused-to-writers' };

/**
 * The eras by name: 2020, before and after the fix (which differ in the stepper alone); Linux v6.14; v7.0 and v7.1, which
 * are one; the mm tree of September 2026. One in between is `{ ...ERAS['v6.14'], name: 'v5.19', … }`.
 */
export const ERAS: Readonly<Record<'v5.9' | 'v6.14' | 'v7.1' | 'mm-2026-09', Era>> = {
  'v5.9': v5_9,
  'v6.14': v6_14,
  'v7.1': v7_1,
  'mm-2026-09': mm2026,
};

/** The era of a call that names none: the newest release. */
export const DEFAULT_ERA: Era = v7_1;
