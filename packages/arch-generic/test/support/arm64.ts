/** Every arm64 configuration, once. */
import type { Arch } from '@kernel-mm/pgtable-core';
import { type Arm64Options, arm64 } from '../../src/index.ts';

/** The parameters of each configuration, by its id. */
export const ARM64 = {
  'arm64-4k-va39': { granule: '4k', va: 39 },
  'arm64-4k-va48': { granule: '4k', va: 48 },
  'arm64-4k-va48-lpa2': { granule: '4k', va: 48, lpa2: true },
  'arm64-4k-va52-lpa2': { granule: '4k', va: 52 },
  'arm64-4k-va52-nolpa2': { granule: '4k', va: 52, lpa2: false },
  'arm64-16k-va36': { granule: '16k', va: 36 },
  'arm64-16k-va47': { granule: '16k', va: 47 },
  'arm64-16k-va48': { granule: '16k', va: 48 },
  'arm64-16k-va48-lpa2': { granule: '16k', va: 48, lpa2: true },
  'arm64-16k-va52-lpa2': { granule: '16k', va: 52 },
  'arm64-16k-va52-nolpa2': { granule: '16k', va: 52, lpa2: false },
  'arm64-64k-va42': { granule: '64k', va: 42 },
  'arm64-64k-va48': { granule: '64k', va: 48 },
  'arm64-64k-va52': { granule: '64k', va: 52 },
  'arm64-64k-va42-lpa': { granule: '64k', va: 42, lpa: true },
  'arm64-64k-va48-lpa': { granule: '64k', va: 48, lpa: true },
  'arm64-64k-va52-lpa': { granule: '64k', va: 52, lpa: true },
} as const satisfies Record<string, Arm64Options>;

/** One of their ids. */
export type Arm64Id = keyof typeof ARM64;

/** The architecture of that id, as another kernel version reads it if asked. */
export const arm64Of = (id: Arm64Id, linux: Arm64Options['linux'] = '6.12'): Arch => arm64({ ...ARM64[id], linux });
