/** How Linux reads arm64 entries, by kernel version (arch/arm64/include/asm/pgtable.h). */
import { and, type Expr, eq, has, is, type LevelSpec, lacks, not, or } from '@kernel-mm/pgtable-core';
import { AF, bit, DBM, NG, RDONLY, TABLE, USER, UXN, VALID } from './arm64-descriptor.ts';
import { type LinuxVersion, since } from './linux.ts';

/** PTE_WRITE is the hardware's DBM. */
export const WRITE: bigint = DBM;
/** The software half of dirty; the other is WRITE without RDONLY. */
export const DIRTY: bigint = bit(55);
/** No struct page behind it. */
export const SPECIAL: bigint = bit(56);
/** Gone in v6.17. */
export const DEVMAP: bigint = bit(57);
/** With VALID = 0, up to v6.10. From v6.11 on it is uffd-wp. */
const PROT_NONE = bit(58);
/** A THP that is being split, v5.11 to v6.10. */
export const INVALID: bigint = bit(59);

/** Dirty by the hardware's own mark. */
export const hwDirty: Expr = is(WRITE | RDONLY, WRITE);

/** What makes an entry present where VALID is 0: bit 58; since v6.11 nG, for pages without rights and for THPs being split. */
export const presentInvalid = (linux: LinuxVersion): bigint => (since(linux, '6.11') ? NG : PROT_NONE);

type Is = LevelSpec['is'];

/** The predicates of each level; `table` is for those that hold tables only. */
export function predicates(linux: LinuxVersion): Readonly<Record<'pte' | 'pmd' | 'pud' | 'table', Is>> {
  const oldSplit = since(linux, '5.11') && !since(linux, '6.11') ? INVALID : 0n;
  const none = eq('entry', 0n);
  const noTable = not(is(VALID | TABLE, VALID | TABLE));
  const badSince = (version: LinuxVersion): Is => ({ bad: since(linux, version) ? noTable : lacks(TABLE) });

  const page = (mark: bigint): Is => {
    const present = has(VALID | mark);
    return {
      none,
      present,
      swap: and(not(none), not(present)),
      // nG alone would also be a THP that is being split: that one keeps its rights.
      protnone: since(linux, '6.11') ? is(VALID | NG | USER | UXN, NG | UXN) : is(VALID | PROT_NONE, PROT_NONE),
      write: has(WRITE),
      young: has(AF),
      dirty: or(has(DIRTY), hwDirty),
      exec: lacks(UXN),
      user: has(USER),
      // The newest kernels also ask the overlay (POR_EL0), which is not modelled.
      accessRead: is(VALID | USER, VALID | USER),
      accessWrite: is(VALID | USER | WRITE, VALID | USER | WRITE),
    };
  };
  // Before v5.18 gup asked pmd_trans_huge and p?d_huge, which look at TABLE alone; now pXd_leaf, which wants type 3 for
  // a table. Decision 0018: `leaf` is what the walkers of a version ask, of an entry that is present.
  const block = (mark: bigint): Is => ({
    ...page(mark),
    ...badSince('5.14'),
    leaf: and(has(VALID | mark), since(linux, '5.18') ? noTable : lacks(TABLE)),
    ...(since(linux, '6.12') && { special: has(SPECIAL) }),
  });
  const devmap: Is = since(linux, '6.17') ? {} : { devmap: has(DEVMAP) };

  return {
    pte: { ...page(presentInvalid(linux)), special: has(SPECIAL), ...devmap },
    pmd: { ...block(presentInvalid(linux) | oldSplit), ...devmap },
    pud: block(presentInvalid(linux)),
    table: { none, present: not(none), ...badSince('6.15') },
  };
}
