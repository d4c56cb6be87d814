/** What a range operation has left in the module's variables, as an answer. */
import {
  type Entry,
  LEVELS,
  type Level,
  type Pfn,
  type RangeAnswer,
  type RangePlace,
  type RangeRule,
  type RangeStop,
  type Slot,
  UsageError,
  type Vaddr,
  wrap64,
} from '@kernel-mm/pgtable-core';
import { STOPS } from '../emit/stops.ts';

/** A variable of the module. */
export interface Variable<T> {
  readonly value: T;
}

/** What a range operation tells. */
export interface Stops {
  readonly code: Variable<number>;
  readonly strays: Variable<number>;
  readonly at: Variable<bigint>;
  readonly raw: Variable<bigint>;
  readonly frame: Variable<bigint>;
  readonly where: Variable<bigint>;
}

/** From this number on a stop is a rule that refused; from the other, one that was asked of a page. */
const FIRST_RULE = STOPS.indexOf('pgd-leaf');
const FIRST_OF_PAGE = STOPS.indexOf('no-page');

/**
 * The answer of an operation that took `pages` pages and has something to tell.
 * @throws UsageError `range-unaligned`, `range-reversed`
 */
export function answerOf(pages: number, told: Stops, pageShift: number): RangeAnswer {
  const strays = told.strays.value;
  const stop = stopOf(told, pageShift);
  return { pages, strays, ...(stop && { stop }) };
}

function stopOf({ code, at, raw, frame, where }: Stops, pageShift: number): RangeStop | undefined {
  const n = code.value & 0xff;
  const name = STOPS[n] ?? 'done';
  const addr = wrap64(where.value) as Vaddr;
  switch (name) {
    case 'done':
      return undefined;
    case 'unaligned':
      throw new UsageError('range-unaligned', 'addr, end', `multiples of 2^${pageShift}`);
    case 'reversed':
      throw new UsageError('range-reversed', 'end', 'an end that is not before addr');
    case 'not-permitted':
      return { kind: name };
    case 'budget':
      return { kind: name, addr };
  }
  const level = LEVELS[(code.value >> 8) & 7] as Level;
  // A slot beyond 2^64 is said to be there, as it is in the reference engine.
  const beyond = code.value & 0x1000 ? 1n << 64n : 0n;
  const slot: Slot = { level, space: code.value & 0x800 ? 'stack' : 'memory', addr: wrap64(at.value) + beyond };
  if (name === 'outside-memory') return { kind: name, level, addr, slot };
  const place: RangePlace = { level, addr, slot, entry: wrap64(raw.value) as Entry };
  if (n < FIRST_RULE) return { kind: name as 'none' | 'not-present', ...place };
  const pfn = Number(wrap64(frame.value)) as Pfn;
  return { kind: 'refused', rule: name as RangeRule, ...place, ...(n >= FIRST_OF_PAGE && { pfn }) };
}
