/** The walk of one address by real pointers, as terms over memory that nobody writes: the oracle of all steppers. */
import {
  type Arch,
  isAlwaysFolded,
  isUpper,
  LEVELS,
  type Level,
  type LowerLevel,
  type UpperLevel,
} from '@kernel-mm/pgtable-core';
import { add, eq, read, type Term, times } from './term.ts';
import { depthOf, foldedSlotTerm, foldedTerm, indexTerm, slotTerm, tableTerm } from './walk-terms.ts';

/** A process's depth: the top level, and which levels have no table of their own. */
export interface Depth {
  readonly arch: Arch;
  readonly top: Level;
  /** Whether a level is folded into the one above, for every entry of such a process. */
  isFolded(level: Level): boolean;
}

/** A walk of one address: at each depth from pgd on, the slot and the entry. */
export interface Chain {
  readonly slots: readonly Term[];
  readonly entries: readonly Term[];
  /** That every entry above the last is of the type that its table has: where a walk goes on is then known. */
  readonly typed: Term[];
}

/** The root register and the top table of every claim about walks. */
export const ROOT = 'root';
export const PGD = 'pgd';

/** Every depth that a process of this architecture can have; what is folded at boot by a rule may be, or not. */
export function depthsOf(arch: Arch): Depth[] {
  const { levels, root } = arch.spec;
  const open = LEVELS.filter((level) => levels[level].fold?.if !== undefined && levels[level].fold?.when !== 'process');
  const subsets = open.reduce<Level[][]>((sets, level) => sets.flatMap((set) => [set, [...set, level]]), [[]]);
  return LEVELS.filter((level) => root.tops[level]).flatMap((top) =>
    subsets.map((chosen) => ({
      arch,
      top,
      isFolded(level) {
        const { fold } = levels[level];
        if (!fold || fold.if === undefined) return fold !== undefined;
        return fold.when === 'process' ? depthOf(level) <= depthOf(top) : chosen.includes(level);
      },
    })),
  );
}

/** That `entry`, of `level`, says of each level that may be folded into it whether it is, as the process's depth has it. */
export function typedTerm(depth: Depth, level: UpperLevel, entry: Term): Term[] {
  const { arch, isFolded } = depth;
  const next = LEVELS[depthOf(level) + 1] as Level;
  if (!isUpper(next) || arch.spec.levels[next].fold?.slot !== undefined) return [];
  const says =
    isAlwaysFolded(arch, next) || !arch.spec.levels[next].fold
      ? []
      : [eq(foldedTerm(arch, next as LowerLevel, { entry, root: ROOT }), isFolded(next) ? 1n : 0n)];
  return isFolded(next) ? [...says, ...typedTerm(depth, next, entry)] : says;
}

/** The level as which an entry of `level` is finally read. */
export function readAt(depth: Depth, level: Level): Level {
  const next = LEVELS[depthOf(level) + 1];
  return next !== undefined && depth.isFolded(next) ? readAt(depth, next) : level;
}

/** That slot 0 of the top table says its level, where that is how a walker knows it. */
export function topTyped({ arch, isFolded }: Depth): Term[] {
  const entry = read(PGD);
  const typed: Term[] = [];
  for (const level of LEVELS.slice(1, -1) as LowerLevel[]) {
    const { fold } = arch.spec.levels[level];
    if (fold?.when === 'process' && fold.if !== undefined)
      typed.push(eq(foldedTerm(arch, level, { entry, root: ROOT }), isFolded(level) ? 1n : 0n));
    if (!isFolded(level)) break;
  }
  return typed;
}

/** The slot one level down by real pointers. */
export function belowTerm({ arch, isFolded }: Depth, level: UpperLevel, slot: Term, entry: Term, addr: Term): Term {
  const next = LEVELS[depthOf(level) + 1] as Level;
  return isFolded(next)
    ? foldedSlotTerm(arch, next as LowerLevel, slot, addr)
    : slotTerm(arch, next, tableTerm(arch, level, entry), addr);
}

/** The slot of the top table. */
export const topSlotTerm = ({ arch, top }: Depth, addr: Term): Term =>
  add(PGD, times(indexTerm(arch, top, addr), arch.geometry.pgd.slotBytes));

/** The walk of `addr` down to `last`. */
export function chainOf(depth: Depth, addr: Term, last: Level): Chain {
  const slots: Term[] = [topSlotTerm(depth, addr)];
  const entries: Term[] = [read(slots[0]!)];
  const typed: Term[] = [];
  for (const level of LEVELS.slice(0, depthOf(last)) as UpperLevel[]) {
    const entry = entries.at(-1)!;
    typed.push(...typedTerm(depth, level, entry));
    slots.push(belowTerm(depth, level, slots.at(-1)!, entry, addr));
    entries.push(read(slots.at(-1)!));
  }
  return { slots, entries, typed };
}
