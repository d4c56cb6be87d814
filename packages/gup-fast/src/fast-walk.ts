/** The range walk of gup_fast: core's recursion and the loop over ptes, both asking a taker what to do with what they find. */
import {
  type Mm,
  pXdIs,
  type RangeStep,
  type RangeVisitor,
  type Slot,
  type Stepper,
  slotPlus,
  type Vaddr,
  type Visit,
  vaddrWrap,
  walkRange,
} from '@kernel-mm/pgtable-core';
import type { Port } from './port.ts';
import type { Place, Stop, Stray } from './result.ts';

/** A pte and its part of the range. */
interface FoundPte extends Place {
  readonly next: Vaddr;
  readonly slot: Slot<'pte'>;
}

/** What is done with what the walk finds, in the order in which it asks. A stop ends the walk. */
export interface Taker {
  /** Whether an upper entry is absent. */
  absent(step: RangeStep): Stop | undefined;
  /** A leaf above pte. */
  leaf(step: RangeStep): Stop | undefined;
  /** An entry that is neither absent nor a leaf, and is no table of ptes or pXds either: a huge-page directory. */
  directory?(step: RangeStep): Stop | 'taken' | undefined;
  /** Before the first pte of a table. */
  table?(pmd: Visit, addr: Vaddr): Stop | undefined;
  pte(found: FoundPte, pmd: Visit): Stop | undefined;
  /** After the last pte that was asked of a table, whatever ended its loop. */
  leave?(): void;
}

/** What a walk is made of. */
export interface FastWalk {
  readonly mm: Mm;
  readonly stepper: Stepper;
  readonly port: Port;
  readonly taker: Taker;
  readonly onStep?: ((step: RangeStep) => void) | undefined;
}

/** Walks [start, end), which must not be empty; `end` 0 is 2^64. */
export function fastWalk({ mm, stepper, port, taker, onStep }: FastWalk, start: Vaddr, end: Vaddr): Walked {
  const { readOnce, stack } = port;
  const { size, slotBytes } = mm.arch.geometry.pte;
  const strays: Stray[] = [];
  let stop: Stop | undefined;
  const visit = (slot: Slot<'pte'>, addr: Vaddr, pmd: Visit): Stop | undefined => {
    const entry = readOnce(slot);
    if (entry === undefined) return { kind: 'outside-memory', level: 'pte', addr, slot };
    return taker.pte({ level: 'pte', slot, entry, addr, next: vaddrWrap(addr + size) }, pmd);
  };

  const visitor: RangeVisitor = {
    enter(step) {
      const { slot, entry, addr } = step;
      onStep?.(step);
      // Ptes are never read from the stack: nothing is folded into them.
      if (!stack.origin(slot)) strays.push({ level: slot.level, addr, slot, entry });
      stop = taker.absent(step);
      if (stop) return 'stop';
      if (pXdIs(mm, 'leaf', slot.level, entry)) {
        stop = taker.leaf(step);
        return stop ? 'stop' : 'skip';
      }
      const directory = taker.directory?.(step);
      if (directory === 'taken') return 'skip';
      stop = directory;
      return stop ? 'stop' : 'descend';
    },
    ptes(first, from, to, pmd) {
      stop = taker.table?.(pmd, from);
      try {
        let slot = first;
        let addr = from;
        while (!stop) {
          stop = visit(slot, addr, pmd);
          addr = vaddrWrap(addr + size);
          if (addr === to) break;
          slot = slotPlus(slot, 1n, slotBytes);
        }
      } finally {
        taker.leave?.();
      }
      return !stop;
    },
    outside: (slot, addr) => {
      stop = { kind: 'outside-memory', level: slot.level, addr, slot };
    },
  };
  walkRange({ mm, stepper, readOnce, stack, visitor }, start, end);
  return { strays, ...(stop && { stop }) };
}

/** Where a walk strayed, and why it ended before its range did. */
export interface Walked {
  readonly strays: readonly Stray[];
  readonly stop?: Stop;
}
