/** What Linux makes of leaves, at pte, pmd and pud alike: an old page is invalid for the hardware, a clean one protected. */
import { and, clear, type Expr, has, type LevelSpec, select, set, wrap64 } from '@kernel-mm/pgtable-core';
import type { SoftwareBits } from './layout.ts';

const PROTECT = 0x200n;

/** The entry with the bits of `on` set and those of `off` cleared. */
const turn = (on: bigint, off: bigint): Expr => and(set(on), wrap64(~off));

/**
 * pXd_mkyoung, mkdirty and so on. I is cleared only where the page may be read, P only where it is dirty and writable,
 * so that PROT_NONE keeps both.
 */
export function changes(sw: SoftwareBits, invalid: bigint): NonNullable<LevelSpec['mk']> {
  const { READ, WRITE, DIRTY, YOUNG, SOFT_DIRTY } = sw;
  const dirtied = DIRTY | SOFT_DIRTY;
  return {
    young: select(has(READ), turn(YOUNG, invalid), set(YOUNG)),
    old: turn(invalid, YOUNG),
    dirty: select(has(WRITE), turn(dirtied, PROTECT), set(dirtied)),
    clean: turn(PROTECT, DIRTY),
    write: select(has(DIRTY), turn(WRITE, PROTECT), set(WRITE)),
    wrprotect: turn(PROTECT, WRITE),
    softDirty: set(SOFT_DIRTY),
    clearSoftDirty: clear(SOFT_DIRTY),
  };
}
