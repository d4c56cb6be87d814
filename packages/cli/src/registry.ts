/** Every MMU that the command knows, by the ids of the vector format. */
import { ARCHITECTURES, DEFAULT_LINUX, type LinuxVersion, type MmuFactory, since } from '@kernel-mm/arch-generic';
import { type Layout, s390, s390Mmu } from '@kernel-mm/arch-s390';
import type { Arch, Mmu } from '@kernel-mm/pgtable-core';

/** A kernel version in a release, for example 6.1 in `6.1.0-50-s390x`; `undefined` for what is none. */
export const versionOf = (release: string): LinuxVersion | undefined =>
  /^\d+\.\d+(?!\d)/.exec(release)?.[0] as LinuxVersion | undefined;

const ofS390: MmuFactory = (linux = DEFAULT_LINUX) =>
  s390Mmu(s390({ layout: since(linux, '6.14') ? 'present' : 'classic' }));

const FACTORIES: ReadonlyMap<string, MmuFactory> = new Map([...Object.entries(ARCHITECTURES), ['s390', ofS390]]);

/** The MMU of an architecture, its definition by the helpers of a Linux version; `undefined` for an unknown id. */
export const mmuOf = (id: string, linux?: LinuxVersion): Mmu | undefined => FACTORIES.get(id)?.(linux);

const LAYOUTS: readonly Layout[] = ['classic', 'present'];

/** The definition whose helpers an entry vector's layout names: s390's `classic` or `present`, else a Linux version. */
export function archOf(id: string, layout?: string): Arch | undefined {
  if (layout === undefined) return mmuOf(id)?.arch;
  const named = LAYOUTS.find((one) => one === layout);
  if (id === 's390') return named && s390({ layout: named });
  return versionOf(layout) === layout ? mmuOf(id, versionOf(layout))?.arch : undefined;
}
