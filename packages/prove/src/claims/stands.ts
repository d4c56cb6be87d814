/** Where a walker may stand: in the loop of each level, every pointer right so far; and what its next step is. */
import {
  type Form,
  handsSlot,
  isDummyRead,
  isUpper,
  LEVELS,
  type Level,
  type LowerLevel,
  STACK,
  type UpperLevel,
} from '@kernel-mm/pgtable-core';
import { belowTerm, type Chain, chainOf, type Depth, ROOT, topSlotTerm } from '../chain.ts';
import { add, all, any, eq, implies, ne, type Term } from '../term.ts';
import { boundaryTerm, depthOf, foldedSlotTerm, indexTerm } from '../walk-terms.ts';

/** Where a walker stands in one level's loop. */
export interface Stand {
  readonly level: Level;
  /** The address at which its loop is, and where the loop ends. */
  readonly addr: Term;
  readonly end: Term;
  /** Where the pointer points: to a table, or to a copy on the stack. */
  readonly space: 'memory' | 'stack';
  readonly slot: Term;
  /** What was read there: memory that nobody writes gives a second read the same value, and a dummy is 0. */
  readonly entry: Term;
  /** The walk of `addr` alone. */
  readonly chain: Chain;
}

/** Where the walker may stand in each loop down to `last`, each pointer right so far. */
export function standsTo(depth: Depth, form: Form, last: Level, entries: 'memory' | 'any'): Stand[] {
  const stands: Stand[] = [];
  for (const level of LEVELS.slice(0, depthOf(last) + 1)) {
    const parent = stands.at(-1);
    const down = parent && descend(depth, form, parent, parent.addr);
    // A pointer to the stack that went on has left its copy already; so here it has not.
    const addr = down?.space === 'stack' ? parent!.addr : parent ? `addr at ${level}` : 'addr';
    const chain = chainOf(depth, addr, level);
    const slot = parent ? descend(depth, form, parent, addr).slot : topSlotTerm(depth, addr);
    const read = entries === 'memory' ? chain.entries.at(-1)! : `entry at ${level}`;
    stands.push({
      ...{ level, addr, chain, entry: isDummyRead(depth.arch, form, level) ? 0n : read },
      end: parent ? stepFrom(depth, form, stands).next : 'end',
      ...(down?.space === 'stack'
        ? down
        : { space: 'memory', slot: entries === 'memory' ? chain.slots.at(-1)! : slot }),
    });
  }
  return stands;
}

/** The next step of a loop. */
export interface Step {
  /** Where the slot ends. */
  readonly next: Term;
  /** The pointer, advanced. */
  readonly after: Term;
  /** Whether the loop has more to do. */
  readonly goesOn: Term;
  readonly keepsLaw: Term;
}

/** The step from where the last loop stands: where its slot ends, and whether the law is kept there. */
export function stepFrom(depth: Depth, form: Form, stands: readonly Stand[]): Step {
  const { arch } = depth;
  const { level, addr, end, entry, slot, space } = stands.at(-1)!;
  const parent = stands.at(-2);
  const next = isUpper(level)
    ? boundaryTerm(arch, level, form.boundary, { entry, root: ROOT }, [addr, end]).next
    : add(addr, arch.geometry.pte.size);
  const after = add(slot, BigInt(arch.geometry[level].slotBytes));
  const goesOn = ne(next, end);
  const offset = parent ? descend(depth, form, parent, next) : { space: 'memory', slot: topSlotTerm(depth, next) };
  return { next, after, goesOn, keepsLaw: implies(goesOn, offset.space === space ? eq(after, offset.slot) : 0n) };
}

/** The pointer one level down, as the form has it. */
export function descend(depth: Depth, form: Form, from: Stand, addr: Term): Pick<Stand, 'space' | 'slot'> {
  const { arch } = depth;
  const below = LEVELS[depthOf(from.level) + 1] as Level;
  if (!depth.isFolded(below))
    return { space: 'memory', slot: belowTerm(depth, from.level as UpperLevel, from.slot, from.entry, addr) };
  return handsSlot(form, arch.spec.levels[below].fold)
    ? { space: from.space, slot: foldedSlotTerm(arch, below as LowerLevel, from.slot, addr) }
    : { space: 'stack', slot: foldedSlotTerm(arch, below as LowerLevel, STACK.copy(depthOf(from.level)), addr) };
}

/** That a pointer to the stack points at a live copy, and that copy was read where `chain` reads. */
export const copied = (stands: readonly Stand[], pointer: Term, chain: Chain, level: Level): Term =>
  any(
    ...stands
      .slice(0, depthOf(level))
      .map(({ chain: own }, depth) =>
        all(eq(pointer, STACK.copy(depth)), eq(own.slots.at(-1)!, chain.slots[depthOf(level)]!)),
      ),
  );

/** That `next` selects the same tables as `addr`, and in the last of them the next slot: then it is the right one. */
export function nextIndex({ arch, top, isFolded }: Depth, level: Level, addr: Term, next: Term): Term {
  const passed = LEVELS.slice(depthOf(top), Math.max(depthOf(level), depthOf(top)) + 1);
  // A folded level whose slot is made from the address as well has more to agree on.
  if (LEVELS.some((one) => isFolded(one) && arch.spec.levels[one].fold?.slot !== undefined)) return 0n;
  const real = passed.filter((one) => one === top || !isFolded(one));
  const index = (one: Level, of: Term): Term => indexTerm(arch, one, of);
  const last = real.at(-1)!;
  return all(
    ...real.slice(0, -1).map((one) => eq(index(one, next), index(one, addr))),
    eq(index(last, next), add(index(last, addr), 1n)),
  );
}
