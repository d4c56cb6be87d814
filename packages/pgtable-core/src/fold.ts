/** Where do I step down to? The only place where a slot of one level becomes a slot of another. */
import { type Vaddr, wrap64 } from './brand.ts';
import { tableAddress } from './codec.ts';
import type { Entry, Slot, Space } from './entry.ts';
import { gather } from './field.ts';
import { hasOwnLockless } from './form.ts';
import { type Arch, indexAt } from './geometry.ts';
import { type Below, below, isUpper, type Level, type LowerLevel, type UpperLevel } from './level.ts';
import { type Mm, type ReadOnce, topLevel } from './mm.ts';
import type { Visit } from './stepper.ts';

/** Whether `level` is folded whatever the entries say. */
export const isAlwaysFolded = (arch: Pick<Arch, 'spec'>, level: Level): boolean => {
  const { fold } = arch.spec.levels[level];
  return fold !== undefined && fold.if === undefined;
};

/** The level as which the entries of a table are finally read: the last of those always folded into it. */
export function readAs(arch: Arch, level: Level): Level {
  let last = level;
  while (isUpper(last) && isAlwaysFolded(arch, below(last))) last = below(last);
  return last;
}

/** Whether `level` is folded below `entry`, an entry of the level above: then it has no table of its own there. */
export const isFolded = (mm: Mm, level: LowerLevel, entry: Entry): boolean =>
  mm.arch.rules[level].folded?.({ entry, root: mm.root ?? 0n }) ?? false;

/**
 * `pgd_offset(mm, addr)`: the slot of the top table. Where folding is per process it is indexed with the shift of the
 * level that the table really is of, `top`, which its slot 0 says; elsewhere with PGDIR_SHIFT. Where slot 0 lies
 * outside memory (`top` undefined), the answer is that slot, so that the read which follows fails there.
 */
export function pgdOffset(mm: Mm, addr: Vaddr, top: Level | undefined = topLevel(mm)): Slot<'pgd', 'memory'> {
  const { shift, bits } = mm.arch.geometry[top ?? 'pgd'];
  return tableSlot(mm, 'pgd', mm.pgd, top ? indexAt(addr, shift, bits) : 0n);
}

/**
 * `pXd_offset`, given the pointer and the value read from it: the slot of the level below.
 *
 * - A real level: the table that `entry` designates, indexed by `addr`; `slot` is not looked at.
 * - A folded level has no table: the answer is made from `slot` alone, so it is a table slot only if `slot` is one.
 *   Top style and s390: that very slot. Middle style at run time (arm64): the slot's page, indexed anew.
 *
 * The kernel's `pXd_offset(pXdp, addr)` is this with the value read from the pointer.
 */
export function pXdOffset<L extends UpperLevel, S extends Space>(
  mm: Mm,
  slot: Slot<L, S>,
  entry: Entry<NoInfer<L>>,
  addr: Vaddr,
): Slot<Below<L>, S | 'memory'> {
  const level: Below<L> = below(slot.level);
  if (isFolded(mm, level as LowerLevel, entry))
    return { level, space: slot.space, addr: wrap64(mm.arch.rules[level].foldedSlot({ slot: slot.addr, addr })) };
  const { shift, bits } = mm.arch.geometry[level];
  return tableSlot(mm, level, tableAddress(mm.arch, slot.level, entry), indexAt(addr, shift, bits));
}

/**
 * `pXd_offset_lockless(pXdp, pXd, addr)`, as merged in 2020 (d3f7b1bb2040): the value was read once, and pointer and
 * value both go down. Where the fold has a form of its own (s390; arm64, at p4d since v6.11) it takes the pointer;
 * everywhere else the generic form stands, which takes the address of its own copy, `copy`, and that is what a folded
 * level then hands on.
 */
export function pXdOffsetLockless<L extends UpperLevel>(
  mm: Mm,
  { slot, copy, entry }: Visit<L>,
  addr: Vaddr,
): Slot<Below<L>> {
  const own = hasOwnLockless(mm.arch.spec.levels[below(slot.level)].fold);
  return pXdOffset<L, Space>(mm, own ? slot : copy, entry, addr);
}

/**
 * `pXd_offset(pXdp, addr)`, by the pointer alone: the slot is read a second time, and what it holds by then decides.
 * Where the level below is folded for every entry, the value is not looked at, and nothing is read.
 * @returns `undefined` where the slot could not be read again
 */
export function pXdOffsetAgain<L extends UpperLevel>(
  mm: Mm,
  { slot, entry }: Visit<L>,
  addr: Vaddr,
  readOnce: ReadOnce,
): Slot<Below<L>> | undefined {
  const now = isAlwaysFolded(mm.arch, below(slot.level)) ? entry : readOnce(slot);
  return now === undefined ? undefined : pXdOffset(mm, slot, now, addr);
}

/**
 * `hugepte_offset(hugepd, addr, shift)`: the slot of the huge pte for `addr` in the table that a huge-page directory
 * designates. It holds as many as the directory's own slot covers. Meaningful only where the entry is such a directory.
 */
export function hugepteOffset(mm: Mm, level: UpperLevel, entry: Entry, addr: Vaddr): Slot<'pte', 'memory'> {
  const { fields = {} } = mm.arch.spec.levels[level].hugepd ?? {};
  const shift = mm.arch.rules[level].hugepd?.shift({ entry }) ?? 0n;
  const index = (addr & (mm.arch.geometry[level].size - 1n)) >> shift;
  return tableSlot(mm, 'pte', gather(fields, entry), index);
}

/** No wrap at 2^64: a table that reaches beyond is outside memory there, not at 0. */
function tableSlot<L extends Level>(mm: Mm, level: L, table: bigint, index: bigint): Slot<L, 'memory'> {
  return { level, space: 'memory', addr: table + index * BigInt(mm.arch.geometry[level].slotBytes) };
}
