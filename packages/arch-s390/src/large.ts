/** Large pud and pmd entries: 2 GiB and 1 MiB frames, as Linux makes, reads and changes them. */
import { and, type Expr, has, is, type LevelSpec, lacks, set } from '@kernel-mm/pgtable-core';
import { changes } from './change.ts';
import { largeFrame } from './dat.ts';
import { type Layout, SOFTWARE, type SoftwareBits, softwareFields } from './layout.ts';
import { largeSwap } from './swap.ts';

const LARGE = 0x400n;
const PROTECT = 0x200n;
const NOEXEC = 0x100n;
const INVALID = 0x20n;

const FRAMES = { pud: { low: 31, type: 4n }, pmd: { low: 20, type: 0n } } as const;

/** Large entries: old is hardware-invalid, clean is protected; PROT_NONE is both. Since v6.14 they can be swapped. */
export function large(level: 'pud' | 'pmd', layout: Layout): Pick<LevelSpec, 'leaf' | 'mk' | 'swap'> {
  const { low, type } = FRAMES[level];
  const sw = SOFTWARE[layout][level];
  return {
    leaf: {
      fields: { ...largeFrame(low), ...softwareFields(sw) },
      base: LARGE | type | sw.YOUNG | sw.PRESENT,
      protNone: LARGE | type | sw.PRESENT | INVALID | PROTECT,
      rights: { read: [sw.READ, INVALID], write: [sw.WRITE | sw.DIRTY, PROTECT], exec: [0n, NOEXEC], user: [0n, 0n] },
    },
    mk: {
      // A pud leaf is a hugetlb page: Linux turns it into a pte, changes that, and turns it back.
      ...changes(sw, INVALID),
      // pmd_mkhuge, and what pmdp_invalidate writes. With CONFIG_PAGE_TABLE_CHECK a kernel of 7.x takes READ away too: no
      // definition here has that option.
      ...(level === 'pmd' && { huge: set(LARGE | sw.YOUNG | PROTECT), invalid: set(INVALID) }),
    },
    ...(layout === 'present' && { swap: largeSwap(type) }),
  };
}

/** What Linux asks of a large entry, at pmd and pud alike. */
export const largeReading = (sw: SoftwareBits, leaf: Expr): LevelSpec['is'] => ({
  leaf,
  protnone: and(leaf, lacks(sw.READ)),
  write: and(leaf, has(sw.WRITE)),
  young: and(leaf, has(sw.YOUNG)),
  dirty: and(leaf, has(sw.DIRTY)),
  softDirty: and(leaf, has(sw.SOFT_DIRTY)),
  exec: and(leaf, lacks(NOEXEC)),
  user: leaf,
  // The common bit marks a swap entry, in the layout that has a PRESENT bit.
  ...(sw.PRESENT && { swap: is(0x10n | sw.PRESENT, 0x10n) }),
});
