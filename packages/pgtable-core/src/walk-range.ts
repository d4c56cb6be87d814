/** The one recursion over the upper levels of a range. It reads through a port and asks a stepper; it knows no rule. */
import type { Vaddr } from './brand.ts';
import { type Entry, type Slot, slotPlus } from './entry.ts';
import { pgdOffset } from './fold.ts';
import { isDummyRead } from './form.ts';
import type { UpperLevel } from './level.ts';
import { type Mm, type ReadOnce, topLevel } from './mm.ts';
import type { StackArea } from './stack.ts';
import type { Stepper, Visit } from './stepper.ts';

/** One visit of one slot, with `next` already computed: what is skipped is skipped up to there. */
export interface RangeStep<L extends UpperLevel = UpperLevel> {
  /** The slot that was visited. */
  readonly slot: Slot<L>;
  /** What was read there. */
  readonly entry: Entry<L>;
  /** The part of the range that this slot answers for; `next` 0 is 2^64. */
  readonly addr: Vaddr;
  /** Where its part of the range ends. */
  readonly next: Vaddr;
  /** Where the loop over this table ends. */
  readonly end: Vaddr;
  /** The visit one level up, from which this loop started; none at pgd. */
  readonly parent?: Visit;
}

/**
 * What becomes of a slot. `again` reads it anew; `into` goes down by another value than was read, as who has just put a
 * table there does; `up` leaves the rest of this table, and the walk goes on in the one above; `stop` ends the whole walk.
 */
export type Decision = 'descend' | 'skip' | 'again' | 'up' | 'stop' | { readonly into: Entry };

/** What a walker does at each slot, and with each table of ptes. */
export interface RangeVisitor {
  /** One upper slot. */
  enter(step: RangeStep): Decision;
  /**
   * The ptes of [addr, end), the first of them in `slot`, below the pmd visited last. `false` ends the whole walk; an
   * address before `end` has the pmd read anew, and the walk go on from there.
   */
  ptes(slot: Slot<'pte'>, addr: Vaddr, end: Vaddr, pmd: Visit): boolean | Vaddr;
  /** After everything below an upper slot, also where that ended the walk (`done` is false then). `false` ends it here. */
  leave?(step: RangeStep, done: boolean): boolean;
  /** A slot that lies outside memory, at the first read or at a second one; the walk ends. */
  outside(slot: Slot, addr: Vaddr): void;
}

/** What one walk is made of. */
export interface RangeWalk {
  /** The address space. */
  readonly mm: Mm;
  /** Who answers the two questions. */
  readonly stepper: Stepper;
  /** How a slot is read. */
  readonly readOnce: ReadOnce;
  /** The stack that its local copies live on. */
  readonly stack: StackArea;
  /** Who is asked what to do with an entry. */
  readonly visitor: RangeVisitor;
}

/**
 * Walks [addr, end), `end` 0 being 2^64: each slot is read once per visit, unless the stepper's form says otherwise.
 * The range must not be empty.
 * @returns whether the whole range was done
 */
export const walkRange = (walk: RangeWalk, addr: Vaddr, end: Vaddr): boolean =>
  walkTable(walk, pgdOffset(walk.mm, addr, topLevel(walk.mm, walk.readOnce)), addr, end);

function walkTable<L extends UpperLevel>(
  walk: RangeWalk,
  first: Slot<L>,
  start: Vaddr,
  end: Vaddr,
  parent?: Visit,
): boolean {
  const { mm, stepper, visitor } = walk;
  let slot = first;
  let addr = start;
  do {
    // A dummy read touches nothing; as a level below it is folded, nobody looks at the value.
    const entry = isDummyRead(mm.arch, stepper.form, slot.level) ? (0n as Entry<L>) : walk.readOnce(slot);
    if (entry === undefined) {
      visitor.outside(slot, addr);
      return false;
    }
    const next = stepper.boundary(mm, slot.level, entry, addr, end);
    const step: RangeStep<L> = { slot, entry, addr, next, end, ...(parent && { parent }) };
    const decision = visitor.enter(step);
    if (decision === 'stop') return false;
    if (decision === 'up') return true;
    if (decision === 'again') continue;
    if (decision !== 'skip') {
      const below = walkBelow(walk, step, decision === 'descend' ? entry : (decision.into as Entry<L>));
      const done = below !== false;
      if (!(visitor.leave?.(step, done) ?? true) || !done) return false;
      if (below !== true) {
        addr = below;
        continue;
      }
    }
    slot = slotPlus(slot, 1n, mm.arch.geometry[slot.level].slotBytes);
    addr = next;
  } while (addr !== end);
  return true;
}

/** What lies below one slot, as the table that `entry` designates. */
function walkBelow<L extends UpperLevel>(
  walk: RangeWalk,
  { slot, addr, next }: RangeStep<L>,
  entry: Entry<NoInfer<L>>,
): boolean | Vaddr {
  const { mm, stepper, readOnce, stack, visitor } = walk;
  const visit: Visit<L> = { slot, entry, copy: stack.push(slot, entry) };
  const down: Slot | undefined = stepper.descend(mm, visit, addr, readOnce);
  if (!down) visitor.outside(slot, addr);
  const below =
    down &&
    (isPte(down)
      ? visitor.ptes(down, addr, next, visit)
      : walkTable(walk, down as Slot<UpperLevel>, addr, next, visit));
  stack.pop();
  return below === next || (below ?? false);
}

const isPte = (slot: Slot): slot is Slot<'pte'> => slot.level === 'pte';
