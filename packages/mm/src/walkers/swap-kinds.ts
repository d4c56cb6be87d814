/** What an entry that is neither none nor present says: a page on a swap device, or one of the things that only look so. */
import { type Entry, type Level, type Mm, makeSwap, type Swap, swapOf } from '@kernel-mm/pgtable-core';
import { isOnDevice, SWAP_TYPES } from './swap-types.ts';

/** A page of a swap device; a page that moves; one in a device’s own memory; or none that can be used (hardware poison). */
export type SwapKind =
  | { readonly kind: 'swap' | 'poison'; readonly swap: Swap }
  | { readonly kind: 'migration' | 'device'; readonly swap: Swap; readonly pfn: number; readonly write: boolean };

/** The kind of an entry that is neither none nor present; `undefined` where the level has no swap entries. */
export function swapKindOf({ arch }: Pick<Mm, 'arch'>, level: Level, entry: Entry): SwapKind | undefined {
  const swap = swapOf(arch, level, entry);
  if (!swap) return undefined;
  const { type, offset } = swap;
  if (isOnDevice(swap)) return { kind: 'swap', swap };
  if (type === SWAP_TYPES.poison) return { kind: 'poison', swap };
  const write = type === SWAP_TYPES.movesWritable || type === SWAP_TYPES.deviceWritable;
  return { kind: type <= SWAP_TYPES.movesWritable ? 'migration' : 'device', swap, pfn: Number(offset), write };
}

/**
 * make_migration_entry_read, make_device_private_entry_read: the same, but it may not be written; soft-dirty and uffd-wp stay.
 * `undefined` for what may not be written now, and for all that is neither.
 */
export function withoutWrite<L extends Level>({ arch }: Mm, level: L, entry: Entry<L>): Entry<L> | undefined {
  const kind = swapKindOf({ arch }, level, entry as Entry);
  if (!kind || !('write' in kind) || !kind.write) return undefined;
  const type = kind.kind === 'device' ? SWAP_TYPES.device : SWAP_TYPES.moves;
  const made = makeSwap(arch, level, { type, offset: kind.swap.offset });
  const { softDirty = 0n, uffdWp = 0n } = arch.spec.levels[level].swap ?? {};
  const kept = entry & (softDirty | uffdWp);
  return made === undefined ? undefined : ((made | kept) as Entry<L>);
}
