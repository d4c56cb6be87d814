/** `Mm` is what a walk starts from: an architecture, memory, and where the top table is (the kernel's mm->pgd). */
import { type Paddr, paddr, type Vaddr, vaddr, word, wrap64 } from './brand.ts';
import { checkArch, checkMemory } from './doors.ts';
import type { Entry, Slot } from './entry.ts';
import { UsageError } from './errors.ts';
import { type Fields, gather, maskOf } from './field.ts';
import type { Arch } from './geometry.ts';
import { LEVELS, type Level } from './level.ts';
import { load, store } from './load.ts';
import type { Memory } from './memory.ts';

/** One address space. Plain data; nothing is cached in it. */
export interface Mm {
  /** How its tables are read. */
  readonly arch: Arch;
  /** Where they lie. */
  readonly memory: Memory;
  /** Physical address of the top table. */
  readonly pgd: Paddr;
  /** The root register, where it is known. */
  readonly root?: bigint;
  /** Where each half of the addresses has a register of its own (arm64): whether this is the upper half's. */
  readonly upper?: boolean;
}

/**
 * The address space that a root register (CR3, satp, TTBR, ASCE) designates.
 * @param upper for arm64: the register is TTBR1
 */
export function mmFromRoot(arch: Arch, memory: Memory, root: bigint, upper = false): Mm {
  checkArch(arch);
  checkMemory(memory);
  word('root', root);
  return { arch, memory, pgd: paddr(gather(arch.spec.root.fields, root)), root, ...(upper && { upper }) };
}

/** The address space whose top table is at `pgd`; without a register, the entries alone say what is folded. */
export function mmFromTable(arch: Arch, memory: Memory, pgd: Paddr): Mm {
  checkArch(arch);
  checkMemory(memory);
  return { arch, memory, pgd: paddr(pgd) };
}

/**
 * READ_ONCE of a slot in memory: one load, or `undefined` outside memory. Where the definition says `low-high-low` it is
 * Linux's loop of three; an entry that never settles has no value that could be named, and is `undefined` too.
 * Stack slots are the walker's own affair.
 */
export function readEntry<L extends Level>({ arch, memory }: Mm, slot: Slot<L>): Entry<L> | undefined {
  const { byteOrder, entryRead } = arch.spec;
  const at = physical(slot);
  const entry = entryRead ? lowHighLow(memory, at, byteOrder) : load(memory, at, arch.entryBytes, byteOrder);
  return entry as Entry<L> | undefined;
}

/** Linux's loop has no end; a writer that changes the low word at every look of so many is none that it would meet. */
const LOOKS = 64;

/**
 * Low, high, low again, and from the start if low has changed (Linux, ptep_get_lockless). Writers set high before low
 * and clear low before high, so that an unchanged low word belongs to the high one that was read in between.
 */
function lowHighLow(memory: Memory, at: bigint, order: 'little' | 'big'): bigint | undefined {
  const word = (half: 'low' | 'high'): bigint | undefined =>
    load(memory, (at + ((half === 'low') === (order === 'little') ? 0n : 4n)) as Paddr, 4, order);
  for (let n = 0; n < LOOKS; n++) {
    const low = word('low');
    const high = word('high');
    if (low === undefined || high === undefined) return undefined;
    if (word('low') === low) return (high << 32n) | low;
  }
  return undefined;
}

/** WRITE_ONCE of a slot in memory, and of its shadow: `false`, and nothing written, outside memory. */
export function writeEntry<L extends Level>(mm: Mm, slot: Slot<L>, entry: Entry<NoInfer<L>>): boolean {
  const { memory, arch } = mm;
  const put = (at: bigint, value: bigint): boolean =>
    store(memory, at as Paddr, arch.entryBytes, arch.spec.byteOrder, value);
  const at = physical(slot);
  const { shadow } = arch.spec.levels[slot.level];
  if (!shadow) return put(at, entry);
  const beside = (at + BigInt(shadow.at)) as Paddr;
  if (load(memory, beside, arch.entryBytes, arch.spec.byteOrder) === undefined) return false;
  return put(at, entry) && put(beside, arch.rules[slot.level].shadow?.({ entry }) ?? 0n);
}

function physical(slot: Slot): Paddr {
  if (slot.space !== 'memory') throw new UsageError('argument', 'slot', 'a slot in memory');
  return slot.addr as Paddr;
}

/** How a walker reads an entry: one load, or `undefined` outside memory. A walker reads shared state in no other way. */
export type ReadOnce = <L extends Level>(slot: Slot<L>) => Entry<L> | undefined;

/**
 * The level that the top table really is of. It is `pgd` unless levels are folded per process; then slot 0 decides,
 * also an empty one (on s390 a top table whose slot 0 was overwritten with 0 has become a segment table).
 * @returns `undefined` if slot 0 is needed and lies outside memory
 */
export function topLevel(mm: Mm, readOnce: ReadOnce = (slot) => readEntry(mm, slot)): Level | undefined {
  const { levels } = mm.arch.spec;
  if (!LEVELS.some((level) => levels[level].fold?.when === 'process')) return 'pgd';
  const entry = readOnce({ level: 'pgd', space: 'memory', addr: mm.pgd });
  if (entry === undefined) return undefined;
  let top: Level = 'pgd';
  for (const level of LEVELS.slice(1)) {
    if (!mm.arch.rules[level].folded?.({ entry, root: mm.root ?? 0n })) break;
    if (levels[level].fold?.when === 'process') top = level;
  }
  return top;
}

/** Found once for each list of fields, since every walk asks. */
const TYPE_MASKS = new WeakMap<Fields, bigint>();

/** The bits of a register that say of which kind it is. */
export function typeMask(fields: Fields): bigint {
  const known = TYPE_MASKS.get(fields);
  if (known !== undefined) return known;
  const mask = Object.values(fields).reduce((all, f) => (f.kind === 'type' ? all | maskOf(f) : all), 0n);
  TYPE_MASKS.set(fields, mask);
  return mask;
}

/** The top level that the type bits of the root register name; `undefined` without a register or for no known type. */
export function topOfRoot(mm: Pick<Mm, 'arch' | 'root'>): Level | undefined {
  const { fields, tops } = mm.arch.spec.root;
  const { root } = mm;
  if (root === undefined) return undefined;
  const type = typeMask(fields);
  return LEVELS.find((level) => tops[level] && (tops[level].base & type) === (root & type));
}

/** The end of user space in a process with this top level: TASK_SIZE, on s390 the asce_limit. */
export const limitOf = ({ arch }: Pick<Mm, 'arch'>, top: Level): Vaddr => vaddr(arch.spec.root.tops[top]?.limit ?? 0n);

/** TASK_SIZE_MAX: the highest `end` of a call, whatever the process. */
export function taskSizeMax({ spec }: Arch): Vaddr {
  const limits = Object.values(spec.root.tops).map(({ limit }) => limit);
  return vaddr(spec.root.taskSizeMax ?? limits.reduce((most, limit) => (limit > most ? limit : most), 0n));
}

/**
 * The highest `end` of a lockless walk in a process with this top level: its own limit where the kernel has a
 * gup_fast_permitted, TASK_SIZE_MAX where it has none.
 */
export const fastLimitOf = ({ arch }: Pick<Mm, 'arch'>, top: Level): Vaddr =>
  arch.spec.gupFastPermitted === false ? taskSizeMax(arch) : limitOf({ arch }, top);

/** How many address bits a table of this top level translates. */
export function translatedBits(arch: Arch, top: Level): number {
  const { shift, bits } = arch.geometry[top];
  return Math.min(arch.spec.va.bits ?? 64, shift + bits);
}

/** Whether the bits of `addr` above the translated ones are as the architecture wants them. */
export function isTranslatable(mm: Pick<Mm, 'arch' | 'upper'>, top: Level, addr: Vaddr): boolean {
  const { extend } = mm.arch.spec.va;
  const kept = BigInt(translatedBits(mm.arch, top) - (extend === 'sign' ? 1 : 0));
  const above = addr >> kept;
  const ones = wrap64(-1n) >> kept;
  if (extend === 'halves') return above === (mm.upper ? ones : 0n);
  return above === 0n || (extend === 'sign' && above === ones);
}
