/** The kernel's reading of an entry: what Linux's helpers answer. The hardware's reading is another question. */
import type { Predicate } from './arch.ts';
import type { Entry } from './entry.ts';
import { isFolded } from './fold.ts';
import { below, isUpper, type Level } from './level.ts';
import type { Mm } from './mm.ts';

/**
 * `pXd_none`, `pXd_present`, `pXd_bad`, `pXd_leaf`, … of one entry. Above a folded level the answers are constants:
 * present, and not none, bad or leaf, whatever the bits are. A predicate that the definition leaves out is never true.
 */
export function pXdIs<L extends Level>(mm: Mm, predicate: Predicate, level: L, entry: Entry<NoInfer<L>>): boolean {
  if (isFoldedInto(mm, level, entry)) return predicate === 'present';
  return mm.arch.rules[level].is[predicate]?.({ entry }) ?? false;
}

/**
 * `pXd_access_permitted(entry, write)` of a leaf. The generic form (include/linux/pgtable.h) is present, and writable if
 * it is to be written; on s390 and RISC-V it takes PROT_NONE pages for readable. x86, arm64 and powerpc have forms of
 * their own at pte, pmd and pud; arm and sparc64 for a pte alone.
 */
export function accessPermitted<L extends Level>(mm: Mm, level: L, entry: Entry<NoInfer<L>>, write: boolean): boolean {
  const own = mm.arch.rules[level].is[write ? 'accessWrite' : 'accessRead'];
  if (own) return own({ entry });
  return pXdIs(mm, 'present', level, entry) && (!write || pXdIs(mm, 'write', level, entry));
}

/** Whether the level below is folded into this entry: then it is no table pointer yet, only a place to pass through. */
export function isFoldedInto(mm: Mm, level: Level, entry: Entry): boolean {
  if (!isUpper(level)) return false;
  const next = below(level);
  return isFolded(mm, next, entry);
}
