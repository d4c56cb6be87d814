/** The first question of all: is there anything at this entry? */
import { type Level, type Mm, pXdIs } from '@kernel-mm/pgtable-core';
import type { Place, Stop } from './result.ts';

/** `!pXd_present`, or, at the levels of `byNone`, `pXd_none`. */
export function absence(mm: Mm, place: Place, byNone: readonly Level[] = []): Stop | undefined {
  const { level, addr, slot, entry } = place;
  const asksNone = byNone.includes(level);
  if (pXdIs(mm, asksNone ? 'none' : 'present', level, entry) !== asksNone) return undefined;
  return { kind: asksNone ? 'none' : 'not-present', level, addr, slot, entry };
}
