/** gup_fast of ordinary memory, for bulk: rights and references, and nothing of a struct page but its count. */
import {
  checkedEngine,
  checkMm,
  checkObject,
  type Level,
  leafAddress,
  type Mm,
  type Pfn,
  type PinRequest,
  pfnOf,
  pXdIs,
  type RangeAnswer,
  type RangeRule,
  roleOf,
  type Slot,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { absence } from './absence.ts';
import { get, put } from './counts.ts';
import { checkPin, checkPort, checkStepper } from './doors.ts';
import { frameOf, pagesOf, refused, rightsRefused } from './entry-rules.ts';
import type { Taker } from './fast-walk.ts';
import { memoryPort } from './port.ts';
import type { Place, Stop } from './result.ts';
import { offsetLockless } from './variants/offset-lockless.ts';
import { formOf, type RangeOptions, type Tally, walkPages } from './walk-pages.ts';

/** What to hold, and how to walk. */
export interface PinRangeOptions extends PinRequest, RangeOptions {}

/**
 * Takes a reference to each page of [start, end), `end` 0 being 2^64, from the start on: what get_user_pages_fast_only of
 * Linux v7.1 does with memory that is no device's and no file's. A leaf above pte is counted at its first frame, for
 * all its pages at once, as a folio is at its head. As many pages as `frames` has room for are taken at most.
 * @throws UsageError `range-unaligned`, `range-reversed`; `engine` for an engine that cannot walk this
 */
export function pinRange(mm: Mm, start: Vaddr, end: Vaddr, options: PinRangeOptions): RangeAnswer {
  checkMm(mm);
  checkObject('options', options);
  const { stepper = offsetLockless, engine, port = memoryPort(mm), write, counts, frames } = options;
  checkStepper(stepper);
  checkPort(port);
  checkPin(options);
  if (engine) return checkedEngine(engine).walker(mm, formOf(stepper)).pinRange(start, end, { write, counts, frames });
  return walkPages({ mm, stepper, port }, [start, end], frames.length, (tally) =>
    takerOf({ mm, port, write, counts, frames, tally }),
  );
}

type Pinning = PinRequest & Required<Pick<RangeOptions, 'port'>> & { readonly mm: Mm; readonly tally: Tally };

function takerOf(pinning: Pinning): Taker {
  const { mm, port } = pinning;
  const changed = ({ slot, entry }: { readonly slot: Slot; readonly entry: bigint }): boolean =>
    port.readOnce(slot) !== entry;
  const forbidden = (place: Place): Stop | undefined => {
    const special = place.level !== 'pgd' && pXdIs<Level>(mm, 'special', place.level, place.entry);
    return rightsRefused(pinning, place) ?? (special ? refused(place, 'special') : undefined);
  };
  const headOf = ({ level, entry }: Place): Pfn => pfnOf(leafAddress(mm.arch, level, entry), mm.arch.spec.pageShift);

  return {
    absent: ({ slot, entry, addr }) => absence(mm, { level: slot.level, slot, entry, addr }, ['pgd']),
    leaf({ slot, entry, addr, next }) {
      const place: Place = { level: slot.level, slot, entry, addr };
      if (place.level === 'pgd') return refused(place, 'pgd-leaf');
      const asks = (): RangeRule | undefined => (changed(place) ? 'changed' : undefined);
      return forbidden(place) ?? take(pinning, place, headOf(place), pagesOf(mm, addr, next), asks);
    },
    table({ slot, entry }, addr) {
      const place: Place = { level: slot.level, slot, entry, addr };
      if (mm.arch.spec.levels.pte.is.special === undefined) return refused(place, 'no-special-bit');
      return roleOf(mm, 'pmd', entry) === 'table' ? undefined : refused(place, 'table-unmapped');
    },
    pte({ next: _, ...place }, pmd) {
      const asks = (): RangeRule | undefined => (changed(pmd) ? 'pmd-changed' : changed(place) ? 'changed' : undefined);
      return forbidden(place) ?? take(pinning, place, frameOf(mm, place), 1, asks);
    },
  };
}

/** References to `pages` pages that are counted at `head`: all, unless what is asked once they are held says no. */
function take(
  { mm, counts, frames, tally }: Pinning,
  place: Place,
  head: Pfn,
  pages: number,
  asks: () => RangeRule | undefined,
): Stop | undefined {
  const first = frameOf(mm, place);
  const uncounted = get(counts, head, pages);
  if (uncounted) return refused(place, uncounted, first);
  const rule = asks();
  if (rule) {
    put(counts, head, pages);
    return refused(place, rule, first);
  }
  for (let n = 0; n < pages; n++) frames[tally.pages + n] = first + n;
  tally.pages += pages;
  return undefined;
}
