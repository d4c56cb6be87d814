/** From options to an address space: a guest's process or kernel, or raw images with a root register. */

import type { StateOfBoth } from '@kernel-mm/arch-generic';
import { DEFAULT_LINUX, type LinuxVersion } from '@kernel-mm/arch-generic';
import {
  type Arch,
  ArchError,
  defineArch,
  LEVELS,
  linuxMmu,
  type Machine,
  type Memory,
  type Mm,
  type Mmu,
  machine,
  mmFromRoot,
  UsageError,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { FixtureError, type Guest, type GuestProcess } from '@kernel-mm/pgtable-core/guest';
import { stateOf } from '@kernel-mm/pgtable-core/vectors';
import type { InferredOptionTypes, Options } from 'yargs';
import { type Space, spaceOfKernel, spaceOfProcess } from './guest-mm.ts';
import { loadDefinition, loadGuest } from './load-guest.ts';
import { loadImages } from './load-image.ts';
import { LIMITS, limitsOf, ofCall, type ReadLimits } from './read-file.ts';
import { MMU_IDS, mmuOf, versionOf } from './registry.ts';
import { hex, word } from './words.ts';

/** Which architecture, where no guest says it. */
export const ARCH = {
  arch: { type: 'string', choices: MMU_IDS, describe: 'the architecture, by its id (see arch list)' },
  definition: { type: 'string', describe: 'a definition of your own instead, as JSON', conflicts: ['arch', 'linux'] },
  linux: { type: 'string', describe: 'the Linux version whose helpers read the entries, for example 6.1' },
} as const satisfies Record<string, Options>;

/** Where an address space comes from. */
export const SOURCE = {
  guest: {
    type: 'string',
    describe: 'a guest’s .json.gz, its .mem.gz beside it',
    conflicts: ['image', 'arch', 'definition', 'linux', 'root'],
  },
  process: {
    type: 'string',
    describe: 'one of its processes, by name or number (default: the first)',
    implies: 'guest',
    conflicts: 'kernel',
  },
  kernel: { type: 'boolean', describe: 'the guest’s kernel instead of a process', implies: 'guest' },
  image: { type: 'string', array: true, nargs: 1, describe: 'raw memory, plain or gzip: FILE, or FILE@PHYSICAL' },
  ...ARCH,
  root: { type: 'string', describe: 'the root register (CR3, satp, TTBR, ASCE), with an image' },
  state: { type: 'string', array: true, nargs: 1, describe: 'machine state that the MMU consults: KEY=VALUE' },
  raw: { type: 'boolean', default: false, describe: 'walk an image also if it looks like a dump with a header' },
  ...LIMITS,
} as const satisfies Record<string, Options>;

/** An address space, and what both readings need of it. */
export interface Source {
  readonly arch: Arch;
  readonly memory: Memory;
  readonly machine: Machine;
  /** The Linux version whose helpers read the entries; missing for a definition of one's own. */
  readonly linux?: LinuxVersion;
  /** The root register that translates this address. */
  rootOf(addr: bigint): bigint;
  /** What the kernel walks for this address. */
  mmOf(addr: Vaddr): Mm;
}

/**
 * The architecture that is asked for: its MMU, or of a definition of one's own, an MMU that reads as Linux does.
 * @throws UsageError where none is named; ArchError for a definition that is refused, FixtureError for a file that is none
 */
export function mmuAsked(asked: InferredOptionTypes<typeof ARCH>, limits: ReadLimits, state?: StateOfBoth): Mmu {
  const { arch, definition } = asked;
  const version = versionAsked(asked);
  if (definition !== undefined) return linuxMmu(withNames(defineArch(loadDefinition(definition, limits)))) as Mmu;
  const mmu = arch === undefined ? undefined : mmuOf(arch, version, state);
  if (!mmu) throw new UsageError('argument', '--arch', 'an architecture, or --definition FILE');
  return mmu;
}

/**
 * The Linux version by which entries are read; `undefined` for a definition of one's own.
 * @throws UsageError for what is no version
 */
export function versionAsked({ definition, linux }: InferredOptionTypes<typeof ARCH>): LinuxVersion | undefined {
  const version = linux === undefined ? DEFAULT_LINUX : versionOf(linux);
  if (version === undefined) throw new UsageError('argument', '--linux', 'a version such as 6.1');
  return definition === undefined ? version : undefined;
}

/** The machine that is asked for, in the state that is said. Throws as {@link mmuAsked} does, and for such a state. */
export const machineAsked = (
  asked: InferredOptionTypes<Pick<typeof SOURCE, keyof typeof ARCH | 'state'>>,
  limits: ReadLimits,
): Machine => {
  const state = stateSaid(machine(mmuAsked(asked, limits)), asked.state);
  // The kernel's definition follows some of it.
  return machine(mmuAsked(asked, limits, state)).in(state);
};

/** A definition names itself and its fields; every line about them tells the names. */
const MAX_NAME = 200;

function withNames(arch: Arch): Arch {
  const { id, levels, root } = arch.spec;
  const formats = LEVELS.flatMap((level) => [levels[level].table, levels[level].leaf]);
  const names = [id, ...[root, ...formats].flatMap((of) => Object.keys(of?.fields ?? {}))];
  const long = names.find(({ length }) => length > MAX_NAME);
  if (long) throw new ArchError('malformed', long, `a name of more than ${MAX_NAME} letters`);
  return arch;
}

/**
 * The address space that is asked for.
 * @throws UsageError for options that do not go together, FixtureError for a file that cannot be read
 */
export function sourceOf(asked: InferredOptionTypes<typeof SOURCE>): Source {
  const limits = limitsOf(asked);
  if (asked.guest !== undefined) {
    const guest = loadGuest(asked.guest, limits);
    const space = asked.kernel ? kernelOf(guest) : spaceOfProcess(guest, processOf(guest, asked.process));
    return source(
      guest.memory,
      space.machine.in(stateSaid(space.machine, asked.state)),
      space.rootOf,
      versionOf(guest.release),
    );
  }
  if (!asked.image?.length)
    throw new UsageError('argument', '--guest', 'a guest, or --image FILE with --arch and --root');
  if (asked.root === undefined) throw new UsageError('argument', '--root', 'the root register of the image');
  const on = machineAsked(asked, limits);
  const root = word('--root', asked.root);
  return source(loadImages(asked.image, { ...limits, raw: asked.raw }), on, () => root, versionAsked(asked));
}

const source = (memory: Memory, on: Machine, rootOf: Source['rootOf'], linux?: LinuxVersion): Source => ({
  arch: on.arch,
  memory,
  machine: on,
  rootOf,
  ...(linux && { linux }),
  mmOf(addr) {
    const upper = on.arch.spec.va.extend === 'halves' && addr >> 63n === 1n;
    return mmFromRoot(on.arch, memory, rootOf(addr), upper);
  },
});

function kernelOf(guest: Guest): Space {
  const space = spaceOfKernel(guest);
  if (!space) throw new FixtureError('missing', 'kernel', 'a guest with the registers of its kernel');
  return space;
}

function processOf({ processes }: Guest, asked = '0'): GuestProcess {
  const found = processes.find(({ name }) => name === asked) ?? processes[/^\d+$/.test(asked) ? Number(asked) : -1];
  const names = processes.map(({ name }, n) => `${n} ${name}`).join(', ');
  if (!found) throw new UsageError('argument', '--process', names ? `one of ${names}` : 'a guest that has processes');
  return found;
}

/** The state that the words say, each of the kind that the MMU's default has. */
function stateSaid(on: Machine, said: readonly string[] = []): Readonly<Record<string, unknown>> {
  const context = said.map((one) => {
    const [, key, value] = /^(\w+)=(\w+)$/.exec(one) ?? [];
    if (key === undefined || value === undefined) throw new UsageError('argument', '--state', `KEY=VALUE, not ${one}`);
    const kind = typeof on.state[key];
    if (kind === 'boolean') return [key, value === 'true' ? true : value === 'false' ? false : value];
    return [key, kind === 'number' ? Number(value) : kind === 'bigint' ? hex(word('--state', value)) : value];
  });
  const mmu = { arch: on.arch, defaults: on.state, hardware: () => on.hardware };
  return ofCall(() => stateOf(mmu, Object.fromEntries(context), '--state'));
}
