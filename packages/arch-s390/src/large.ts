/** Large pud and pmd entries: 2 GiB and 1 MiB frames, as Linux makes and reads them. */
import { and, type Expr, has, type LeafFormat, type LevelSpec, lacks } from '@kernel-mm/pgtable-core';
import { largeFrame } from './dat.ts';
import { type SoftwareBits, softwareFields } from './layout.ts';

const LARGE = 0x400n;
const PROTECT = 0x200n;
const NOEXEC = 0x100n;
const INVALID = 0x20n;

/** Large entries: old is hardware-invalid, clean is protected; PROT_NONE is both. */
export const large = (low: 20 | 31, type: bigint, sw: SoftwareBits): LeafFormat => ({
  fields: { ...largeFrame(low), ...softwareFields(sw) },
  base: LARGE | type | sw.YOUNG | sw.PRESENT,
  protNone: LARGE | type | sw.PRESENT | INVALID | PROTECT,
  rights: { read: [sw.READ, INVALID], write: [sw.WRITE | sw.DIRTY, PROTECT], exec: [0n, NOEXEC], user: [0n, 0n] },
});

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
});
