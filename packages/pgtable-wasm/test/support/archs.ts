/** Every architecture of this release, by its name. */
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import type { Arch } from '@kernel-mm/pgtable-core';

/** Names and definitions. */
export const archs: readonly (readonly [name: string, arch: Arch])[] = [
  ...Object.entries(ARCHITECTURES).map(([id, mmu]) => [id, mmu().arch] as const),
  ['s390', s390()],
  ['s390, new layout', s390({ layout: 'present' })],
];
