/** unmap_page_range against a plain map from page to state, in both forms and both eras; and what it does in which order. */
import {
  type Entry,
  type Level,
  makeLeaf,
  makeSwap,
  paddr,
  populate,
  pXdIs,
  readEntry,
  type Slot,
  type Vaddr,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { Gather } from '../../src/walkers/gather.ts';
import { makeMigration, migrationOf } from '../../src/walkers/migration.ts';
import { unmapSingleVma, type ZapOptions, zapPageRange } from '../../src/walkers/zap.ts';
import { mapped } from '../support/mapped.ts';
import { everyArch } from '../support/spaces.ts';
import {
  arbitraryRegion,
  grown,
  type Modelled,
  modelInRegion,
  modelled,
  rangeOf,
  tablesAsModel,
} from './support/model.ts';
import { everyNth, type Watched, watch } from './support/watch.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 8;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const eras = ['v5.8', 'v6.5'] as const;
const FULL = { read: true, write: true, exec: false, user: true };

interface Expected {
  /** Pages whose reference goes, in order, with the address at which they were mapped. */
  readonly pages: [pfn: number, addr: bigint][];
  readonly swaps: bigint[];
  readonly rss: { pages: number; swap: number };
  /** References that splitting adds. */
  readonly got: number[];
  /** What is noted for the flush. */
  readonly noted: { addr: bigint; size: bigint; level: Level }[];
}

/** What must be: in the model, and what is told. */
function zapModel(m: Modelled, start: bigint, end: bigint, huge: 'anon' | 'file'): Expected {
  const e: Expected = { pages: [], swaps: [], rss: { pages: 0, swap: 0 }, got: [], noted: [] };
  const { page } = m;
  const { size } = m.arch.geometry.pmd;
  const span = size / page;
  for (const [n, state] of [...m.model].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const addr = n * page;
    const inside = addr >= start && addr < end;
    if (state.kind === 'huge') {
      const first = addr & -size;
      const whole = first >= start && first + size <= end;
      if (first + size <= start || first >= end) continue;
      if (whole || huge === 'file') {
        m.model.delete(n);
        if (addr !== first) continue;
        e.pages.push([state.pfn, addr]);
        e.rss.pages -= Number(span);
        if (whole) e.noted.push({ addr, size, level: 'pmd' });
      } else {
        if (addr !== first) e.got.push(state.pfn);
        m.model.set(n, { ...state, kind: 'page', level: 'pte' });
        if (!inside) continue;
        gone(n, addr, state.pfn);
      }
    } else if (inside && state.kind === 'swap') {
      m.model.delete(n);
      e.swaps.push(BigInt(state.pfn));
      e.rss.swap--;
    } else if (inside) gone(n, addr, state.kind === 'special' ? undefined : state.pfn);
  }
  function gone(n: bigint, addr: bigint, pfn: number | undefined): void {
    m.model.delete(n);
    e.noted.push({ addr, size: page, level: 'pte' });
    if (pfn === undefined) return;
    e.pages.push([pfn, addr]);
    e.rss.pages--;
  }
  return e;
}

/** Every page that is freed: no lock is held, and what the hardware was told last covers where it was mapped. */
function freedEarly(w: Watched, pages: Expected['pages']): string[] {
  let last = { at: 0n, end: 0n };
  const wrong: string[] = [];
  const where = new Map(pages.map(([pfn, addr]) => [BigInt(pfn), addr]));
  for (const event of w.events) {
    if (event.what === 'tlb') last = event;
    if (event.what !== 'page') continue;
    const addr = where.get(event.at) ?? -1n;
    if (event.held > 0) wrong.push(`freed under a lock: ${event.at}`);
    if (addr < last.at || addr >= (last.end || 1n << 64n)) wrong.push(`freed before the flush: ${event.at}`);
  }
  return wrong;
}

/** More pages than a huge page that is split has on any of these: 8192, with 64 KiB pages. */
const NEVER_FULL = 2 ** 14;

describe.each(everyArch)('%s', (_, arch, top) => {
  test('the model and the tables agree; pages, swap entries, counters and the flushed range are exact', () => {
    const how = fc.record({
      ...{ low: fc.boolean(), high: fc.boolean(), file: fc.boolean(), late: fc.boolean() },
      ...{ capacity: fc.constantFrom(1, 2, 5, NEVER_FULL), resched: fc.constantFrom(0, 1, 3), ipi: fc.boolean() },
    });
    fc.assert(
      fc.property(arbitraryRegion, how, ({ wishes, from, to }, { low, high, file, late, capacity, resched, ipi }) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, wishes);
          const w = watch(m.port);
          w.say.resched = everyNth(resched);
          const range = grown(m, rangeOf(m, from, to), low, high);
          const huge = file ? 'file' : 'anon';
          const expected = zapModel(m, range.start, range.end, huge);
          const vma = { start: vaddr(range.start & -m.arch.geometry.pmd.size), end: range.end };
          const options: ZapOptions = { form, huge, era: eras[Number(late)]! };
          const { failure, flushes } = zapPageRange(m, range, mapped(vma), {
            ...{ ...options, capacity, freeing: ipi ? 'ipi' : 'rcu' },
          });
          expect(failure).toBe(undefined);
          expect(tablesAsModel(m)).toEqual(modelInRegion(m));
          const byNumber = (a: number, b: number): number => a - b;
          expect(m.port.freedPages.toSorted(byNumber)).toEqual(expected.pages.map(([pfn]) => pfn).toSorted(byNumber));
          expect(w.got.toSorted(byNumber)).toEqual(expected.got.toSorted(byNumber));
          expect(w.freedSwap.map(({ offset }) => offset)).toEqual(expected.swaps);
          expect(w.rss).toEqual(expected.rss);
          expect(m.port.cacheFlushes).toEqual([vma]);
          expect([m.port.wrong, [...m.port.held], m.port.freed, m.port.flushPending(0)]).toEqual([[], [], [], 0]);
          if (huge === 'anon') expect(freedEarly(w, expected.pages)).toEqual([]);
          const starts = expected.noted.map(({ addr }) => addr);
          if (capacity === NEVER_FULL && starts.length) {
            const granule = expected.noted.some(({ level }) => level === 'pte') ? 'pte' : 'pmd';
            const last = expected.noted.at(-1)!;
            expect(flushes).toEqual([{ start: starts[0], end: last.addr + last.size, granule, tables: false }]);
          }
          if (!starts.length) expect(flushes).toEqual([]);
          return m.port.writes.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('no memory for a split: nothing of that page is changed, and what came before is gone', () => {
    const m = modelled(arch, top, ['huge']);
    if (m.model.size === 0) return;
    const before = tablesAsModel(m);
    m.port.tablesLeft = 0;
    const { failure } = zapPageRange(m, rangeOf(m, 3, 5), mapped(rangeOf(m, 0, 24)));
    expect(failure).toMatchObject({ kind: 'no-memory', slot: { level: 'pmd' } });
    expect(tablesAsModel(m)).toEqual(before);
    expect([m.port.wrong, [...m.port.held], m.port.freedPages, m.port.counts.pte]).toEqual([[], [], [], 0]);
  });
});

const [, x86] = everyArch.find(([name]) => name === 'x86-64')!;
const x = (wishes: Parameters<typeof modelled>[2]): Modelled & { w: Watched } => {
  const m = modelled(x86, 'pgd', wishes);
  return { ...m, w: watch(m.port) };
};
const all = (m: Modelled): { start: Vaddr; end: Vaddr } => rangeOf(m, 0, 24);

/** Puts any entry into a slot of its own making. */
function put(m: Modelled, level: Level, addr: bigint, entry: bigint): Slot {
  const slot = populate(m.mm, m.tables, vaddr(addr), level) as Slot;
  writeEntry(m.mm, slot, entry as Entry);
  return slot;
}

describe('batches and breaks', () => {
  test('the page that fills the batch is in it, and is freed with it, after the lock', () => {
    const m = x(['page']);
    zapPageRange(m, rangeOf(m, 0, 7), mapped(all(m)), { capacity: 3 });
    const story = m.w.events.filter(({ what }) => what !== 'resched').map(({ what, held }) => `${what} ${held}`);
    const batch = ['lock 1', 'tlb 1', 'unlock 1', 'page 0', 'page 0', 'page 0'];
    expect(story).toEqual([...batch, ...batch, 'lock 1', 'unlock 1', 'tlb 0', 'page 0']);
    expect(m.port.reads.pmd).toBe(1);
  });

  test('v6.5 looks at the pmd anew after a full batch, v5.8 does not; both go on with the next page', () => {
    for (const [era, looks] of [
      ['v5.8', 1],
      ['v6.5', 3],
    ] as const) {
      const m = x(['page']);
      zapPageRange(m, rangeOf(m, 0, 7), mapped(all(m)), { capacity: 3, era });
      expect([m.port.reads.pmd, m.port.freedPages.length]).toEqual([looks, 7]);
    }
  });

  test('v6.5: what was taken away meanwhile is not touched', () => {
    const m = x(['page']);
    const pmd = populate(m.mm, m.tables, rangeOf(m, 0, 1).start, 'pmd') as Slot<'pmd'>;
    m.port.condResched = () => void writeEntry(m.mm, pmd, 0n as Entry<'pmd'>);
    expect(zapPageRange(m, rangeOf(m, 0, 7), mapped(all(m)), { capacity: 3, era: 'v6.5' }).failure).toBe(undefined);
    expect(m.port.freedPages.length).toBe(3);
  });

  test('who waits is let in before the pte, which comes next; a none pte is no place for it', () => {
    const m = x(['none', 'page']);
    m.w.say.resched = everyNth(1);
    zapPageRange(m, rangeOf(m, 0, 4), mapped(all(m)));
    expect(m.port.freedPages).toEqual([0x1_0001, 0x1_0003]);
    expect(m.w.events.filter(({ what }) => what === 'lock').length).toBe(3);
    expect(m.port.reads.pte).toBe(6);
  });

  test.each(eras)('%s: somebody who always waits is not waited for for ever', (era) => {
    const m = x(['page']);
    m.w.say.resched = () => true;
    const { failure } = zapPageRange(m, all(m), mapped(all(m)), { era });
    expect(failure).toMatchObject({ kind: 'no-progress', addr: all(m).start });
    expect([m.port.wrong, [...m.port.held], m.port.freedPages]).toEqual([[], [], []]);
  });
});

describe('pages and entries', () => {
  test('a dirty page of a file is flushed under the lock; that it was used is passed on, unless it is read in order', () => {
    for (const sequential of [false, true]) {
      const m = x(['page', 'readonly']);
      m.w.say.file = () => true;
      zapPageRange(m, rangeOf(m, 0, 2), mapped(all(m)), { sequential });
      expect(m.w.dirtied).toEqual([0x1_0000]);
      expect(m.w.accessed).toEqual(sequential ? [] : [0x1_0000, 0x1_0001]);
      expect(m.w.events.find(({ what }) => what === 'tlb')?.held).toBe(1);
    }
  });

  test('with details only those pages go, and no swap entry', () => {
    const m = x(['page', 'swap', 'special', 'page']);
    zapPageRange(m, rangeOf(m, 0, 4), mapped(all(m)), { only: (pfn) => pfn === 0x1_0003 });
    expect([m.port.freedPages, m.w.freedSwap, m.w.rss]).toEqual([[0x1_0003], [], { pages: -1, swap: 0 }]);
    expect([...tablesAsModel(m).values()].filter(({ pfn }) => pfn < 0x1_0004).map(({ kind }) => kind)).toContain(
      'swap',
    );
  });

  test('migration counts as a page without a reference, device memory with one, poison as nothing', () => {
    const m = x(['none']);
    const first = all(m).start;
    [28n, 29n, 30n, 31n, 27n].forEach((type, n) =>
      put(m, 'pte', first + BigInt(n) * m.page, makeSwap(x86, 'pte', { type, offset: BigInt(0x100 + n) })!),
    );
    zapPageRange(m, all(m), mapped(all(m)));
    expect([m.w.rss, m.port.freedPages, m.w.freedSwap]).toEqual([{ pages: -4, swap: 0 }, [0x102, 0x103], []]);
    expect(m.port.tlbFlushes).toEqual([]);
  });
});

describe('large pages', () => {
  const size = x86.geometry.pmd.size;
  const whole = (m: Modelled): { start: Vaddr; end: Vaddr } => grown(m, rangeOf(m, 0, 1), true, true);

  test('the table that was set aside is taken back, at once; where none was, none is made', () => {
    for (const deposited of [true, false]) {
      const m = x(['huge']);
      const pmd = populate(m.mm, m.tables, whole(m).start, 'pmd') as Slot<'pmd'>;
      if (deposited) m.port.deposit(pmd, m.port.allocTable('pte')!);
      zapPageRange(m, whole(m), mapped(whole(m)));
      expect([m.port.counts.pte, m.port.freed.length, m.port.freedPages.length]).toEqual([0, Number(deposited), 1]);
    }
  });

  test('its page fills the batch as any other, and goes with it', () => {
    const m = x(['huge']);
    const gather = new Gather(m, { capacity: 1 });
    unmapSingleVma(m, whole(m), mapped(whole(m)), gather);
    expect([m.port.freedPages.length, m.w.events.find(({ what }) => what === 'page')?.held]).toEqual([1, 0]);
    gather.finish();
    expect(m.port.tlbFlushes).toEqual([whole(m)]);
  });

  test('one that is none any more under the lock', () => {
    const m = x(['huge']);
    const pmd = populate(m.mm, m.tables, whole(m).start, 'pmd') as Slot<'pmd'>;
    const { lock } = m.port;
    m.port.lock = (slot) => {
      if (slot.level === 'pmd') writeEntry(m.mm, pmd, 0n as Entry<'pmd'>);
      lock(slot);
    };
    for (const era of eras) expect(zapPageRange(m, whole(m), mapped(whole(m)), { era })).toEqual({ flushes: [] });
    expect([m.port.freedPages, m.port.wrong, [...m.port.held]]).toEqual([[], [], []]);
  });

  test('one that moves: whole it is cleared without a reference; cut, its pages move one by one', () => {
    const m = x(['none']);
    const { start, end } = whole(m);
    const moving = makeMigration(m.mm, 'pmd', { pfn: 0x800n, write: true })!;
    const slot = put(m, 'pmd', start, moving);
    expect(zapPageRange(m, { start, end }, mapped({ start, end })).flushes).toEqual([
      { start, end, granule: 'pmd', tables: false },
    ]);
    expect([m.port.freedPages, m.w.rss]).toEqual([[], { pages: -512, swap: 0 }]);
    writeEntry(m.mm, slot as Slot<'pmd'>, moving as Entry<'pmd'>);
    zapPageRange(m, { start, end: vaddr(start + 2n * m.page) }, mapped({ start, end }));
    const pte = (n: bigint): Entry<'pte'> =>
      readEntry(m.mm, populate(m.mm, m.tables, vaddr(start + n * m.page), 'pte') as Slot<'pte'>)!;
    expect(pXdIs(m.mm, 'none', 'pte', pte(1n))).toBe(true);
    expect(migrationOf(m.mm, 'pte', pte(2n))).toEqual({ pfn: 0x802n, write: true });
    expect([m.port.freedPages, m.w.got, m.w.rss]).toEqual([[], [], { pages: -514, swap: 0 }]);
  });

  test('a pud goes whole or is split to none; mappings hold no reference to it', () => {
    const { pud } = x86.geometry;
    for (const cut of [0n, size]) {
      const m = x(['none']);
      const leaf = makeLeaf(x86, 'pud', paddr(pud.size * 2n), FULL)!;
      const slot = put(m, 'pud', pud.size, leaf);
      const range = { start: vaddr(pud.size + cut), end: vaddr(2n * pud.size) };
      const { flushes, failure } = zapPageRange(m, range, mapped(range));
      expect([failure, readEntry(m.mm, slot), m.port.freedPages]).toEqual([undefined, 0n, []]);
      expect(flushes.map(({ granule }) => granule)).toEqual(cut ? [] : ['pud']);
      expect(m.port.tlbFlushes).toEqual([{ start: pud.size, end: 2n * pud.size }]);
    }
  });
});

describe('ranges', () => {
  test('only what lies in the mapping, and nothing where nothing does', () => {
    const m = x(['page']);
    const gather = new Gather(m);
    const none = [rangeOf(m, 0, 4), rangeOf(m, 8, 12)];
    for (const range of none) expect(unmapSingleVma(m, range, mapped(rangeOf(m, 4, 8)), gather)).toEqual({});
    expect(m.port.cacheFlushes).toEqual([]);
    unmapSingleVma(m, { start: vaddr(0n), end: vaddr(0n) }, mapped(rangeOf(m, 4, 8)), gather);
    // The hardware has forgotten them by now; the pages still wait.
    expect([m.port.tlbFlushes, m.port.freedPages]).toEqual([[rangeOf(m, 4, 8)], []]);
    gather.finish();
    expect(m.port.freedPages).toEqual([0x1_0004, 0x1_0005, 0x1_0006, 0x1_0007]);
  });

  test('the whole address space: flushed once, as one', () => {
    const m = x(['page']);
    const { flushes } = zapPageRange(m, all(m), mapped(all(m)), { full: true });
    expect(flushes).toEqual([{ start: 0n, end: 0n, granule: 'pte', tables: false }]);
    expect(m.port.cacheFlushes).toEqual([]);
  });

  test('tables outside memory, bad entries, and tables in a circle end typed', () => {
    const m = x(['page']);
    const bad = put(m, 'pmd', all(m).start, 0x1234_5678_9067n);
    expect(zapPageRange(m, all(m), mapped(all(m))).failure).toMatchObject({
      kind: 'outside-memory',
      slot: { level: 'pte' },
    });
    // No present bit is a page that moves, for Linux; a table that nobody may write through is bad. Both go.
    for (const raw of [0x8n, 0x1234_5000n | 0x61n]) {
      writeEntry(m.mm, bad as Slot<'pmd'>, raw as Entry<'pmd'>);
      expect(zapPageRange(m, all(m), mapped(all(m))).failure).toBe(undefined);
      if (raw & 1n) expect(readEntry(m.mm, bad)).toBe(0n);
    }
    const round = x(['none']);
    put(round, 'pgd', 0n, round.mm.pgd | 0x67n);
    const start = vaddr(0n);
    zapPageRange(round, { start, end: vaddr(4n * m.page) }, mapped({ start, end: vaddr(4n * m.page) }));
    expect([round.port.wrong, [...round.port.held], m.port.wrong, [...m.port.held]]).toEqual([[], [], [], []]);
  });
});
