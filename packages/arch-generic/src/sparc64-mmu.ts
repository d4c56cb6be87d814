/** sparc64's translation: the TSB-miss handler looks for 0 and for huge entries, the TLB at VALID, P, W and EXEC. */
import {
  type Arch,
  and,
  has,
  type LevelReading,
  type LinuxState,
  lacks,
  linuxMmu,
  type Mmu,
  maskOf,
  type Taking,
} from '@kernel-mm/pgtable-core';

const VALID = 1n << 63n;

/**
 * The MMU of `sparc64`: the kernel's reading, but for what the TLB looks at. An old page is present and not VALID, a clean
 * one is writable and lacks W. Faults have the names of `linuxMmu`.
 */
export const sparc64Mmu = (arch: Arch): Mmu<LinuxState> => ({
  ...linuxMmu(arch),
  hardware(state) {
    const linux = linuxMmu(arch).hardware(state);
    const takes = takesOf(arch, state);
    const byTlb = (reading: LevelReading): LevelReading => ({
      ...reading,
      rules: reading.rules.map((rule) =>
        rule.kind === 'not-present' ? { ...rule, when: and(reading.leaf, lacks(VALID)), why: 'VALID = 0' } : rule,
      ),
      ...(reading.page && { page: { ...reading.page, takes } }),
    });
    const levels = Object.entries(linux.levels).map(([level, reading]) => [level, byTlb(reading)]);
    return { ...linux, levels: Object.fromEntries(levels) };
  },
});

/** A leaf's P, W and EXEC, which lie where the form of the CPU has them. */
function takesOf({ spec }: Arch, { user }: LinuxState): Taking[] {
  const { P, W, EXEC } = spec.levels.pte.leaf?.fields ?? {};
  if (!P || !W || !EXEC) return [];
  return [
    ...(user ? [{ when: has(maskOf(P)), rights: ['read', 'write', 'execute'] as const, why: 'P = 1' }] : []),
    { when: lacks(maskOf(W)), rights: ['write'], why: 'W = 0' },
    { when: lacks(maskOf(EXEC)), rights: ['execute'], why: 'EXEC = 0' },
  ];
}
