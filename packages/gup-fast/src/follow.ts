/** follow_page_mask: is the page of an address there, with the right that is asked for? Under the mmap lock, by real pointers. */
import { type Pfn, pXdIs, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { absence } from './absence.ts';
import { frameOf, keyAllows } from './entry-rules.ts';
import type { Errno } from './errno.ts';
import { fastWalk } from './fast-walk.ts';
import { isCow, type Vma } from './faults.ts';
import { grab } from './grab.ts';
import type { Run } from './gup.ts';
import { mustUnshare } from './held-rules.ts';
import type { Page } from './page.ts';
import type { Place } from './result.ts';
import { offsetLocklessStrict } from './variants/offset-lockless-strict.ts';

/** The page is taken; it is counted and not taken; a fault is needed first; or it cannot be had. */
export type Look =
  | { readonly kind: 'taken' }
  | { readonly kind: 'hole' }
  | { readonly kind: 'fault'; readonly unshare: boolean }
  | { readonly kind: 'error'; readonly error: Errno };

const FAULT: Look = { kind: 'fault', unshare: false };

/** Looks one page up, and takes it if it is there. `copied`: a write fault has made it this mapping's own. */
export function lookUp(run: Run, vma: Vma, addr: Vaddr, copied: boolean): Look {
  const place = leafAt(run, addr);
  if (!place) return FAULT;
  const { mm, write, port } = run;
  const is = (ask: 'protnone' | 'write' | 'special' | 'devmap'): boolean => pXdIs(mm, ask, place.level, place.entry);
  if (is('protnone') && faultsOnProtnone(run, vma)) return FAULT;
  const pfn = frameOf(mm, place);
  const page = port.page(pfn);
  if (!page) return cannot('EFAULT');
  // Of a large leaf the head page answers.
  const judged = place.level === 'pte' ? page : (port.page(page.head) ?? page);
  if (write && !is('write') && !mayForce(run, vma, judged, copied)) return FAULT;
  if (!keyAllows(run, place)) return cannot('EFAULT');
  // vm_normal_page: behind a special entry there is no page to be touched, but for the zero page and a device’s.
  const device = run.era.devmap && is('devmap');
  if (!device && is('special') && !page.zero) return withoutPage(run);
  if (!is('write') && mustUnshare(run, judged, isCow(vma))) return { kind: 'fault', unshare: true };
  return device ? takeOfDevice(run, pfn) : takeOne(run, pfn);
}

const cannot = (error: Errno): Look => ({ kind: 'error', error });

/** follow_pfn_pte: there is an entry, and no page behind it (mm/gup.c of v5.9; of v5.17 and later). */
const withoutPage = ({ era, hold }: Run): Look => {
  if (era.specialPte === 'EEXIST') return cannot('EEXIST');
  return hold === 'get' ? cannot('EFAULT') : { kind: 'hole' };
};

/** Takes the page; the slow path does not ask whether it may be pinned for long. */
function takeOne(run: Run, pfn: Pfn): Look {
  const { port, taken, hold } = run;
  const before = taken.pages;
  const rule = grab(run, pfn, 1, 'slow');
  if (rule) return cannot(rule === 'p2pdma' ? 'EREMOTEIO' : 'ENOMEM');
  if (hold === 'pin' && !port.makeAccessible(pfn)) {
    taken.undoTo(before);
    return cannot('EFAULT');
  }
  port.markReferenced(pfn);
  return { kind: 'taken' };
}

/** The same, while the device's memory is held where it is. */
function takeOfDevice(run: Run, pfn: Pfn): Look {
  if (!run.port.getPgmap(pfn)) return cannot('EFAULT');
  try {
    return takeOne(run, pfn);
  } finally {
    run.port.putPgmap(pfn);
  }
}

/** The leaf that maps `addr`, with real pointers all the way. */
function leafAt({ mm, port }: Run, addr: Vaddr): Place | undefined {
  let found: Place | undefined;
  fastWalk(
    {
      ...{ mm, port, stepper: offsetLocklessStrict },
      taker: {
        absent: ({ slot, entry }) => absence(mm, { level: slot.level, slot, entry, addr }),
        leaf({ slot, entry }) {
          found = { level: slot.level, slot, entry, addr };
          return undefined;
        },
        pte(pte) {
          const stop = absence(mm, pte);
          if (!stop) found = pte;
          return stop;
        },
      },
    },
    addr,
    vaddrWrap(addr + mm.arch.geometry.pte.size),
  );
  return found;
}

/** NUMA hints: in 2020 they fault unless the right is forced, today if the caller honours them and the mapping has rights. */
const faultsOnProtnone = ({ numaBalancing, era, force, honorNuma }: Run, vma: Vma): boolean =>
  numaBalancing && (era.known.includes('HONOR_NUMA_FAULT') ? honorNuma && vma.read : !force);

/** can_follow_write_pte: FORCE writes through a read-only entry, once the page is this mapping's own copy. */
function mayForce({ force, era }: Run, vma: Vma, page: Page, copied: boolean): boolean {
  if (!force || vma.write) return false;
  // 2020: FOLL_COW, after a fault that copied. Since v5.19 the page itself says that it is nobody else's.
  return era.unshare ? isCow(vma) && page.mapping === 'anon' && page.anonExclusive : copied;
}
