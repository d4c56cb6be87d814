/** Where does this slot end? `pXd_addr_end` from the level alone, and from the entry. */
import { type Vaddr, vaddrWrap, wrap64 } from './brand.ts';
import type { Entry } from './entry.ts';
import type { Level, UpperLevel } from './level.ts';
import type { Mm } from './mm.ts';

/**
 * The next multiple of `size` after `addr`, or `end` if that comes first. Both are compared less one, so that `end` 0
 * means 2^64 and a boundary that wraps to 0 lies behind every end.
 */
export function cropTo(addr: Vaddr, end: Vaddr, size: bigint): Vaddr {
  const boundary = wrap64((addr + size) & ~(size - 1n));
  return wrap64(boundary - 1n) < wrap64(end - 1n) ? vaddrWrap(boundary) : end;
}

/** A level folded at build time answers `end`: it relies on the level above having cropped already (asm-generic nop4d). */
const isNop = (mm: Mm, level: Level): boolean => mm.arch.spec.levels[level].fold?.when === 'build';

/** `pXd_addr_end(addr, end)`, from the level alone: the end of the slot if every slot had the level's static size. */
export const pXdAddrEnd = (mm: Mm, level: Level, addr: Vaddr, end: Vaddr): Vaddr =>
  isNop(mm, level) ? end : cropTo(addr, end, mm.arch.geometry[level].size);

/**
 * `pXd_addr_end(pXd, addr, end)`, from the entry (series v2, patches 2 and 3): the end of what this very entry covers.
 * Differs from the level's answer only where the definition says `covers` (s390: pgd and p4d). A definition may look at
 * the root too, where entries do not say their level; the series' own helpers could not, they are not given the mm.
 */
export const pXdAddrEndOf = <L extends UpperLevel>(
  mm: Mm,
  level: L,
  entry: Entry<NoInfer<L>>,
  addr: Vaddr,
  end: Vaddr,
): Vaddr =>
  isNop(mm, level) ? end : cropTo(addr, end, 1n << mm.arch.rules[level].covers({ entry, root: mm.root ?? 0n }));

/**
 * `pXd_addr_end_folded(pXd, addr, end)` (series v2, patch 1), for lockless walkers only: a level with a helper of its own
 * (s390: pgd and p4d) looks at the entry, the others fall back to the level's answer. What patch 2 gave to every walker.
 * The debugging assertion of s390's helper, which no 2-level process passes, is left out; the formula holds there too.
 */
export const pXdAddrEndFolded = <L extends UpperLevel>(
  mm: Mm,
  level: L,
  entry: Entry<NoInfer<L>>,
  addr: Vaddr,
  end: Vaddr,
): Vaddr =>
  mm.arch.spec.levels[level].covers ? pXdAddrEndOf(mm, level, entry, addr, end) : pXdAddrEnd(mm, level, addr, end);
