/** From the state to an address space: a guest's process, tables that were drawn, or an image. Problems are words. */
import { mmuOf, PresentPages, spaceOfProcess } from '@kernel-mm/cli/machines';
import {
  ArchError,
  archFromJson,
  bumpAllocator,
  createMm,
  defineArch,
  flatMemory,
  formatSize,
  LEVELS,
  linuxMmu,
  type Machine,
  type Memory,
  type Mm,
  type Mmu,
  machine,
  map,
  mmFromRoot,
  type Prot,
  paddr,
  protect,
  UsageError,
  unmap,
  type Vaddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import { guestOf } from './guests.ts';
import { type Drawing, hex, type State } from './state.ts';

/** What was dropped or pasted, beside the state. */
export interface Extra {
  readonly image?: Uint8Array<ArrayBuffer>;
  /** A definition of one's own, as JSON; it is called `own`. */
  readonly definition?: string;
}

/** An address space to look at. */
export interface Space {
  readonly machine: Machine;
  readonly memory: Memory;
  /** What to say of it: a process's name, or what went wrong with a drawing. */
  readonly notes: readonly string[];
  readonly processes: readonly string[];
  /** Ranges that cross an entry of the top table, of a guest. */
  readonly crossing: readonly (readonly [bigint, bigint])[];
  rootOf(addr: bigint): bigint;
  mmOf(addr: bigint): Mm;
}

/** An error in words. The words of one that is no answer are the engine's, and tell nobody what to do. */
export function inWords(error: unknown): string {
  if (error instanceof UsageError || error instanceof ArchError || error instanceof FixtureError) return error.message;
  if (error instanceof SyntaxError) return 'expected JSON';
  return 'this could not be shown: a fault of the page; please report what you did';
}

/** The MMU of an id, or of the definition that was pasted. */
export function mmuFor(id: string, { definition }: Extra): Mmu {
  if (id === 'own' && definition !== undefined) return linuxMmu(defineArch(archFromJson(definition))) as Mmu;
  const mmu = mmuOf(id);
  if (!mmu) throw new UsageError('argument', 'architecture', 'one of the list');
  return mmu;
}

/** The address space that the state says; rejected where there is none, with an error that has words. */
export async function spaceOf(state: State, extra: Extra): Promise<Space> {
  if (state.memory === 'guest') return ofGuest(state);
  const mmu = mmuFor(state.arch, extra);
  // As Linux runs user space.
  const asLinux = ['user', 'nxe', 'iep'].filter((key) => key in mmu.defaults).map((key) => [key, true]);
  const on = machine(mmu, Object.fromEntries(asLinux));
  if (state.memory === 'drawn') return ofDrawing(state, on);
  if (!extra.image) throw new UsageError('argument', 'image', 'a file that you drop here');
  return spaceWith(on, flatMemory(extra.image), () => state.root);
}

function spaceWith(on: Machine, memory: Memory, rootOf: Space['rootOf'], more: Partial<Space> = {}): Space {
  return {
    ...{ machine: on, memory, rootOf, notes: [], processes: [], crossing: [] },
    mmOf: (addr) =>
      mmFromRoot(on.arch, memory, rootOf(addr), on.arch.spec.va.extend === 'halves' && addr >> 63n === 1n),
    ...more,
  };
}

async function ofGuest({ guest: name, process: n }: State): Promise<Space> {
  const guest = await guestOf(name);
  const process = guest.processes[n] ?? guest.processes[0];
  if (!process) throw new FixtureError('missing', 'processes', 'a guest that has some');
  const { machine: on, rootOf, mm } = spaceOfProcess(guest, process);
  const sizes = (['pgd', 'p4d', 'pud', 'pmd'] as const).map((level) => mm.arch.geometry[level].size);
  const runs = new PresentPages(guest, process).runs();
  const crossing = runs.flatMap(([start, end]) =>
    sizes.flatMap((size): [bigint, bigint][] => {
      const border = (start / size + 1n) * size;
      const [from, to] = [border - 2n * guest.pageSize, border + 2n * guest.pageSize];
      return border < end ? [[from < start ? start : from, to > end ? end : to]] : [];
    }),
  );
  return spaceWith(on, guest.memory, rootOf, {
    notes: [`${guest.arch}, Linux ${guest.release}, process ${process.name}`],
    processes: guest.processes.map(({ name: comm }) => comm),
    crossing: [...new Map(crossing.map((range) => [String(range), range])).values()].slice(0, 40),
  });
}

/** Room for tables: enough for the largest, five times over, at every address that is drawn. */
const ROOM = 0x40_0000n;

/** More, in small pages, would keep a browser busy for seconds. */
const MOST = 0x1000_0000n;

function ofDrawing(state: State, on: Machine): Space {
  const { arch } = on;
  const memory = flatMemory(new ArrayBuffer(Number(ROOM)));
  const tables = bumpAllocator(paddr(0x1_0000n), paddr(ROOM));
  const top = LEVELS.at(-state.levels) ?? 'pgd';
  const mm = createMm(arch, memory, tables, arch.spec.root.tops[top] ? top : 'pgd');
  if (!mm) throw new UsageError('argument', 'architecture', 'a top table that fits');
  let left = MOST;
  const notes = state.drawn.flatMap((one) => {
    left -= one.size;
    return left < 0n ? [`${one.op} ${hex(one.addr)}: more than ${formatSize(MOST)} is drawn`] : draw(mm, tables, one);
  });
  return spaceWith(on, memory, () => mm.root ?? 0n, { notes, mmOf: () => mm });
}

function draw(mm: Mm, tables: ReturnType<typeof bumpAllocator>, { op, addr, size, to, rights }: Drawing): string[] {
  const prot: Prot = {
    ...{ read: rights.includes('r'), write: rights.includes('w'), exec: rights.includes('x'), user: true },
  };
  const at = vaddr(addr) as Vaddr;
  try {
    const found =
      op === 'map'
        ? map(mm, tables, { addr: at, paddr: paddr(to), size, prot })
        : op === 'unmap'
          ? unmap(mm, at, size)
          : protect(mm, at, size, prot);
    const failure = 'failure' in found ? found.failure : undefined;
    return failure ? [`${op} ${hex(addr)}: ${'level' in failure ? `${failure.level} ` : ''}${failure.kind}`] : [];
  } catch (error) {
    return [`${op} ${hex(addr)}: ${inWords(error)}`];
  }
}
