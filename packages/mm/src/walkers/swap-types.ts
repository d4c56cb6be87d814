/** The highest of the 32 types of swap entries are no devices (include/linux/swap.h of v5.8, with everything built in). */
import type { Swap } from '@kernel-mm/pgtable-core';

/** What such a type says. SWP_DEVICE_WRITE comes before SWP_DEVICE_READ: not the order of migration entries. */
export const SWAP_TYPES: Readonly<Record<'poison' | 'moves' | 'movesWritable' | 'deviceWritable' | 'device', bigint>> =
  {
    ...{ poison: 27n, moves: 28n, movesWritable: 29n, deviceWritable: 30n, device: 31n },
  };

/** The opposite of non_swap_entry: whether a swap entry of this type says where on a device a page is. */
export const isOnDevice = ({ type }: Pick<Swap, 'type'>): boolean => type < SWAP_TYPES.poison;
