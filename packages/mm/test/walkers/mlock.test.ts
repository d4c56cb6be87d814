/** munlock against a plain map: which pages make a batch, and where a table of ptes ends it. */
import type { Page } from '@kernel-mm/gup-fast';
import {
  type Entry,
  LEVELS,
  type Level,
  makeLeaf,
  type Pfn,
  type Prot,
  paddr,
  populate,
  pXdAddrEnd,
  type Slot,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { munlock } from '../../src/walkers/mlock.ts';
import { cropToTable, munlockFill } from '../../src/walkers/mlock-fill.ts';
import type { MlockPages } from '../../src/walkers/mlock-page.ts';
import { everyArch } from '../support/spaces.ts';
import { arbitraryRegion, type Modelled, modelled, rangeOf, type Wish } from './support/model.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const FULL: Prot = { read: true, write: true, exec: false, user: true };
const forms: Form[] = ['static', 'entryAware'];

/** The pages of a model: large where the mapping is, by zones; references are counted. */
function pagesOf(m: Modelled, movable: (pfn: number) => boolean = () => false, over: Partial<MlockPages> = {}) {
  const span = Number(m.arch.geometry.pmd.size / m.page);
  const huge = new Set([...m.model.values()].filter(({ kind }) => kind === 'huge').map(({ pfn }) => pfn));
  const refs = new Map<number, number>();
  const add = (head: number, n: number) => refs.set(head, (refs.get(head) ?? 0) + n);
  const pages: MlockPages = {
    page(pfn): Page {
      const order = huge.has(pfn) ? Math.log2(span) : 0;
      return {
        ...{ head: (pfn - (order ? pfn % span : 0)) as Pfn, order, mapping: 'anon', hugetlb: false, slab: false },
        ...{ anonExclusive: true, zero: false, zone: movable(pfn) ? 'movable' : 'normal' },
      };
    },
    tryGet: (head, n) => (add(head, n) ? 'got' : 'zero'),
    put: (head, { refs: n }) => void add(head, -n),
    munlock: (batch) => expect(batch.every((pfn) => refs.get(pfn) === 1)).toBe(true),
    munlockLarge: () => true,
    ...over,
  };
  return { pages, held: () => [...refs.values()].filter((n) => n !== 0) };
}

/** The batches by hand. */
function expected(m: Modelled, from: bigint, to: bigint, movable: (pfn: number) => boolean) {
  const span = m.arch.geometry.pmd.size / m.page;
  const batches: number[][] = [];
  const large: number[] = [];
  for (let n = from; n < to; ) {
    const state = m.model.get(n);
    if (state?.kind === 'huge') {
      if (n % span === 0n) large.push(state.pfn);
      n += n % span === 0n ? span : 1n;
    } else if (state?.kind === 'page') {
      const batch = [state.pfn];
      const table = n / span;
      for (n++; n < to && n / span === table && batch.length < 15; n++) {
        const next = m.model.get(n);
        if (next?.kind !== 'page' || movable(next.pfn) !== movable(state.pfn)) break;
        batch.push(next.pfn);
      }
      batches.push(batch);
    } else n++;
  }
  return { batches, large };
}

const upperReads = ({ port }: Modelled): number =>
  LEVELS.slice(0, -1).reduce((sum, level) => sum + (port.reads[level] ?? 0), 0);

describe.each(everyArch)('%s', (_, arch, top) => {
  test('batches, references and locks as the model has them; patch 2 reads four entries more for each batch', () => {
    fc.assert(
      fc.property(arbitraryRegion, fc.integer({ min: 3, max: 30 }), ({ wishes, from, to }, every) => {
        const movable = (pfn: number): boolean => pfn % every === 0;
        const runs = forms.map((form) => {
          const m = modelled(arch, top, wishes);
          const { pages, held } = pagesOf(m, movable);
          const range = rangeOf(m, from, to);
          const told = munlock(m, range, { form, pages });
          expect(told).toEqual(expected(m, range.start / m.page, range.end / m.page, movable));
          expect([held(), m.port.wrong, [...m.port.held], m.port.writes]).toEqual([[], [], [], []]);
          return { told, reads: upperReads(m) };
        });
        expect(runs[0]?.told).toEqual(runs[1]?.told);
        // Where folding is per process, slot 0 of the top table is looked at too.
        const each = arch.spec.levels.p4d.fold?.when === 'process' ? 5 : 4;
        expect(runs[1]!.reads - runs[0]!.reads).toBe(each * runs[0]!.told.batches.length);
      }),
      { numRuns, seed },
    );
  });

  test('the crop is the next pmd, in both forms, also at the border of the top table; and nothing is allocated for it', () => {
    const m = modelled(arch, top, ['page']);
    const { size } = arch.geometry.pmd;
    for (const form of forms)
      for (const n of [0, 5, 11, 12, 20]) {
        const { start, end } = rangeOf(m, n, 24);
        const border = (start / size + 1n) * size;
        expect(cropToTable(m, { start, end }, { form })).toBe(border < end ? border : end);
      }
    expect([m.port.writes, m.port.counts.pte]).toEqual([[], 0]);
  });
});

const x86 = (wishes: Wish[]): Modelled => modelled(everyArch[3]![1], 'pgd', wishes);

test('a folded pmd answers end: the crop is that of the pgd', () => {
  const [, arch] = everyArch.find(([name]) => name === 'arm64-64k-va42')!;
  const m = modelled(arch, 'pgd', ['page']);
  const end = vaddr(3n * arch.geometry.pgd.size);
  expect(pXdAddrEnd(m.mm, 'pmd', vaddr(0n), end)).toBe(end);
  for (const form of forms)
    expect(cropToTable(m, { start: vaddr(m.page), end }, { form })).toBe(arch.geometry.pgd.size);
});

describe('ends of a batch', () => {
  test('15 pages, or as many as asked', () => {
    const m = x86(['page']);
    const sizes = (batch?: number) =>
      munlock(m, rangeOf(m, 12, 24), { pages: pagesOf(m).pages, ...(batch && { batch }) }).batches.map(
        (one) => one.length,
      );
    expect([sizes(), sizes(5), sizes(1)]).toEqual([[12], [5, 5, 2], Array(12).fill(1)]);
    const first = m.first * m.page + 12n * m.page;
    for (let n = 12n; n < 30n; n++) {
      const slot = populate(m.mm, m.tables, vaddr(first + n * m.page), 'pte') as Slot<'pte'>;
      writeEntry(m.mm, slot, makeLeaf(m.arch, 'pte', paddr(n * m.page), FULL) as Entry<'pte'>);
    }
    const range = { start: vaddr(first), end: vaddr(first + 40n * m.page) };
    expect(munlock(m, range, { pages: pagesOf(m).pages }).batches.map((one) => one.length)).toEqual([15, 15]);
  });

  test('a page that nobody can hold, one of a large folio, one without a struct page', () => {
    const m = x86(['page']);
    const { pages } = pagesOf(m);
    const last = (over: Partial<MlockPages>) =>
      munlockFill(
        m,
        rangeOf(m, 1, 12),
        { pfn: 0x1_0001 as Pfn, page: pages.page(0x1_0001 as Pfn)! },
        {
          pages: { ...pages, ...over },
        },
      );
    const stop = 0x1_0004 as Pfn;
    for (const over of [
      { tryGet: (head: Pfn) => (head === stop ? ('zero' as const) : ('got' as const)) },
      { page: (pfn: Pfn) => ({ ...pages.page(pfn)!, order: pfn === stop ? 1 : 0 }) },
      { page: (pfn: Pfn) => (pfn === stop ? undefined : pages.page(pfn)) },
    ])
      expect(last(over)).toEqual({ batch: [0x1_0001, 0x1_0002, 0x1_0003], next: rangeOf(m, 4, 5).start });
  });

  test('a table that is gone by then: the first page alone', () => {
    const m = x86(['page']);
    const { pages } = pagesOf(m);
    const first = { pfn: 1 as Pfn, page: pages.page(1 as Pfn)! };
    const far = { start: vaddr(1n << 45n), end: vaddr((1n << 45n) + 9n * m.page) };
    for (const form of forms)
      expect(munlockFill(m, far, first, { form, pages })).toEqual({ batch: [1], next: far.start + m.page });
  });
});

describe('large folios', () => {
  test('not locked into memory as one: its pages are looked at singly, from its head on', () => {
    const m = x86(['none']);
    const { pages } = pagesOf(m);
    const large = x86(['huge']);
    const of = pagesOf(large, undefined, { munlockLarge: () => false });
    const told = munlock(large, rangeOf(large, 10, 16), { pages: of.pages });
    expect([told, of.held()]).toEqual([{ batches: [], large: [] }, []]);
    expect(munlock(m, rangeOf(m, 0, 24), { pages })).toEqual({ batches: [], large: [] });
  });

  test('its other pages are not even looked at', () => {
    const m = x86(['huge']);
    let taken = 0;
    const { pages } = pagesOf(m, undefined, { tryGet: () => (++taken ? 'got' : 'zero'), put: () => undefined });
    expect([munlock(m, rangeOf(m, 12, 24), { pages }).large.length, taken]).toEqual([1, 1]);
  });

  test('the zero page is an error of follow_page, and no page; so is one that nobody can hold', () => {
    const m = x86(['page']);
    const { pages, held } = pagesOf(m);
    const zero = { ...pages, page: (pfn: Pfn) => ({ ...pages.page(pfn)!, zero: true }) };
    expect(munlock(m, rangeOf(m, 0, 9), { pages: zero }).batches).toEqual([]);
    expect(munlock(m, rangeOf(m, 0, 9), { pages: { ...pages, tryGet: () => 'zero' } }).batches).toEqual([]);
    expect(held()).toEqual([]);
  });
});

test('empty and reversed ranges are nothing; outside memory is typed, and no reference is left', () => {
  const m = x86(['page']);
  const { pages, held } = pagesOf(m);
  expect(munlock(m, rangeOf(m, 4, 4), { pages })).toEqual({ batches: [], large: [] });
  expect(munlock(m, rangeOf(m, 5, 4), { pages })).toEqual({ batches: [], large: [] });
  const far = { ...m, mm: { ...m.mm, pgd: 0n as typeof m.mm.pgd } };
  expect(munlock(far, rangeOf(m, 0, 4), { pages })).toMatchObject({ failure: { kind: 'outside-memory' } });
  // Memory that ends within a batch: the fourth pte cannot be read.
  let ptes = 0;
  const { readOnce } = m.port;
  const port: typeof m.port = {
    ...m.port,
    readOnce: (slot) => (slot.level === ('pte' as Level) && ++ptes > 4 ? undefined : readOnce(slot)),
  };
  const told = munlock({ mm: m.mm, port }, rangeOf(m, 0, 9), { pages });
  expect([told.batches, told.failure?.kind, held()]).toEqual([[[0x1_0000]], 'outside-memory', []]);
});
