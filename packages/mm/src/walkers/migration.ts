/** Migration entries: swap entries that say which page is moving, and whether it may be written when it arrives. */
import { type Entry, type Level, type Mm, makeSwap, pXdIs, swapOf } from '@kernel-mm/pgtable-core';
import { needs } from './needs.ts';
import { SWAP_TYPES } from './swap-types.ts';

/** A page that moves. */
export interface Migration {
  readonly pfn: bigint;
  readonly write: boolean;
}

/** make_migration_entry; `undefined` where the level's swap entries cannot hold it. */
export function makeMigration(mm: Mm, level: Level, migration: Migration): Entry | undefined {
  needs({ mm, level, migration });
  const { pfn, write } = migration;
  return makeSwap(mm.arch, level, { type: write ? SWAP_TYPES.movesWritable : SWAP_TYPES.moves, offset: pfn });
}

/** What moves there; `undefined` for any other entry. */
export function migrationOf(mm: Mm, level: Level, entry: Entry): Migration | undefined {
  const swap = pXdIs(mm, 'swap', level, entry) ? swapOf(mm.arch, level, entry) : undefined;
  if (swap?.type !== SWAP_TYPES.moves && swap?.type !== SWAP_TYPES.movesWritable) return undefined;
  return { pfn: swap.offset, write: swap.type === SWAP_TYPES.movesWritable };
}
