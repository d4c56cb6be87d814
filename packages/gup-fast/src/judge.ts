/** A walk under both oracles: does this form of walking survive this address space, and if not, where does it go wrong? */
import {
  type Entry,
  isAddressCorrect,
  keepsLaw,
  LEVELS,
  type Level,
  type Mm,
  type RangeStep,
  type Slot,
  type StackArea,
  type Stepper,
  sameSlot,
  slotOf,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { memoryPort } from './port.ts';
import type { LocklessWalk } from './result.ts';
import { walkLockless } from './walk-lockless.ts';

/** One read of a walk, beside the right one. */
export interface JudgedRead {
  readonly level: Level;
  /** The address that the walk had got to. */
  readonly addr: Vaddr;
  /** Where it read. */
  readonly slot: Slot;
  /** What it read; nothing where the slot lies outside memory. */
  readonly entry?: bigint;
  /** Where a walk of `addr` alone reads at this level; nothing where memory ends before that. */
  readonly expected?: Slot;
  /**
   * What is wrong. `address`: the entry is another address's, or lies outside the tables. `end`: the read is beyond the
   * range that was asked for. `law`: `slot + 1` is not what pXd_offset of the parent gives for `next`.
   */
  readonly wrong?: 'address' | 'end' | 'law';
}

/** The first read at which a walk is wrong. */
export interface Broken extends JudgedRead {
  readonly wrong: NonNullable<JudgedRead['wrong']>;
  /** The reads of the levels above that led there, from the top: where they were made, and where the right ones are. */
  readonly path: readonly JudgedRead[];
}

/** What a walk did, and what it kept. */
export interface Judgement extends LocklessWalk {
  /** Every entry was read where a walk of its address alone reads it, none outside the tables, none beyond `end`. */
  readonly addressCorrect: boolean;
  /** Whenever a loop went on, `slot + 1` was what pXd_offset of the parent gives for `next`. */
  readonly law: boolean;
  /** The first read of a wrong address or beyond `end`; where there is none, the first step that breaks the law. */
  readonly broken?: Broken;
}

/** Walks [start, end) with `stepper` on quiet memory, and asks both oracles at every step. */
export function judge(mm: Mm, stepper: Stepper, start: Vaddr, end: Vaddr, stack?: StackArea): Judgement {
  const port = memoryPort(mm, stack);
  const reads: JudgedRead[] = [];
  // `again`: what the parent's slot holds. Its copy is gone from the stack when the law is asked.
  const steps: { readonly step: RangeStep; readonly isRight: boolean; readonly again: Entry | undefined }[] = [];
  const read = (of: JudgedRead, isRight: boolean, isKept = true): void => {
    const isInside = BigInt.asUintN(64, of.addr - start) < BigInt.asUintN(64, end - start);
    const wrong = !isRight ? 'address' : !isInside ? 'end' : isKept ? undefined : 'law';
    const expected = slotOf(mm, of.addr, of.level);
    reads.push({ ...of, ...(expected && { expected }), ...(wrong && { wrong }) });
  };
  const walk = walkLockless(mm, start, end, {
    stepper,
    port,
    onStep(step) {
      const { slot, addr, parent } = step;
      const isRight = isAddressCorrect(mm, port.stack, slot, addr);
      steps.push({ step, isRight, again: parent && port.readOnce(parent.slot) });
    },
  });
  let law = true;
  // Asked when the walk is over: a stepper that is not pure must not be put right by the questions.
  for (const { step, isRight, again } of steps) {
    const { slot, addr, entry } = step;
    // A stepper reads no slot but the parent's.
    const isKept = keepsLaw(mm, stepper, step, <L extends Level>() => again as Entry<L> | undefined);
    law &&= isKept;
    read({ level: slot.level, addr, slot, entry }, isRight, isKept);
  }
  // The ptes: those that were taken, and the one that stopped the walk; so does a slot of any level outside memory.
  const { leaves, stop } = walk;
  for (const { level, addr, slot, entry } of leaves)
    if (level === 'pte') read({ level, addr, slot, entry }, isExpected(mm, slot, addr));
  if (stop && 'slot' in stop && (stop.level === 'pte' || stop.kind === 'outside-memory')) {
    const { level, addr, slot } = stop;
    read({ level, addr, slot, ...('entry' in stop && { entry: stop.entry }) }, isExpected(mm, slot, addr));
  }
  const broken = firstOf(reads, start);
  return { ...walk, addressCorrect: !broken || broken.wrong === 'law', law, ...(broken && { broken }) };
}

const isExpected = (mm: Mm, slot: Slot, addr: Vaddr): boolean => {
  const expected = slotOf(mm, addr, slot.level);
  return expected !== undefined && sameSlot(expected, slot);
};

/** The first wrong read. A walk goes from address to address, and for each from the top down. */
function firstOf(reads: readonly JudgedRead[], start: Vaddr): Broken | undefined {
  const depth = ({ level }: JudgedRead): number => LEVELS.indexOf(level);
  const far = ({ addr }: JudgedRead): bigint => BigInt.asUintN(64, addr - start);
  const inOrder = [...reads].sort((a, b) => (far(a) < far(b) ? -1 : far(a) > far(b) ? 1 : depth(a) - depth(b)));
  const at = (of: (wrong: JudgedRead['wrong']) => boolean): number =>
    inOrder.findIndex(({ wrong }) => wrong && of(wrong));
  const n = at((wrong) => wrong !== 'law') >= 0 ? at((wrong) => wrong !== 'law') : at(() => true);
  const found = inOrder[n];
  if (!found?.wrong) return undefined;
  const above = LEVELS.slice(0, depth(found)).flatMap(
    (level) => inOrder.slice(0, n).findLast((one) => one.level === level) ?? [],
  );
  return { ...found, wrong: found.wrong, path: above };
}

const WRONG: Readonly<Record<Broken['wrong'], string>> = {
  address: 'not where a walk of this address alone reads',
  end: 'beyond the end of the range',
  law: 'from here the loop goes on, and slot + 1 is not the slot of the next address',
};

/** A broken walk as a picture in words: each level from the top, the walker's slot and the right one side by side. */
export function formatBroken({ path, ...last }: Broken): string {
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  const place = (slot: Slot | undefined): string =>
    slot ? `${slot.space === 'stack' ? 'stack ' : ''}${hex(slot.addr)}` : 'outside memory';
  const rows = [...path, last].map(({ level, addr, slot, entry, expected }) => [
    ...[level, hex(addr), place(slot), entry === undefined ? 'outside memory' : hex(entry), place(expected)],
  ]);
  const all = [['level', 'for', 'read at', 'entry', 'right slot'], ...rows];
  const widths = all[0]!.map((_, n) => Math.max(...all.map((row) => row[n]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, n) => cell.padEnd(widths[n]!))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, `${last.level} for ${hex(last.addr)}: ${WRONG[last.wrong]}`].join('\n');
}
