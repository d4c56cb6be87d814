/** New tables: an address space from nothing, the tables on the way to a slot, and one level more on top. */
import { checkAllocator, type TableAllocator } from './alloc.ts';
import { type Paddr, paddr, type Vaddr, vaddr } from './brand.ts';
import { makeTable, withAddress } from './codec.ts';
import { checkArch, checkMemory, checkMm, checkOneOf } from './doors.ts';
import type { Entry, Slot } from './entry.ts';
import { UsageError } from './errors.ts';
import { pgdOffset, pXdOffset, readAs } from './fold.ts';
import type { Arch } from './geometry.ts';
import { below, isUpper, LEVELS, type Level, type UpperLevel } from './level.ts';
import type { Memory } from './memory.ts';
import { type Mm, readEntry, topLevel, writeEntry } from './mm.ts';
import { pXdIs } from './reading.ts';
import { roleOf } from './walk.ts';

/** Why a table could not be built; what had been built before stays. */
export type BuildFailure =
  | { readonly kind: 'no-memory'; readonly level: Level; readonly addr: Vaddr }
  | { readonly kind: 'outside-memory'; readonly level: Level; readonly addr: Vaddr; readonly slot: Slot }
  | {
      readonly kind: 'occupied';
      readonly level: Level;
      readonly addr: Vaddr;
      readonly slot: Slot;
      readonly entry: Entry;
    };

/** A table of `level` in which every slot holds the level's `empty`; `undefined` if the allocator has no memory. */
export function newTable(arch: Arch, memory: Memory, allocator: TableAllocator, level: Level): Paddr | undefined {
  return tableOf(arch, memory, allocator, level, 1);
}

/** A top table: aligned also to what the root register can hold. */
function newTop(arch: Arch, memory: Memory, allocator: TableAllocator, level: Level): Paddr | undefined {
  const pieces = Object.values(arch.spec.root.fields).filter((f) => f.kind === 'address');
  return tableOf(arch, memory, allocator, level, 2 ** Math.min(...pieces.map((f) => f.to ?? f.lo)));
}

function tableOf(
  arch: Arch,
  memory: Memory,
  allocator: TableAllocator,
  level: Level,
  align: number,
): Paddr | undefined {
  const { entries, tableBytes } = sizeOf(arch, level);
  const table = allocator.alloc(Math.max(tableBytes, align));
  if (table === undefined) return undefined;
  paddr(table);
  const mm: Mm = { arch, memory, pgd: table };
  const empty = (arch.spec.levels[readAs(arch, level)].empty ?? 0n) as Entry;
  const { slotBytes } = arch.geometry[level];
  for (let n = 0; n < entries; n++)
    if (!writeEntry(mm, { level, space: 'memory', addr: table + BigInt(n * slotBytes) }, empty)) return undefined;
  return table;
}

/** The size of a table of `level`: where a middle-style fold at boot reads it as a lower level's, that one's size counts. */
function sizeOf(arch: Arch, level: Level): { entries: number; tableBytes: number } {
  const chain = LEVELS.slice(LEVELS.indexOf(level), LEVELS.indexOf(readAs(arch, level)) + 1);
  const largest = (of: (l: Level) => number): number => Math.max(...chain.map(of));
  return {
    entries: largest((l) => 2 ** arch.geometry[l].bits),
    tableBytes: largest((l) => arch.geometry[l].tableBytes),
  };
}

/**
 * An empty address space.
 * @param top the level of its top table, where folding is per process (s390 with 3 levels: `pud`)
 * @returns `undefined` if the allocator has no memory
 * @throws {@link UsageError} `argument` if a table of that level cannot be the top one
 */
export function createMm(arch: Arch, memory: Memory, allocator: TableAllocator, top: Level = 'pgd'): Mm | undefined {
  checkArch(arch);
  checkMemory(memory);
  checkAllocator(allocator);
  const { tops } = arch.spec.root;
  if (typeof top !== 'string' || !tops[top])
    throw new UsageError('argument', 'top', `one of ${Object.keys(tops).join(', ')}`);
  const table = newTop(arch, memory, allocator, top);
  return table === undefined ? undefined : rooted(arch, memory, table, top);
}

function rooted(arch: Arch, memory: Memory, table: Paddr, top: Level): Mm {
  const { fields, tops } = arch.spec.root;
  const root = withAddress(fields, tops[top]?.base ?? 0n, table);
  if (root === undefined) throw new UsageError('argument', 'allocator', 'tables that the root register can address');
  return { arch, memory, pgd: table, root };
}

/**
 * The slot for `addr` at `level`, with all tables on the way there created. `level` may not be one that is folded.
 * A smaller leaf or a swap entry on the way is `occupied`.
 */
export function populate(mm: Mm, allocator: TableAllocator, addr: Vaddr, level: Level): Slot | BuildFailure {
  checkMm(mm);
  checkAllocator(allocator);
  vaddr(addr);
  checkOneOf('level', level, LEVELS);
  let slot: Slot = pgdOffset(mm, addr);
  for (;;) {
    if (slot.level === level || !isUpper(slot.level)) return slot;
    const at: Slot<UpperLevel> = { ...slot, level: slot.level };
    const read = readEntry(mm, at);
    if (read === undefined) return { kind: 'outside-memory', level: at.level, addr, slot };
    const entry = pXdIs(mm, 'none', at.level, read) ? link(mm, allocator, at) : read;
    if (entry === undefined) return { kind: 'no-memory', level: at.level, addr };
    const role = roleOf(mm, at.level, entry);
    if (role !== 'folded' && role !== 'table') return { kind: 'occupied', level: at.level, addr, slot, entry };
    slot = pXdOffset(mm, at, entry, addr);
  }
}

/** Puts a new table of the level below into a none slot. */
function link(mm: Mm, allocator: TableAllocator, slot: Slot<UpperLevel>): Entry<UpperLevel> | undefined {
  const table = newTable(mm.arch, mm.memory, allocator, below(slot.level));
  const entry = table === undefined ? undefined : makeTable(mm.arch, slot.level, table);
  return entry !== undefined && writeEntry(mm, slot, entry) ? entry : undefined;
}

/**
 * One level more on top: a new top table whose slot 0 designates the old one. The old top table stays as it is, so a
 * walker that started there still resolves the addresses it could resolve before.
 * @returns the address space with the new top, or `undefined` if the allocator has no memory
 * @throws {@link UsageError} `argument` where no level can be added
 */
export function upgrade(mm: Mm, allocator: TableAllocator): Mm | undefined {
  checkMm(mm);
  checkAllocator(allocator);
  const { arch, memory } = mm;
  const old = topLevel(mm);
  const higher = LEVELS.slice(0, old && LEVELS.indexOf(old)).filter(isUpper);
  const top = old && higher.reverse().find((level) => arch.spec.root.tops[level]);
  if (!top) throw new UsageError('argument', 'mm', 'a top table that is not the highest');
  const table = newTop(arch, memory, allocator, top);
  const entry = table === undefined ? undefined : makeTable(arch, top, mm.pgd);
  if (table === undefined || entry === undefined) return undefined;
  const upgraded = rooted(arch, memory, table, top);
  return writeEntry(upgraded, { level: top, space: 'memory', addr: table }, entry) ? upgraded : undefined;
}
