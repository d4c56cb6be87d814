/** Every MMU that the command knows, by the ids of the vector format. */
import {
  ARCHITECTURES,
  DEFAULT_LINUX,
  type LinuxVersion,
  type MmuFactory,
  type StateOfBoth,
  since,
  sparc64,
} from '@kernel-mm/arch-generic';
import { s390, s390Mmu } from '@kernel-mm/arch-s390';
import type { Arch, Mmu } from '@kernel-mm/pgtable-core';

/** A kernel version in a release, for example 6.12.94 in `6.12.94+deb13-s390x`; `undefined` for what is none. */
export const versionOf = (release: string): LinuxVersion | undefined =>
  /^\d+\.\d+(?:\.\d+)?(?!\d)/.exec(release)?.[0] as LinuxVersion | undefined;

const ofS390: MmuFactory = (linux = DEFAULT_LINUX) =>
  s390Mmu(s390({ layout: since(linux, '6.14') ? 'present' : 'classic' }));

const FACTORIES: ReadonlyMap<string, MmuFactory> = new Map([...Object.entries(ARCHITECTURES), ['s390', ofS390]]);

/** The ids that {@link mmuOf} knows, in the order of the registry. */
export const MMU_IDS: readonly string[] = [...FACTORIES.keys()];

/** The MMU of an architecture, its definition by the helpers of a Linux version; `undefined` for an unknown id. */
export const mmuOf = (id: string, linux?: LinuxVersion, state?: StateOfBoth): Mmu | undefined =>
  FACTORIES.get(id)?.(linux, state);

/** Layouts that have names of their own: s390's eras, and the two forms of sparc64's leaves. */
const NAMED: ReadonlyMap<string, () => Arch> = new Map([
  ['s390 classic', () => s390({ layout: 'classic' })],
  ['s390 present', () => s390({ layout: 'present' })],
  ['sparc64 sun4u', () => sparc64({ cpu: 'sun4u' })],
  ['sparc64 sun4v', () => sparc64({ cpu: 'sun4v' })],
]);

/** The definition whose helpers an entry vector's layout names: by a name, or a Linux version, `6.12` or `v6.12`. */
export function archOf(id: string, layout?: string): Arch | undefined {
  if (layout === undefined) return mmuOf(id)?.arch;
  const named = NAMED.get(`${id} ${layout}`);
  if (named) return named();
  const [, version] = /^v?(\d+\.\d+(?:\.\d+)?)$/.exec(layout) ?? [];
  return version === undefined ? undefined : mmuOf(id, version as LinuxVersion)?.arch;
}
