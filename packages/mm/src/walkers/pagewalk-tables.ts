/** walk_pgd_range and below: which callback is asked at which level, what counts as a hole, and when a huge page is split. */
import {
  type Decision,
  type Entry,
  LEVELS,
  type Mm,
  pXdIs,
  type RangeStep,
  type Slot,
  type UpperLevel,
} from '@kernel-mm/pgtable-core';
import { type Lost, losing } from './lost.ts';
import type { Verdict, WalkAt, Walked, WalkFailure, WalkOps, WalkVma } from './pagewalk-ops.ts';
import type { Range, WalkerOf } from './port.ts';
import { isHugePmd, splitHugePmd, splitHugePud } from './split.ts';
import { noneOrClearBad, noneOrHugeOrClearBad } from './tables.ts';
import { runWalk, type WalkerOptions } from './walk.ts';

/** One walk of tables. */
export interface TableWalk<V extends WalkVma> {
  readonly walker: WalkerOf;
  readonly ops: WalkOps<V>;
  readonly options: WalkerOptions & { readonly again?: number };
  /** The mapping; `none`: the walk knows of no mappings; `gap`: there is none here. */
  readonly within: V | 'none' | 'gap';
}

/** How often in a row an entry is read anew, unless said otherwise: far more than any callback has a reason to ask. */
const AGAIN = 64;

/** The callbacks, from the top down. */
const ENTRIES = ['pgdEntry', 'p4dEntry', 'pudEntry', 'pmdEntry', 'pteEntry'] as const;

/** The level of a hole. One below a level with a single entry is one of the level above (v5.8, real_depth). */
function depthOf({ arch }: Mm, level: UpperLevel): number {
  const depth = LEVELS.indexOf(level);
  const single = [...LEVELS.slice(1, depth + 1)].reverse().findIndex((one) => arch.geometry[one].entries !== 1);
  return single < 0 ? 0 : depth - single;
}

/** Walks the tables of a range, which must not be empty. */
export function walkTables<V extends WalkVma>(walk: TableWalk<V>, range: Range): Walked {
  const { walker, ops, within } = walk;
  const { mm, port } = walker;
  const vma = typeof within === 'string' ? undefined : within;
  const lost: Lost[] = [];
  let told: Walked = { ret: 0 };
  let tries = 0;

  const stop = (ret: Verdict, failure?: WalkFailure): 'stop' => {
    told = { ret, ...(failure && { failure }) };
    return 'stop';
  };
  const hole = ({ slot, addr, next }: RangeStep): Decision => {
    const ret = ops.pteHole?.({ addr, next, depth: depthOf(mm, slot.level), vma }) ?? 0;
    return ret === 0 ? 'skip' : stop(ret);
  };
  const at = <L extends UpperLevel>({ slot, entry, addr, next }: RangeStep): WalkAt<L, V> =>
    ({ slot, entry, addr, next, vma }) as unknown as WalkAt<L, V>;
  /** Whether anything below this level could interest a callback. */
  const deeper = ({ slot }: RangeStep): boolean =>
    ENTRIES.slice(LEVELS.indexOf(slot.level) + 1).some((name) => ops[name] !== undefined);
  const reread = ({ slot, addr }: RangeStep): Decision => {
    tries++;
    return tries <= (walk.options.again ?? AGAIN) ? 'again' : stop('EAGAIN', { kind: 'again-limit', slot, addr });
  };
  /** By what the slot holds now: a callback, or a split, may have changed it. */
  const down = (step: RangeStep): Decision => {
    const into = ops[ENTRIES[LEVELS.indexOf(step.slot.level)] ?? 'pteEntry'] ? port.readOnce(step.slot) : step.entry;
    return into === undefined ? reread(step) : { into };
  };

  /** pgd and p4d: bad entries are cleared. */
  const enterTop = (step: RangeStep): Decision => {
    if (noneOrClearBad(walker, step, lost)) return hole(step);
    const ret = (step.slot.level === 'pgd' ? ops.pgdEntry?.(at(step)) : ops.p4dEntry?.(at(step))) ?? 0;
    if (ret !== 0) return stop(ret);
    return deeper(step) ? down(step) : 'skip';
  };

  /** pud and pmd: bad entries are left to who goes down by them. */
  const enterMiddle = (step: RangeStep): Decision => {
    const { level } = step.slot;
    if (within === 'gap' || pXdIs(mm, 'none', level, step.entry)) return hole(step);
    const said = (level === 'pud' ? ops.pudEntry?.(at(step)) : ops.pmdEntry?.(at(step))) ?? 0;
    if (said === 'again') return reread(step);
    if (said !== 0 && said !== 'subtree' && said !== 'continue') return stop(said);
    if (said === 'continue' || !deeper(step)) return 'skip';
    const going = down(step);
    return typeof going === 'string' ? going : below(step, going.into as Entry<UpperLevel>);
  };

  const below = (step: RangeStep, entry: Entry<UpperLevel>): Decision => {
    const { slot } = step;
    if (!vma)
      return pXdIs(mm, 'leaf', slot.level, entry) || !pXdIs(mm, 'present', slot.level, entry)
        ? 'skip'
        : { into: entry };
    if (slot.level === 'pud') return belowPud(step, entry);
    if (!isHugePmd(walker, entry))
      return noneOrHugeOrClearBad(walker, { slot, entry, addr: step.addr }, lost) ? reread(step) : { into: entry };
    if (!splitHugePmd(walker, { slot, entry }, step.addr, vma.backing ? 'file' : 'anon'))
      return stop('ENOMEM', { kind: 'no-memory', slot });
    const made = port.readOnce(slot);
    // pmd_trans_unstable: somebody else, or a file's page, which is gone.
    if (made === undefined || noneOrHugeOrClearBad(walker, { slot, entry: made, addr: step.addr }, lost))
      return reread(step);
    return { into: made };
  };
  const belowPud = (step: RangeStep, entry: Entry<UpperLevel>): Decision => {
    const huge = pXdIs(mm, 'leaf', 'pud', entry as Entry<'pud'>);
    if (huge) splitHugePud(walker, step.slot as Slot<'pud'>, step.addr);
    return huge || pXdIs(mm, 'none', 'pud', entry as Entry<'pud'>) ? reread(step) : { into: entry };
  };

  const outside = runWalk(walker, range, walk.options, {
    enter(step) {
      const { level } = step.slot;
      const decision = level === 'pgd' || level === 'p4d' ? enterTop(step) : enterMiddle(step);
      if (decision !== 'again') tries = 0;
      return decision;
    },
    // Nobody else is in tables that are walked without mappings.
    ...(vma && { open: ({ slot }) => port.lock(slot), close: ({ slot }) => port.unlock(slot) }),
    pte(pte) {
      const next = (pte.addr + mm.arch.geometry.pte.size) as typeof pte.addr;
      const ret = ops.pteEntry?.({ ...pte, next, vma }) ?? 0;
      return ret === 0 ? undefined : stop(ret);
    },
  });
  return { ...(outside ? { ret: 'EFAULT', failure: outside } : told), ...losing(lost) };
}
