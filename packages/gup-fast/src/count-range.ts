/** How many pages does the bare walk find? For bulk, and for engines. */
import { checkedEngine, checkMm, checkObject, type Mm, type RangeAnswer, type Vaddr } from '@kernel-mm/pgtable-core';
import { absence } from './absence.ts';
import { checkPort, checkStepper } from './doors.ts';
import { pagesOf } from './entry-rules.ts';
import { offsetLockless } from './variants/offset-lockless.ts';
import { checkBudget, formOf, type RangeOptions, walkPages } from './walk-pages.ts';

/** How to count. */
export interface CountOptions extends RangeOptions {
  /** At most so many pages; 2^20 unless said otherwise, so that tables which hold themselves do not hold you. */
  readonly budget?: number;
}

/**
 * How many pages of [start, end), `end` 0 being 2^64, are mapped from the start on: what `walkLockless` takes.
 * @throws UsageError `range-unaligned`, `range-reversed`; `argument` for a budget that is none; `engine` for an engine
 * that cannot walk this
 */
export function countRange(mm: Mm, start: Vaddr, end: Vaddr, options: CountOptions = {}): RangeAnswer {
  checkMm(mm);
  checkObject('options', options);
  const { stepper = offsetLockless, engine, port, budget = 2 ** 20 } = options;
  checkStepper(stepper);
  if (port !== undefined) checkPort(port);
  checkBudget(budget);
  if (engine) return checkedEngine(engine).walker(mm, formOf(stepper)).countRange(start, end, budget);
  return walkPages({ mm, stepper, port }, [start, end], budget, (tally) => ({
    absent: ({ slot, entry, addr }) => absence(mm, { level: slot.level, slot, entry, addr }, ['pgd', 'p4d']),
    leaf({ addr, next }) {
      tally.pages += pagesOf(mm, addr, next);
      return undefined;
    },
    pte(found) {
      const stop = absence(mm, found);
      if (!stop) tally.pages++;
      return stop;
    },
  }));
}
