/** follow_page_mask: is the page of an address there, with the right that is asked for? Under the mmap lock, by real pointers. */
import { pXdIs, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { absence } from './absence.ts';
import { frameOf } from './entry-rules.ts';
import type { Errno } from './errno.ts';
import { fastWalk } from './fast-walk.ts';
import { isCow, type Vma } from './faults.ts';
import { grab } from './grab.ts';
import type { Run } from './gup.ts';
import { mustUnshare } from './held-rules.ts';
import type { Page } from './page.ts';
import type { Place } from './result.ts';
import { offsetLocklessStrict } from './variants/offset-lockless-strict.ts';

/** The page is taken; a fault is needed first; or it cannot be had. */
export type Look =
  | { readonly kind: 'taken' }
  | { readonly kind: 'fault'; readonly unshare: boolean }
  | { readonly kind: 'error'; readonly error: Errno };

const FAULT: Look = { kind: 'fault', unshare: false };

/** Looks one page up, and takes it if it is there. `copied`: a write fault has made it this mapping's own. */
export function lookUp(run: Run, vma: Vma, addr: Vaddr, copied: boolean): Look {
  const place = leafAt(run, addr);
  if (!place) return FAULT;
  const { mm, write, port, hold } = run;
  if (pXdIs(mm, 'protnone', place.level, place.entry) && faultsOnProtnone(run)) return FAULT;
  const pfn = frameOf(mm, place);
  const page = port.page(pfn);
  const writable = pXdIs(mm, 'write', place.level, place.entry);
  if (write && !writable && !mayForce(run, vma, page, copied)) return FAULT;
  // vm_normal_page: behind a special entry there is no page to be touched, but for the zero page and a device’s.
  const device = run.era.devmap && pXdIs(mm, 'devmap', place.level, place.entry);
  const special = !device && pXdIs(mm, 'special', place.level, place.entry);
  if (!page || (special && !page.zero)) return { kind: 'error', error: 'EFAULT' };
  if (!writable && mustUnshare(run, page, isCow(vma))) return { kind: 'fault', unshare: true };
  const before = run.taken.pages;
  const rule = grab(run, pfn, 1, 'slow');
  if (rule) return { kind: 'error', error: rule === 'p2pdma' ? 'EREMOTEIO' : 'ENOMEM' };
  if (hold === 'pin' && !port.makeAccessible(pfn)) {
    run.taken.undoTo(before);
    return { kind: 'error', error: 'EFAULT' };
  }
  port.markReferenced(pfn);
  return { kind: 'taken' };
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

/** NUMA hints: in 2020 they fault unless the right is forced, today only if the caller honours them. */
const faultsOnProtnone = ({ numaBalancing, era, force, honorNuma }: Run): boolean =>
  numaBalancing && (era.known.includes('HONOR_NUMA_FAULT') ? honorNuma : !force);

/** can_follow_write_pte: FORCE writes through a read-only entry, once the page is this mapping's own copy. */
function mayForce({ force, era }: Run, vma: Vma, page: Page | undefined, copied: boolean): boolean {
  if (!force || vma.write || !page) return false;
  // 2020: FOLL_COW, after a fault that copied. Since v5.19 the page itself says that it is nobody else's.
  return era.unshare ? isCow(vma) && page.mapping === 'anon' && page.anonExclusive : copied;
}
