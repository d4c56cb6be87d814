/** A range walk that only counts: bounded in pages, permitted or not, by the reference engine. */
import {
  checkMm,
  checkPages,
  type Engine,
  endOfPages,
  kindOf,
  type Mm,
  type RangeAnswer,
  type RangeStop,
  type Stepper,
  UsageError,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { fastWalk, type Taker } from './fast-walk.ts';
import { gupFastPermitted } from './permitted.ts';
import { memoryPort, type Port } from './port.ts';

/** Who walks, and how. */
export interface RangeOptions {
  /** The form of the walk. Default: `offsetLockless`, which every kernel since v5.9 has. */
  readonly stepper?: Stepper;
  /** Who walks; the reference engine unless said otherwise. */
  readonly engine?: Engine;
  /** What the reference engine reads through; {@link memoryPort} unless said otherwise. */
  readonly port?: Port;
}

/** What a taker tells of what it took. */
export interface Tally {
  pages: number;
}

/** The reference engine's walk of [start, end), at most `budget` pages of it. */
export function walkPages(
  {
    mm,
    stepper,
    port = memoryPort(mm),
  }: { readonly mm: Mm; readonly stepper: Stepper; readonly port?: Port | undefined },
  [start, end]: readonly [Vaddr, Vaddr],
  budget: number,
  takerOf: (tally: Tally) => Taker,
): RangeAnswer {
  checkMm(mm);
  checkPages(mm.arch, start, end);
  const tally: Tally = { pages: 0 };
  if (start === end) return { pages: 0, strays: 0 };
  if (!gupFastPermitted(mm, end, port.readOnce)) return { pages: 0, strays: 0, stop: { kind: 'not-permitted' } };
  const wanted = BigInt.asUintN(64, end - start) >> BigInt(mm.arch.spec.pageShift);
  const isCut = wanted > budget;
  const to = isCut ? endOfPages(mm.arch, start, budget) : end;
  if (start === to) return { pages: 0, strays: 0, stop: { kind: 'budget', addr: to } };
  const { strays, stop } = fastWalk({ mm, stepper, port, taker: takerOf(tally) }, start, to);
  // A walk that judges no more than these rules cannot stop for another reason.
  const why = (stop ?? (isCut ? { kind: 'budget', addr: to } : undefined)) as RangeStop | undefined;
  return { pages: tally.pages, strays: strays.length, ...(why && { stop: why }) };
}

/** Refuses a number of pages that is none. */
export function checkBudget(budget: number): void {
  if (!Number.isInteger(budget) || budget < 0 || budget >= 2 ** 31)
    throw new UsageError(
      'argument',
      'budget',
      `a whole number of pages below 2^31, not ${typeof budget === 'number' ? budget : kindOf(budget)}`,
    );
}

/** What an engine is told of a stepper. */
export function formOf({ name, form }: Stepper): NonNullable<Stepper['form']> {
  if (!form) throw new UsageError('engine', 'stepper', `one with a form, which ${name} has not`);
  return form;
}
