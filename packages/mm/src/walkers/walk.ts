/** The stepping core as ordinary walkers use it: the form a parameter, the loop over ptes once. */
import {
  type Decision,
  type Entry,
  type RangeStep,
  type Slot,
  slotPlus,
  topLevel,
  UsageError,
  type Vaddr,
  vaddrWrap,
  walkRange,
} from '@kernel-mm/pgtable-core';
import { FORMS, type Form } from './forms.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';

/** A slot lies outside memory, and the walk ended there: a kernel would have read whatever is there. */
export interface Outside {
  readonly kind: 'outside-memory';
  readonly slot: Slot;
  readonly addr: Vaddr;
}

/** One pte. */
export interface PteStep {
  readonly slot: Slot<'pte'>;
  readonly entry: Entry<'pte'>;
  readonly addr: Vaddr;
}

/** The part of a table of ptes that a walk has come to. */
export interface PteRange extends Range {
  readonly slot: Slot<'pte'>;
}

/**
 * What becomes of the loop after a pte: it goes on (`next`, or nothing); it ends here and the pmd is read anew, to go on
 * behind this pte (`leave`) or with it (`stay`); the same, but the table is only closed and opened again, without a look at
 * the pmd (`reopen`, `retry`); the rest of the table is left (`up`); or the whole walk ends (`stop`). `hold` goes on with the
 * next address, but with the same slot: a pointer that was not advanced.
 */
export type PteDecision = 'next' | 'leave' | 'stay' | 'reopen' | 'retry' | 'up' | 'stop' | 'hold' | undefined;

/** What a walker does where it comes. */
export interface Visitor {
  /** One upper slot. */
  enter(step: RangeStep): Decision;
  /** After all below it; `false` ends the walk. */
  leave?(step: RangeStep, done: boolean): boolean;
  /** Before the first pte of a table, for example to lock it. */
  open?(table: PteRange): void;
  pte?(pte: PteStep): PteDecision;
  /** After the last pte that was visited, whatever ended the loop. */
  close?(table: PteRange): void;
  /** Between closing a table and opening it again for what is left; `false` ends the walk. */
  resume?(rest: PteRange): boolean;
}

/** How a walker is run. */
export interface WalkerOptions {
  /** How slots end; `static` unless said otherwise. */
  readonly form?: Form;
  /** Called at every visit of an upper slot, before the walker sees it. */
  readonly onStep?: (step: RangeStep) => void;
}

/**
 * Walks a range that is not empty.
 * @returns where it left memory, if it did
 * @throws UsageError `address-range`, before anything is read, for more than the top table has: pointers would run past it
 */
export function runWalk(walker: WalkerOf, range: Range, options: WalkerOptions, visitor: Visitor): Outside | undefined {
  const { mm, port } = walker;
  checkSpan(walker, range);
  const { form = 'static', onStep } = options;
  const { readOnce, stack } = port;
  let left: Outside | undefined;
  const outside = (slot: Slot, addr: Vaddr): void => {
    left = { kind: 'outside-memory', slot, addr };
  };
  const { leave } = visitor;
  walkRange(
    {
      ...{ mm, readOnce, stack, stepper: FORMS[form] },
      visitor: {
        outside,
        ...(leave && { leave: (step, done) => leave(step, done) }),
        enter(step) {
          onStep?.(step);
          return visitor.enter(step);
        },
        ptes: (slot, start, end) => walkPtes(walker, { slot, start, end }, visitor, outside),
      },
    },
    range.start,
    range.end,
  );
  return left;
}

/** A range must lie in what the top table covers, or, of a kernel's, in its copy at the end of the address space. */
function checkSpan({ mm }: WalkerOf, { start, end }: Range): void {
  // Not by the port: how deep a process is, its limit says in a kernel, not an entry.
  const top = topLevel(mm) ?? 'pgd';
  const { size, bits } = mm.arch.geometry[top];
  const span = size << BigInt(bits);
  const bytes = endOf({ end }) - start;
  if ((start & (span - 1n)) + bytes > span)
    throw new UsageError('address-range', 'range', `addresses that the top table covers, 0x${span.toString(16)} bytes`);
}

/**
 * The ptes of one table, between `open` and `close`; for walkers whose own handler of a pmd goes through them. A range that
 * is not of whole pages ends with the pte that reaches its end (v5.8, walk_pte_range).
 * @returns `true` if all ptes were visited, `false` if the walk ends, else the address from which the pmd is to be read anew
 */
export function walkPtes(
  walker: WalkerOf,
  range: PteRange,
  visitor: Pick<Visitor, 'open' | 'pte' | 'close' | 'resume'>,
  outside: (slot: Slot, addr: Vaddr) => void,
): boolean | Vaddr {
  let table = range;
  for (;;) {
    visitor.open?.(table);
    const result = eachPte(walker, table, visitor, outside);
    visitor.close?.(table);
    if (typeof result !== 'object') return result;
    if (!(visitor.resume?.(result) ?? true)) return false;
    table = result;
  }
}

/** @returns as {@link walkPtes}, or the part for which the table is to be opened again */
function eachPte(
  { mm, port }: WalkerOf,
  { slot: first, start, end }: PteRange,
  { pte }: Pick<Visitor, 'pte'>,
  outside: (slot: Slot, addr: Vaddr) => void,
): boolean | Vaddr | PteRange {
  const { size, slotBytes } = mm.arch.geometry.pte;
  let slot = first;
  let addr = start;
  for (;;) {
    const entry = port.readOnce(slot);
    if (entry === undefined) {
      outside(slot, addr);
      return false;
    }
    const decision = pte?.({ slot, entry, addr });
    if (decision === 'stop') return false;
    if (decision === 'up') return true;
    if (decision === 'stay') return addr;
    if (decision === 'retry') return { slot, start: addr, end };
    if (BigInt.asUintN(64, end - addr) <= size) return true;
    addr = vaddrWrap(addr + size);
    if (decision === 'leave') return addr;
    if (decision !== 'hold') slot = slotPlus(slot, 1n, slotBytes);
    if (decision === 'reopen') return { slot, start: addr, end };
  }
}
