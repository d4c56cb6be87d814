/** From a guest's registers to the address space they designate: which architecture, which root, which MMU state. */
import { type Machine, type Mm, machine, mmFromRoot, type Paddr } from '@kernel-mm/pgtable-core';
import { FixtureError, type Guest, type GuestProcess } from '@kernel-mm/pgtable-core/guest';
import { mmuOf, versionOf } from './registry.ts';

/** An address space as the CPU had it. */
export interface Space {
  /** For the kernel's reading: the user's half, where each half has a root of its own. */
  readonly mm: Mm;
  /** For the MMU's reading. */
  readonly machine: Machine;
  /** The root register that translates this address. */
  rootOf(addr: bigint): bigint;
}

/** The registers of a process, or of the idle kernel. */
interface Cpu {
  readonly guest: Guest;
  readonly user: boolean;
  /** A register's value; one that the fixture must have. */
  of(name: string): bigint;
  /** A bit of a register. */
  bit(name: string, n: number): boolean;
}

/** Which MMU, in which state, and where its roots are. */
interface Setting {
  readonly id: string;
  readonly state: object;
  readonly rootOf: (addr: bigint) => bigint;
}

/** The setting of each architecture that a guest can have. What no register says is as Linux sets it, or as QEMU does. */
const SETTINGS: Readonly<Record<string, (cpu: Cpu) => Setting>> = {
  s390x: ({ guest, user, of }) => {
    const { edat1 = false, edat2 = false, iep = false, prefix = 0n } = guest.options;
    const root = of(user ? 'cr1' : 'cr13'); // the kernel idles in home-space mode
    const storage = guest.storage ?? 1n << 64n;
    return { id: 's390', state: { edat1, edat2, iep, prefix, storage }, rootOf: () => root };
  },
  x86_64: ({ user, of, bit }) => ({
    id: bit('cr4', 12) ? 'x86-64-la57' : 'x86-64',
    state: {
      ...{ user, nxe: bit('efer', 11), wp: bit('cr0', 16), smep: bit('cr4', 20), smap: bit('cr4', 21) },
      ...{ pke: bit('cr4', 22), pkru: 0x5555_5554n }, // PKRU is not recorded; Linux starts with access to key 0 only
    },
    rootOf: () => of('cr3'),
  }),
  aarch64: ({ user, of, bit }) => ({
    id: arm64Id(of('TCR_EL1')),
    state: { user, tcr: of('TCR_EL1'), pan: bit('pstate', 22) },
    rootOf: (addr) => of(addr & (1n << 55n) ? 'TTBR1_EL1' : 'TTBR0_EL1'),
  }),
  // QEMU 7.2 sets A and D itself, and its rv64 has neither Svpbmt nor Svnapot unless asked.
  riscv64: ({ user, of, bit }) => ({
    id: `riscv-${riscvMode(of('satp'))}`,
    state: { user, sum: bit('mstatus', 18), mxr: bit('mstatus', 19), adue: true },
    rootOf: () => of('satp'),
  }),
  // The root is the first doubleword of the process table’s entry; the upper quadrant belongs to PID 0, the kernel.
  ppc64le: ({ guest, user, of }) => ({
    id: guest.pageSize === 0x10000n ? 'powerpc-radix-64k' : 'powerpc-radix-4k',
    state: { user },
    rootOf: (addr) => processEntry(guest, user && addr >> 62n !== 3n ? of('pid_used') : 0n),
  }),
};

const GRANULES = ['4k', '64k', '16k'] as const;

/** TG0, T0SZ and DS say which kernel it is; 52-bit addresses with 64 KiB pages are IPS's (64k only: FEAT_LPA). */
function arm64Id(tcr: bigint): string {
  const granule = GRANULES[Number((tcr >> 14n) & 3n)];
  const va = 64n - (tcr & 63n);
  const lpa2 = (tcr >> 59n) & 1n ? '-lpa2' : '';
  const lpa = granule === '64k' && (tcr >> 32n) % 8n === 6n ? '-lpa' : '';
  return `arm64-${granule}-va${va}${lpa2}${lpa}`;
}

const SATP_MODES: Readonly<Record<string, string>> = { 8: 'sv39', 9: 'sv48', 10: 'sv57' };
const riscvMode = (satp: bigint): string => SATP_MODES[`${satp >> 60n}`] ?? `mode-${satp >> 60n}`;

function processEntry({ options, memory }: Guest, pid: bigint): bigint {
  const at = options.process_table;
  if (typeof at !== 'bigint') throw new FixtureError('missing', 'guest.options.process_table', 'the key to be there');
  const entry = memory.read((at + 16n * pid) as Paddr, 8, 'big');
  if (entry === undefined) throw new FixtureError('missing', 'memory.pieces', `the process table’s entry ${pid}`);
  return entry;
}

function spaceOf(guest: Guest, registers: Readonly<Record<string, bigint>>, user: boolean): Space {
  const setting = Object.hasOwn(SETTINGS, guest.arch) ? SETTINGS[guest.arch] : undefined;
  if (!setting) throw new FixtureError('format', 'guest.arch', `one of ${Object.keys(SETTINGS).join(', ')}`);
  const of = (name: string): bigint => {
    const value = registers[name];
    if (value === undefined) throw new FixtureError('missing', `registers.${name}`, 'the register to be there');
    return value;
  };
  const bit = (name: string, n: number): boolean => ((of(name) >> BigInt(n)) & 1n) === 1n;
  const { id, state, rootOf } = setting({ guest, user, of, bit });
  const mmu = mmuOf(id, versionOf(guest.release));
  if (!mmu) throw new FixtureError('unknown', 'registers', `those of an architecture that is known, not ${id}`);
  return { mm: mmFromRoot(mmu.arch, guest.memory, rootOf(0n)), machine: machine(mmu, state), rootOf };
}

/**
 * A process as the CPU had it in user mode.
 * @throws FixtureError for an architecture that is not known, or a register that is not there
 */
export const spaceOfProcess = (guest: Guest, { registers }: GuestProcess): Space => spaceOf(guest, registers, true);

/**
 * The kernel while the guest was idle; `undefined` if the fixture does not say anything of it.
 * @throws FixtureError for an architecture that is not known, or a register that is not there
 */
export const spaceOfKernel = (guest: Guest): Space | undefined =>
  guest.kernel && spaceOf(guest, guest.kernel.registers, false);

/** The address space of a process, as its root register designates it; see {@link spaceOfProcess}. */
export const mmOfProcess = (guest: Guest, process: GuestProcess): Mm => spaceOfProcess(guest, process).mm;
