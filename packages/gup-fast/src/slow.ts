/** The slow path, __get_user_pages: under the mmap lock, page by page, with faults for what is not there. */
import { type Pfn, type Vaddr, vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import type { Errno } from './errno.ts';
import { type FaultHandler, isCow, type Vma } from './faults.ts';
import { lookUp } from './follow.ts';
import type { Run } from './gup.ts';
import { isLongtermPinnable } from './page.ts';

/** Why the slow path ended. */
export type SlowReason =
  | 'no-vma'
  | 'io-mapping'
  | 'secret-mapping'
  | 'fsdax-longterm'
  | 'file-longterm'
  | 'no-right'
  | 'signal'
  | 'no-fault'
  | 'fault-failed'
  | 'no-progress'
  | 'unusable-page'
  | 'migration';

/** Where and why the slow path ended, and with which error. */
export interface SlowStop {
  /** What happened. */
  readonly reason: SlowReason;
  /** The address of the page that could not be had. */
  readonly addr: Vaddr;
  /** What the call returns if it holds no page. */
  readonly error: Errno;
}

/** A handler that brings a page neither after so many faults, nor where it may stay, is none that a kernel would meet. */
const TRIES = 16;

/** Takes up to `pages` pages from `start` on, into the run's ledger. */
export function slowPart(run: Run, faults: FaultHandler, start: Vaddr, pages: number): SlowStop | undefined {
  const { taken, longterm, era } = run;
  const early = era.longterm === 'cma-before';
  const before = taken.pages;
  for (let n = 0; n < TRIES; n++) {
    const stop = takePages(run, faults, start, pages);
    const moving = longterm ? unpinnable(run, before) : [];
    if (moving.length === 0) return stop;
    taken.undoTo(before);
    const moved = faults.migrate(moving);
    if (moved === 'moved') continue;
    // 2020 pins all the same what cannot be moved; today nothing stays pinned.
    return early ? takePages(run, faults, start, pages) : { reason: 'migration', addr: start, error: moved };
  }
  return { reason: 'no-progress', addr: start, error: 'EAGAIN' };
}

/** The folios taken since `before` that must be able to move away, each by its first frame. */
function unpinnable({ taken, port, era }: Run, before: number): Pfn[] {
  const heads = new Set<Pfn>();
  for (const { pfn } of taken.heldSince(before)) {
    const page = port.page(pfn);
    const stays = !page || (era.longterm === 'cma-before' ? page.zone !== 'cma' : isLongtermPinnable(page, era));
    if (page && !stays) heads.add(page.head);
  }
  return [...heads];
}

function takePages(run: Run, faults: FaultHandler, start: Vaddr, pages: number): SlowStop | undefined {
  const { size } = run.mm.arch.geometry.pte;
  const before = run.taken.pages;
  for (let n = 0; n < pages; n++) {
    const addr = start + BigInt(n) * size;
    const stop = addr >> 64n ? endOfAll : takePage(run, faults, vaddr(addr));
    if (!stop) continue;
    // In 2020 it is known only after the look-up that there was such a mapping: everything goes back.
    if (stop.reason === 'fsdax-longterm' && run.era.longterm === 'cma-before') run.taken.undoTo(before);
    return stop;
  }
  return undefined;
}

/** Nothing is mapped behind the last address of all. */
const endOfAll: SlowStop = { reason: 'no-vma', addr: vaddrWrap(0n), error: 'EFAULT' };

/** One page: its mapping, then look and fault until it is there. */
function takePage(run: Run, faults: FaultHandler, addr: Vaddr): SlowStop | undefined {
  const ends = (reason: SlowReason, error: Errno): SlowStop => ({ reason, addr, error });
  /** Whether a write fault has made a page of its own here (FOLL_COW of 2020). */
  let copied = false;
  for (let n = 0; n < TRIES; n++) {
    // A fault that had to drop the lock may have lost the mapping: it is looked up anew each time.
    const vma = faults.vma(addr, run.era.growStack);
    const refused = vma ? checkVma(run, vma) : (['no-vma', 'EFAULT'] as const);
    if (!vma || refused) return refused && ends(...refused);
    if (faults.fatalSignal?.()) return ends('signal', 'EINTR');
    const look = lookUp(run, vma, addr, copied);
    if (look.kind === 'hole') run.taken.skip();
    if (look.kind === 'taken' || look.kind === 'hole') return undefined;
    if (look.kind === 'error') return ends('unusable-page', look.error);
    if (run.nofault) return ends('no-fault', 'EFAULT');
    const force = !(run.write ? vma.write : vma.read);
    const answer = faults.fault(addr, { write: run.write, unshare: look.unshare, force });
    if (answer.kind === 'error') return ends('fault-failed', answer.error);
    copied ||= answer.kind === 'done' && answer.copied === true;
  }
  return ends('no-progress', 'EFAULT');
}

/** check_vma_flags. */
function checkVma({ era, longterm, write, force, hold }: Run, vma: Vma): readonly [SlowReason, Errno] | undefined {
  if (vma.io || vma.pfnmap) return ['io-mapping', 'EFAULT'];
  if (longterm && vma.fsdax) return ['fsdax-longterm', 'EOPNOTSUPP'];
  if (era.folioAllowed && vma.secret) return ['secret-mapping', 'EFAULT'];
  if (!write) return vma.read || (force && vma.mayRead) ? undefined : ['no-right', 'EFAULT'];
  // Since v6.5: a file system that must hear of every write cannot, while a device writes at any time.
  if (era.folioAllowed && longterm && hold === 'pin' && vma.shared && vma.dirtyTracking)
    return ['file-longterm', 'EFAULT'];
  return vma.write || (force && isCow(vma)) ? undefined : ['no-right', 'EFAULT'];
}
