/** What an entry that is neither none nor present says: a page on a swap device, or one of the things that only look so. */
import { type Entry, type Mm, makeSwap, type Swap, swapOf } from '@kernel-mm/pgtable-core';
import { MIGRATION } from './migration.ts';

/** A page of a swap device; a page that moves; one in a device’s own memory; or none that can be used (hardware poison). */
export type SwapKind =
  | { readonly kind: 'swap' | 'poison'; readonly swap: Swap }
  | { readonly kind: 'migration' | 'device'; readonly swap: Swap; readonly pfn: number; readonly write: boolean };

/** MAX_SWAPFILES of 32 types, with hardware poison, migration and device memory built in (include/linux/swap.h, v5.8). */
const POISON = 27n;
/** SWP_DEVICE_WRITE comes before SWP_DEVICE_READ: not the order of migration entries. */
const DEVICE = { read: 31n, write: 30n };

/** The kind of a pte that is neither none nor present; `undefined` where the architecture has no swap entries. */
export function swapKindOf({ arch }: Mm, entry: Entry<'pte'>): SwapKind | undefined {
  const swap = swapOf(arch, 'pte', entry);
  if (!swap) return undefined;
  const { type, offset } = swap;
  if (type < POISON) return { kind: 'swap', swap };
  if (type === POISON) return { kind: 'poison', swap };
  const write = type === MIGRATION.write || type === DEVICE.write;
  return { kind: type <= MIGRATION.write ? 'migration' : 'device', swap, pfn: Number(offset), write };
}

/** make_migration_entry_read, make_device_private_entry_read: the same, but it may not be written; soft-dirty stays. */
export function withoutWrite({ arch }: Mm, kind: SwapKind, entry: Entry<'pte'>): Entry<'pte'> {
  const { read } = kind.kind === 'device' ? DEVICE : MIGRATION;
  const made = makeSwap(arch, 'pte', { type: read, offset: kind.swap.offset });
  const kept = entry & (arch.spec.levels.pte.swap?.softDirty ?? 0n);
  return made === undefined ? entry : ((made | kept) as Entry<'pte'>);
}
