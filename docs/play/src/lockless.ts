/** A lockless walk as a list of its reads, in order: what the stepper shows. */
import { formatStop, judge, memoryPort, VARIANTS, walkLockless } from '@kernel-mm/gup-fast';
import {
  type Entry,
  explainEntry,
  isAddressCorrect,
  isDummyRead,
  LEVELS,
  type Level,
  type Mm,
  pointerName,
  type Slot,
  STACK,
  StackArea,
  vaddr,
} from '@kernel-mm/pgtable-core';
import type { State } from './state.ts';

/** One read. */
export interface Read {
  readonly slot: Slot;
  readonly entry: Entry | undefined;
  /** What C calls the pointer. */
  readonly pointer: string;
  /** For which address; unknown where the read found nothing. */
  readonly addr?: bigint;
  /** What the entry says. */
  readonly says: string;
  /** Whether a walk of that address alone reads here too. */
  readonly right: boolean;
}

/** A copy on the walker's stack, and where it lies. */
export interface Copy {
  readonly level: Level;
  readonly at: bigint;
  readonly value: bigint;
}

/** A whole walk. */
export interface Lockless {
  readonly reads: readonly Read[];
  readonly pages: number;
  readonly stop: string;
  readonly addressCorrect: boolean;
  readonly law: boolean;
}

/** Never more rows than somebody would step through. */
const BUDGET = 64;

/** Walks the state's range in its form. */
export function locklessOf(mm: Mm, { variant, neighbour, start, end }: State): Lockless {
  const { stepper } = VARIANTS[variant];
  const stack = new StackArea(neighbour);
  const port = memoryPort(mm, stack);
  const reads: Read[] = [];
  const told = (slot: Slot, entry: Entry | undefined): Read => ({
    ...{ slot, entry, pointer: pointerName(mm, { slot }), right: true },
    says: entry === undefined ? 'outside memory' : explainEntry(mm, slot.level, entry),
  });
  const [from, to] = [vaddr(start), vaddr(end)];
  walkLockless(mm, from, to, {
    stepper,
    budget: BUDGET,
    port: {
      stack,
      readOnce(slot) {
        const entry = port.readOnce(slot);
        reads.push(told(slot, entry));
        return entry;
      },
    },
    onStep(step) {
      const { slot, entry, addr } = step;
      // A dummy read is a row too, although the port was not asked.
      const isDummy = isDummyRead(mm.arch, stepper.form, slot.level);
      reads[isDummy ? reads.length : reads.length - 1] = {
        ...told(slot, entry),
        ...(isDummy && { says: 'not read: the level below is folded, and a dummy read answers 0' }),
        ...{ addr, pointer: pointerName(mm, step), right: isAddressCorrect(mm, stack, slot, addr) },
      };
    },
  });
  const { leaves, stop, addressCorrect, law } = judge(mm, stepper, from, to, new StackArea(neighbour));
  return {
    ...{ reads: reads.slice(0, 4 * BUDGET), addressCorrect, law },
    ...{ pages: leaves.length, stop: stop ? formatStop(stop) : '' },
  };
}

/** The copies on the stack when the first `n` reads are done. */
export function copiesAt(reads: readonly Read[], n: number): Copy[] {
  const done = reads.slice(0, n);
  const depth = done.length ? LEVELS.indexOf(done.at(-1)!.slot.level) : 0;
  return LEVELS.slice(0, Math.min(depth + 1, 4)).flatMap((level, at) => {
    const last = done.findLast(({ slot }) => slot.level === level);
    return last?.entry === undefined ? [] : [{ level, at: STACK.copy(at), value: last.entry }];
  });
}
