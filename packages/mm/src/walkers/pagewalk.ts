/** walk_page_range (v5.8): callbacks for all that is mapped in a range and for what is not, mapping by mapping. */
import { type Paddr, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { type Lost, losing } from './lost.ts';
import { assertMmapLock } from './mmap-lock.ts';
import { needs } from './needs.ts';
import { walkHugetlb } from './pagewalk-hugetlb.ts';
import { isError, type Verdict, type Walked, type WalkOps, type WalkVma } from './pagewalk-ops.ts';
import { type TableWalk, walkTables } from './pagewalk-tables.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';
import type { WalkerOptions } from './walk.ts';

/** How to walk. */
export interface PagewalkOptions extends WalkerOptions {
  /**
   * What is told of addresses without a mapping, if there is `pteHole`. `tables` (until about v6.0): the tables are walked,
   * and every pud that they lead to is a hole. `hole` (since): one hole of depth -1, no table is read.
   */
  readonly gap?: 'tables' | 'hole';
  /** How often in a row one entry may be read anew; 64 unless said otherwise. A kernel would not end. */
  readonly again?: number;
}

/** How to walk without mappings. */
export interface NovmaOptions extends Omit<PagewalkOptions, 'gap'> {
  /** Another top table than that of the address space: a physical address. */
  readonly pgd?: Paddr;
}

const EINVAL: Walked = { ret: 'EINVAL' };
const DONE: Walked = { ret: 0 };

/**
 * Walks [start, end) by mappings, which are in order and do not overlap.
 * @returns EINVAL for a range that is empty or reversed, an `end` of 0 too
 * @throws UsageError `locking` without mmap_lock
 */
export function walkPageRange<V extends WalkVma>(
  walker: WalkerOf,
  range: Range,
  vmas: readonly V[],
  ops: WalkOps<V>,
  options: PagewalkOptions = {},
): Walked {
  needs({ walker, range, vmas, ops });
  const { end } = range;
  if (range.start >= end) return EINVAL;
  assertMmapLock(walker, 'read');
  const lost: Lost[] = [];
  let walked = DONE;
  for (let start = range.start, next: Vaddr; start < end && walked.ret === 0; start = next) {
    const vma = vmas.find((one) => start < endOf(one));
    const inside = vma !== undefined && vma.start <= start;
    const border = vma ? (inside ? endOf(vma) : vma.start) : end;
    next = border < end ? vaddrWrap(border) : end;
    const part = { start, end: next };
    walked = inside ? walkVma({ walker, ops, options, within: vma }, vma, part) : walkGap(walker, part, ops, options);
    lost.push(...(walked.lost ?? []));
  }
  return { ...walked, ...losing(lost) };
}

/** walk_page_vma: the whole of one mapping. */
export function walkPageVma<V extends WalkVma>(
  walker: WalkerOf,
  vma: V,
  ops: WalkOps<V>,
  options: PagewalkOptions = {},
): Walked {
  needs({ walker, vma, ops });
  if (vma.start >= endOf(vma)) return EINVAL;
  assertMmapLock(walker, 'read');
  return walkVma({ walker, ops, options, within: vma }, vma, { start: vma.start, end: vma.end });
}

/** walk_page_range_novma: tables alone, of the kernel or of anybody; no locks are taken, and huge pages are not split. */
export function walkPageRangeNovma(
  walker: WalkerOf,
  range: Range,
  ops: WalkOps<WalkVma>,
  options: NovmaOptions = {},
): Walked {
  needs({ walker, range, ops });
  if (range.start >= range.end) return EINVAL;
  assertMmapLock(walker, 'read');
  const { pgd } = options;
  const of = pgd === undefined ? walker : { ...walker, mm: { ...walker.mm, pgd } };
  return walkTables({ walker: of, ops, options, within: 'none' }, range);
}

function walkGap<V extends WalkVma>(
  walker: WalkerOf,
  range: Range,
  ops: WalkOps<V>,
  { gap = 'tables', ...options }: PagewalkOptions,
): Walked {
  if (!ops.pteHole) return DONE;
  if (gap === 'tables') return walkTables({ walker, ops, options, within: 'gap' }, range);
  return { ret: ops.pteHole({ addr: range.start, next: range.end, depth: -1, vma: undefined }) ?? 0 };
}

/** The part of a mapping that is to be walked, if the test does not pass over it. */
function walkVma<V extends WalkVma>(walk: TableWalk<V>, vma: V, range: Range): Walked {
  const { ops } = walk;
  const tested = test(ops, vma, range);
  if (tested !== 0) return isError(tested) ? { ret: tested } : DONE;
  const before = ops.preVma?.(vma, range) ?? 0;
  if (before !== 0) return { ret: before };
  const walked = vma.backing?.kind === 'hugetlb' ? hugetlb(walk, vma, range) : walkTables(walk, range);
  ops.postVma?.(vma);
  return walked;
}

const hugetlb = <V extends WalkVma>(walk: TableWalk<V>, vma: V, range: Range): Walked =>
  walk.ops.hugetlbEntry ? walkHugetlb(walk, vma, range) : DONE;

/** walk_page_test: above 0 passes over the mapping. What has no pages is a hole. */
function test<V extends WalkVma>(ops: WalkOps<V>, vma: V, range: Range): Verdict {
  if (ops.testWalk) return ops.testWalk(vma, range) ?? 0;
  if (!vma.pfnmap) return 0;
  const ret = ops.pteHole?.({ addr: range.start, next: range.end, depth: -1, vma }) ?? 0;
  return ret === 0 ? 1 : ret;
}
