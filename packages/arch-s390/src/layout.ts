/** Where Linux keeps its software bits in pmd and pud entries: two layouts, one per era. */
import { type Fields, software } from '@kernel-mm/pgtable-core';

/** `classic`: Linux up to v6.13. `present`: from v6.14 on, with a PRESENT bit, so that large entries can be swapped. */
export type Layout = 'classic' | 'present';

/** The masks of one level's software bits; 0 where the layout has no such bit. */
export interface SoftwareBits {
  /** The page may be read. */
  readonly READ: bigint;
  /** The page may be written. */
  readonly WRITE: bigint;
  /** It was written. */
  readonly DIRTY: bigint;
  /** It was accessed. */
  readonly YOUNG: bigint;
  /** It was written since soft-dirty was last cleared. */
  readonly SOFT_DIRTY: bigint;
  /** A large entry that is present; 0 in the classic layout, which has none. */
  readonly PRESENT: bigint;
}

const CLASSIC = { YOUNG: 0x1000n, DIRTY: 0x2000n, SOFT_DIRTY: 0x4000n, PRESENT: 0n };
const NEW = { YOUNG: 0x1000n, DIRTY: 0x2000n, SOFT_DIRTY: 0x2n, PRESENT: 0x1n, READ: 0x4000n, WRITE: 0x8000n };

/** The software bits of pud and pmd. The trap of the classic layout: READ and WRITE change places between the two. */
export const SOFTWARE: Readonly<Record<Layout, { readonly pud: SoftwareBits; readonly pmd: SoftwareBits }>> = {
  classic: { pud: { ...CLASSIC, READ: 0x2n, WRITE: 0x1n }, pmd: { ...CLASSIC, READ: 0x1n, WRITE: 0x2n } },
  present: { pud: NEW, pmd: NEW },
};

/** The software bits of a pte, in either layout. */
export const PTE: SoftwareBits = {
  ...{ PRESENT: 0x1n, SOFT_DIRTY: 0x2n, YOUNG: 0x4n, DIRTY: 0x8n, READ: 0x10n, WRITE: 0x20n },
};

/** The same bits as named fields. */
export const softwareFields = (of: SoftwareBits): Fields =>
  Object.fromEntries(
    Object.entries(of)
      .filter(([, mask]) => mask !== 0n)
      .map(([name, mask]) => [name, software(mask.toString(2).length - 1)]),
  );
