/** What an entry that is neither none nor present says: a page on a swap device, or one of the things that only look so. */
import { type Entry, type Mm, makeSwap, type Swap, swapOf } from '@kernel-mm/pgtable-core';
import { isOnDevice, SWAP_TYPES } from './swap-types.ts';

/** A page of a swap device; a page that moves; one in a device’s own memory; or none that can be used (hardware poison). */
export type SwapKind =
  | { readonly kind: 'swap' | 'poison'; readonly swap: Swap }
  | { readonly kind: 'migration' | 'device'; readonly swap: Swap; readonly pfn: number; readonly write: boolean };

/** The kind of a pte that is neither none nor present; `undefined` where the architecture has no swap entries. */
export function swapKindOf({ arch }: Mm, entry: Entry<'pte'>): SwapKind | undefined {
  const swap = swapOf(arch, 'pte', entry);
  if (!swap) return undefined;
  const { type, offset } = swap;
  if (isOnDevice(swap)) return { kind: 'swap', swap };
  if (type === SWAP_TYPES.poison) return { kind: 'poison', swap };
  const write = type === SWAP_TYPES.movesWritable || type === SWAP_TYPES.deviceWritable;
  return { kind: type <= SWAP_TYPES.movesWritable ? 'migration' : 'device', swap, pfn: Number(offset), write };
}

/** make_migration_entry_read, make_device_private_entry_read: the same, but it may not be written; soft-dirty stays. */
export function withoutWrite({ arch }: Mm, kind: SwapKind, entry: Entry<'pte'>): Entry<'pte'> {
  const type = kind.kind === 'device' ? SWAP_TYPES.device : SWAP_TYPES.moves;
  const made = makeSwap(arch, 'pte', { type, offset: kind.swap.offset });
  const kept = entry & (arch.spec.levels.pte.swap?.softDirty ?? 0n);
  return made === undefined ? entry : ((made | kept) as Entry<'pte'>);
}
