/** Translation as the hardware does it: one address to its byte in memory, or to the architected fault. */
import { type Paddr, paddrWrap } from './brand.ts';
import { ArchError } from './errors.ts';
import { isAlwaysFolded } from './fold.ts';
import { type Arch, indexAt } from './geometry.ts';
import type { Access, Fault, Query, Rights, Step, Table, Taken, Update } from './hardware.ts';
import { LEVELS, type Level } from './level.ts';
import type { Machine, Reading } from './machine.ts';
import type { Memory } from './memory.ts';

/** The byte that an address designates, and what this privilege may do with it. */
export interface Translated {
  readonly kind: 'address';
  /** Physical address of the byte. */
  readonly paddr: Paddr;
  /** Bytes of the page. */
  readonly size: bigint;
  /** What remains when every entry of the path has taken away what it takes. */
  readonly rights: Rights;
  /** Who took the rest. */
  readonly taken: readonly Taken[];
  /** Accessed and dirty bits that the access makes the hardware write. Nothing is written here. */
  readonly updates: readonly Update[];
  readonly path: readonly Step[];
}

/** The fault that the hardware raises, and where. */
export interface Faulted extends Fault {
  readonly kind: 'fault';
  /** The rule that raised it, in words. */
  readonly why: string;
  /** The level of the entry that ended the walk; missing where no walk began. */
  readonly level?: Level;
  /** The physical address of that entry. */
  readonly at?: bigint;
  /** Its value; missing where it lies outside memory. */
  readonly entry?: bigint;
  readonly taken: readonly Taken[];
  readonly path: readonly Step[];
}

/** What the hardware answers. */
export type Translation = Translated | Faulted;

const ACCESSES: readonly Access[] = ['read', 'write', 'execute'];

/**
 * Translates as the hardware would, reading memory at most five times. Never throws for what memory holds.
 * @param memory what the walk reads; an entry outside it is a fault by the architecture's own rule
 */
export function translate(machine: Machine, memory: Memory, query: Query): Translation {
  const { hardware, entryBytes, arch } = machine;
  const path: Step[] = [];
  const faulted = (kind: string, why: string, at: Partial<Step> = {}, taken: readonly Taken[] = []): Faulted => {
    const { level, at: address, entry } = at;
    return {
      ...{ kind: 'fault', why, taken, path },
      ...hardware.fault(kind, { query, taken, ...(level && { level }) }),
      ...(level && { level }),
      ...(address !== undefined && { at: address }),
      ...(entry !== undefined && { entry }),
    };
  };

  const begun = hardware.begin(query);
  if (begun.kind === 'refused') return faulted(begun.fault, begun.why);
  const taken: Taken[] = [];
  let page = begun.kind === 'page' ? begun : undefined;
  let table: Table | undefined = begun.kind === 'table' ? begun : undefined;
  while (table) {
    const { level, shift } = table;
    const reading = readingOf(machine, level, path);
    const index = indexAt(query.addr, shift, table.bits);
    const at = table.base + index * BigInt(entryBytes);
    const entry = memory.read(at as Paddr, entryBytes, arch.spec.byteOrder);
    if (entry === undefined) return faulted(hardware.unreadable, 'the entry lies outside memory', { level, at });
    const env = { entry, addr: query.addr, root: query.root };
    const broken = reading.rules.find((rule) => rule.when(env));
    path.push({ level, at, index: Number(index), entry, shift });
    if (broken) return faulted(broken.kind, broken.why, { level, at, entry });
    const maps = reading.leaf(env) !== 0n;
    for (const { when, rights, why } of (maps ? reading.page : reading.table)?.takes ?? [])
      if (when(env)) taken.push(...rights.map((right) => ({ right, level, why })));
    table = undefined;
    if (maps)
      page = { kind: 'page', base: reading.page!.base(env), shift: Number(reading.page!.shift?.(env) ?? shift) };
    else table = tableBelow(arch, level, shift, reading.table!.base(env), reading.table!.bits?.(env));
  }
  taken.push(...(hardware.whole?.(path, taken) ?? []));
  const mask = (1n << BigInt(page!.shift)) - 1n;
  const paddr = paddrWrap((page!.base & ~mask) | (query.addr & mask));
  const settled = hardware.settle({ query, path, paddr, taken });
  if (settled.kind === 'refused') return faulted(settled.fault, settled.why, path.at(-1), taken);
  const rights = Object.fromEntries(ACCESSES.map((a) => [a, taken.every(({ right }) => right !== a)])) as Rights;
  return { kind: 'address', paddr, size: mask + 1n, rights, taken, updates: settled.updates, path };
}

/** What the hardware says of a level; five steps are all that there can be. */
function readingOf({ arch, levels }: Machine, level: Level, path: readonly Step[]): Reading {
  const reading = levels[level];
  if (!reading || path.length >= LEVELS.length)
    throw new ArchError(
      'missing',
      `${arch.id} hardware.levels.${level}`,
      'a walk reaches it, and nothing is said of it',
    );
  return reading;
}

/** The table that an entry of `level` designates: the next level that has tables of its own, and its geometry. */
function tableBelow(arch: Arch, level: Level, shift: number, base: bigint, bits?: bigint): Table {
  const below = LEVELS.slice(LEVELS.indexOf(level) + 1).find((l) => !isAlwaysFolded(arch, l)) ?? 'pte';
  const width = bits === undefined ? arch.geometry[below].bits : Number(bits);
  return { level: below, base, bits: width, shift: shift - width };
}
