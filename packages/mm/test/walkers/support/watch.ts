/** Watches what a walker tells pages, swap space and the scheduler, and in which order with flushes and frees. */
import type { Swap } from '@kernel-mm/pgtable-core';
import type { MmPort } from '../../../src/index.ts';
import type { TestPort } from './test-port.ts';

/** One thing that happened; `held`: how many locks were held then. */
interface Happening {
  readonly what: 'tlb' | 'page' | 'table' | 'sync' | 'lock' | 'unlock' | 'resched';
  readonly held: number;
  readonly at: bigint;
  readonly end: bigint;
}

export interface Watched {
  readonly events: Happening[];
  readonly got: number[];
  readonly dirtied: number[];
  readonly accessed: number[];
  readonly duplicated: Swap[];
  readonly extended: Swap[];
  readonly freedSwap: Swap[];
  readonly rss: { pages: number; swap: number };
  /** Whether each question is answered with yes: of the scheduler, of a lock, of a page being a file’s, of a swap count. */
  readonly say: {
    resched: () => boolean;
    contended: () => boolean;
    file: (pfn: number) => boolean;
    dup: () => boolean;
  };
  extendable: boolean;
  swapList: number;
}

export function watch(port: TestPort): Watched {
  const say = { resched: () => false, contended: () => false, file: (_pfn: number) => false, dup: () => true };
  const w: Watched = {
    ...{ events: [], got: [], dirtied: [], accessed: [], duplicated: [], extended: [], freedSwap: [] },
    ...{ rss: { pages: 0, swap: 0 }, say, extendable: true, swapList: 0 },
  };
  const note = (what: Happening['what'], at: bigint, end = 0n): void =>
    void w.events.push({ what, held: port.held.size, at, end });
  const old: MmPort = { ...port };
  const over: Partial<MmPort> = {
    flushTlb(range) {
      note('tlb', range.start, range.end);
      old.flushTlb(range);
    },
    freePage(pfn) {
      note('page', BigInt(pfn));
      old.freePage(pfn);
    },
    freeTable(level, table) {
      note('table', table);
      old.freeTable(level, table);
    },
    syncTables(how) {
      note('sync', 0n);
      old.syncTables(how);
    },
    lock(slot) {
      old.lock(slot);
      note('lock', slot.addr);
    },
    unlock(slot) {
      note('unlock', slot.addr);
      old.unlock(slot);
    },
    condResched: () => note('resched', 0n),
    needResched: () => w.say.resched(),
    contended: () => w.say.contended(),
    isAnon: (pfn) => !w.say.file(pfn),
    getPage: (pfn) => void w.got.push(pfn),
    setPageDirty: (pfn) => void w.dirtied.push(pfn),
    markAccessed: (pfn) => void w.accessed.push(pfn),
    dupSwap(swap) {
      const yes = w.say.dup();
      if (yes) w.duplicated.push(swap);
      return yes;
    },
    extendSwap(swap) {
      w.extended.push(swap);
      return w.extendable;
    },
    freeSwap: (swap) => void w.freedSwap.push(swap),
    joinSwapList: () => void w.swapList++,
    addCounters({ pages, swap }) {
      w.rss.pages += pages;
      w.rss.swap += swap;
    },
  };
  Object.assign(port, over);
  return w;
}

/** Says yes at every n-th question, and no at the one after it; 0 never. */
export function everyNth(n: number): () => boolean {
  let asked = 0;
  return () => n > 0 && ++asked % (n + 1) === n;
}
