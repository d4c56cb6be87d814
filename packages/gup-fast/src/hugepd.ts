/** Huge-page directories (powerpc, up to v6.10): a table of ptes that all map pages of one size. */
import { cropTo, hugepteOffset, type RangeStep, slotPlus } from '@kernel-mm/pgtable-core';
import { accessRefused, frameOf, pagesOf } from './entry-rules.ts';
import type { Run } from './gup.ts';
import { changed, take } from './held-rules.ts';
import type { Place, Stop } from './result.ts';

/**
 * gup_huge_pd: the huge ptes of [addr, next). There is no test for protnone or special here.
 * @returns `taken`, a stop, or nothing where the entry is no such directory
 */
export function takeHugepd(run: Run, { slot, entry, addr, next }: RangeStep): Stop | 'taken' | undefined {
  const { mm, port, era } = run;
  const hugepd = era.hugepd ? mm.arch.rules[slot.level].hugepd : undefined;
  if (!hugepd?.is({ entry })) return undefined;
  const size = 1n << hugepd.shift({ entry });
  let at = hugepteOffset(mm, slot.level, entry, addr);
  let from = addr;
  do {
    const to = cropTo(from, next, size);
    const pte = port.readOnce(at);
    if (pte === undefined) return { kind: 'outside-memory', level: 'pte', addr: from, slot: at };
    const place: Place = { level: 'pte', slot: at, entry: pte, addr: from };
    const stop =
      accessRefused(run, place) ?? take(run, place, frameOf(mm, place, size), pagesOf(run.mm, from, to), [changed]);
    if (stop) return stop;
    at = slotPlus(at, 1n, mm.arch.geometry.pte.slotBytes);
    from = to;
  } while (from !== next);
  return 'taken';
}
