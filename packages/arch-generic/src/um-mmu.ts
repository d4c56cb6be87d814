/** um's translation: the host maps what the tables say, and of a PROT_NONE page nothing. */
import {
  type Arch,
  is,
  type LevelReading,
  type LinuxState,
  linuxMmu,
  type Mmu,
  type Taking,
} from '@kernel-mm/pgtable-core';

/** PROTNONE, which means something only without PRESENT. arch/um/include/asm/pgtable.h */
const noAccess: Taking = { when: is(0x11n, 0x10n), rights: ['read', 'write', 'execute'], why: 'PROTNONE = 1' };

/**
 * The MMU of every `um`: the kernel's reading, but for PROT_NONE. `pte_present` says yes there, and without automatic
 * NUMA balancing no `pte_protnone` says that nothing is allowed. Faults have the names of `linuxMmu`.
 */
export const umMmu = (arch: Arch): Mmu<LinuxState> => ({
  ...linuxMmu(arch),
  hardware(state) {
    const linux = linuxMmu(arch).hardware(state);
    const byHost = ({ page, ...reading }: LevelReading): LevelReading => ({
      ...reading,
      ...(page && { page: { ...page, takes: [noAccess, ...(page.takes ?? [])] } }),
    });
    const levels = Object.entries(linux.levels).map(([level, reading]) => [level, byHost(reading)]);
    return { ...linux, levels: Object.fromEntries(levels) };
  },
});
