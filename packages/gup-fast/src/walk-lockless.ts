/** The bare walk: the tests of 2020 for what is there, no rights, no references. What tells the variants apart. */
import {
  checkMm,
  checkObject,
  checkPages,
  type Entry,
  leafAddress,
  leafSize,
  type Mm,
  paddrWrap,
  type RangeStep,
  type Slot,
  type Stepper,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { absence } from './absence.ts';
import { checkPort, checkStepper } from './doors.ts';
import { fastWalk } from './fast-walk.ts';
import { gupFastPermitted } from './permitted.ts';
import { memoryPort, type Port } from './port.ts';
import type { Leaf, LocklessWalk, Stop } from './result.ts';
import { checkBudget } from './walk-pages.ts';

/** How to walk. */
export interface WalkOptions {
  /** The form of walking: one of {@link VARIANTS}, or your own. */
  readonly stepper: Stepper;
  /** What the walker reads through; {@link memoryPort} of the address space unless said otherwise. */
  readonly port?: Port;
  /** At most so many leaves; 2^20 unless said otherwise, so that tables which hold themselves do not hold you. */
  readonly budget?: number;
  /** Walk also what gup_fast_permitted refuses: to see why it does. */
  readonly unpermitted?: boolean;
  /** Called at every visit of an upper slot, while the live copies are still on the stack. */
  readonly onStep?: (step: RangeStep) => void;
}

/**
 * Walks [start, end) as gup_fast of 2020 does, `end` 0 being 2^64: takes leaves at pud and pmd, and all ptes; stops at
 * the first that is none (pgd, p4d) or not present (below). It judges no rights and takes no reference. A `start` equal
 * to `end` is an empty range.
 * @throws UsageError `range-unaligned`, `range-reversed`
 */
export function walkLockless(mm: Mm, start: Vaddr, end: Vaddr, options: WalkOptions): LocklessWalk {
  checkMm(mm);
  checkObject('options', options);
  const { stepper, port = memoryPort(mm), budget = 2 ** 20, onStep } = options;
  checkStepper(stepper);
  checkPort(port);
  checkBudget(budget);
  const leaves: Leaf[] = [];

  checkPages(mm.arch, start, end);
  if (start === end) return { leaves, strays: [] };
  if (!options.unpermitted && !gupFastPermitted(mm, end, port.readOnce))
    return { leaves, strays: [], stop: { kind: 'not-permitted' } };

  const take = (slot: Slot, entry: Entry, addr: Vaddr, next: Vaddr): Stop | undefined => {
    if (leaves.length >= budget) return { kind: 'budget', addr };
    const { level } = slot;
    const offset = addr & (leafSize(mm.arch, level, entry) - 1n);
    leaves.push({ level, slot, entry, addr, end: next, paddr: paddrWrap(leafAddress(mm.arch, level, entry) + offset) });
    return undefined;
  };
  const walked = fastWalk(
    {
      ...{ mm, stepper, port, onStep },
      taker: {
        absent: ({ slot, entry, addr }) => absence(mm, { level: slot.level, slot, entry, addr }, ['pgd', 'p4d']),
        leaf: ({ slot, entry, addr, next }) => take(slot, entry, addr, next),
        pte: (found) => absence(mm, found) ?? take(found.slot, found.entry, found.addr, found.next),
      },
    },
    start,
    end,
  );
  return { leaves, ...walked };
}
