/** What the kernel answers of one entry, as a row: level, bits, and the names of all that is true of it. */
import type { Arch, Level, Predicate } from '@kernel-mm/pgtable-core';

/** A predicate; `readable` and `writable` are pXd_access_permitted(entry, false) and (entry, true). */
export type Word = Exclude<Predicate, 'accessRead' | 'accessWrite'> | 'readable' | 'writable';

/** `truths`: the words that hold, in any order; those that are left out do not. `paddr`: the first byte that a leaf maps. */
export type Row = readonly [level: Level, raw: bigint, truths: string, paddr?: bigint];

/** Rows of one definition. The headers of which version they are from is said where they stand. */
export interface Facts {
  readonly name: string;
  readonly arch: Arch;
  readonly rows: readonly Row[];
}

/** What an entry is. Asked of every row. */
export const KINDS: readonly Word[] = ['none', 'present', 'bad', 'leaf', 'swap'];
/** What gup_fast asks of an entry that is no table. */
export const ACCESS: readonly Word[] = ['readable', 'writable'];
/** What is asked of a leaf only: of another entry the bits mean something else. */
export const PAGE: readonly Word[] = [
  ...(['protnone', 'special', 'devmap', 'write', 'young', 'dirty', 'exec', 'user', 'softDirty'] as const),
];
