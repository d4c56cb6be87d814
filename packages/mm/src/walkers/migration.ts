/** Migration entries: swap entries that say which page is moving, and whether it may be written when it arrives. */
import { type Entry, type Level, type Mm, makeSwap, pXdIs, type Swap, swapOf } from '@kernel-mm/pgtable-core';

/** A page that moves. */
export interface Migration {
  readonly pfn: bigint;
  readonly write: boolean;
}

/**
 * The highest types of swap entries are no devices (include/linux/swap.h, with hardware poison, migration and device
 * memory built in): of 32 types 28 says that a page moves, 29 that it moves and may be written.
 */
const READ = 28n;
const WRITE = 29n;
/** The same, for who tells all kinds of swap entries apart. */
export const MIGRATION: { readonly read: bigint; readonly write: bigint } = { read: READ, write: WRITE };
/** The first type that is none. */
const NO_DEVICE = 27n;

/** The opposite of non_swap_entry: whether a swap entry of this type says where on a device a page is. */
export const isOnDevice = ({ type }: Pick<Swap, 'type'>): boolean => type < NO_DEVICE;

/** make_migration_entry; `undefined` where the level's swap entries cannot hold it. */
export const makeMigration = ({ arch }: Mm, level: Level, { pfn, write }: Migration): Entry | undefined =>
  makeSwap(arch, level, { type: write ? WRITE : READ, offset: pfn });

/** What moves there; `undefined` for any other entry. */
export function migrationOf(mm: Mm, level: Level, entry: Entry): Migration | undefined {
  const swap = pXdIs(mm, 'swap', level, entry) ? swapOf(mm.arch, level, entry) : undefined;
  if (swap?.type !== READ && swap?.type !== WRITE) return undefined;
  return { pfn: swap.offset, write: swap.type === WRITE };
}
