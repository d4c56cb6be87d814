/** What a lookup has left in the module's variables, as core's `walk` says it. */
import {
  type Entry,
  indexIn,
  LEVELS,
  type Level,
  type Mm,
  paddrWrap,
  type Slot,
  topOfRoot,
  translatedBits,
  type WalkResult,
  wrap64,
} from '@kernel-mm/pgtable-core';
import { ENDS } from '../emit/quiet-walk.ts';
import type { Variable } from './range.ts';

/** What a lookup tells. */
export interface Ends {
  readonly at: Variable<bigint>;
  readonly raw: Variable<bigint>;
  /** The table in which `at` lies. */
  readonly in: Variable<bigint>;
  readonly frame: Variable<bigint>;
  readonly size: Variable<bigint>;
}

/** The result whose number, level and top level `lookup` has returned. */
export function endOf(mm: Mm, code: number, told: Ends): WalkResult {
  const kind = ENDS[code & 0xff] ?? 'none';
  const level = LEVELS[(code >> 8) & 0xff] as Level;
  const top = LEVELS[code >> 16] as Level;
  if (kind === 'root-mismatch') return { kind, register: topOfRoot(mm), table: top };
  if (kind === 'not-translatable') return { kind, bits: translatedBits(mm.arch, top) };
  const table = wrap64(told.in.value);
  const low = wrap64(told.at.value);
  // A slot beyond 2^64 is said to be there, as it is in the reference engine.
  const addr = low < table && kind === 'outside-memory' ? low + (1n << 64n) : low;
  const slot: Slot = { level, space: 'memory', addr };
  if (kind === 'outside-memory') return { kind, level, slot };
  const entry = wrap64(told.raw.value) as Entry;
  if (kind === 'leaf')
    return { kind, level, slot, entry, paddr: paddrWrap(told.frame.value), size: wrap64(told.size.value) };
  const index = indexIn(table, addr, mm.arch.geometry[level].slotBytes);
  return { kind, level, slot, entry, index };
}
