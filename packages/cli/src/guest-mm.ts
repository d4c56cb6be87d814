/** From a guest's process to the address space it had: which architecture, and which register holds the root. */
import { arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import { type Arch, type Mm, mmFromRoot } from '@kernel-mm/pgtable-core';
import { FixtureError, type Guest, type GuestProcess } from '@kernel-mm/pgtable-core/guest';

const CR4_LA57 = 0x1000n;
const SATP_MODES = { 8: 'sv39', 9: 'sv48', 10: 'sv57' } as const;

/** Each architecture that a guest can have: its definition and its root, from the registers. */
const ARCHS: Readonly<Record<string, (of: Registers) => readonly [Arch, bigint]>> = {
  s390x: (of) => [s390(), of('cr1')],
  x86_64: (of) => [x86({ paging: of('cr4') & CR4_LA57 ? '5-level' : '4-level' }), of('cr3')],
  riscv64: (of) => {
    const mode = SATP_MODES[Number(of('satp') >> 60n) as keyof typeof SATP_MODES];
    if (!mode) throw new FixtureError('malformed', 'satp', 'mode Sv39, Sv48 or Sv57');
    return [riscv({ mode }), of('satp')];
  },
  aarch64: (of) => {
    const fourKiB = (of('TCR_EL1') & 0xc000n) === 0n;
    const bits = 64n - (of('TCR_EL1') & 0x3fn);
    if (!fourKiB || bits !== 48n) throw new FixtureError('malformed', 'TCR_EL1', '4 KiB pages and 48 address bits');
    return [arm64({ granule: '4k', va: 48 }), of('TTBR0_EL1')];
  },
};

type Registers = (name: string) => bigint;

/**
 * The address space of a process, as its root register designates it.
 * @throws FixtureError for an architecture that is not known, or a register that is not there
 */
export function mmOfProcess(guest: Guest, process: GuestProcess): Mm {
  const make = ARCHS[guest.arch];
  if (!make) throw new FixtureError('format', 'guest.arch', `one of ${Object.keys(ARCHS).join(', ')}`);
  const [arch, root] = make((name) => {
    const value = process.registers[name];
    if (value === undefined) throw new FixtureError('missing', `registers.${name}`, 'the register to be there');
    return value;
  });
  return mmFromRoot(arch, guest.memory, root);
}
