/** MADV_COLD, MADV_PAGEOUT and MADV_FREE against a plain map: which pages, which entries look unused, what is flushed. */
import { change, type Entry, type Pfn, pXdIs, type Slot, vaddr, walk } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { madviseCold, madviseFree } from '../../src/walkers/madvise.ts';
import type { AdvisedPage, AdvisePages, AdviseVma } from '../../src/walkers/madvise-pages.ts';
import { makeMigration } from '../../src/walkers/migration.ts';
import { everyArch } from '../support/spaces.ts';
import {
  arbitraryRegion,
  type Modelled,
  modelInRegion,
  modelled,
  rangeOf,
  tablesAsModel,
  type Wish,
} from './support/model.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];

/** Pages that remember what was done to them. By frame: what is special about it. */
function pagesOf(special: ReadonlyMap<number, Partial<AdvisedPage>> = new Map(), splits = true) {
  const done: string[] = [];
  const whole = new Set<number>();
  const pages: AdvisePages = {
    page: (pfn) => ({ large: false, mapcount: 1, ...special.get(pfn), ...(whole.has(pfn) && { large: false }) }),
    split(pfn) {
      done.push(`split ${pfn}`);
      if (splits) whole.add(pfn);
      return splits;
    },
    advise: (pfn, advice) => void done.push(`${advice} ${pfn}`),
    freeSwap: ({ type, offset }) => void done.push(`swap ${type}:${offset}`),
  };
  return { pages, done };
}

const anon = (m: Modelled, over: Partial<AdviseVma> = {}): AdviseVma => ({
  ...rangeOf(m, 0, m.pages),
  ...{ pfnmap: false, backing: undefined, huge: 'pte', ...over },
});

/** What must be done to pages, and what the model is afterwards; huge pages are split where the range ends in them. */
function expected(m: Modelled, start: bigint, end: bigint, free: boolean, shared: (pfn: number) => boolean): string[] {
  const span = m.arch.geometry.pmd.size / m.page;
  const done: string[] = [];
  const advice = free ? 'free' : 'cold';
  for (let n = start / m.page; n < end / m.page; n++) {
    const state = m.model.get(n);
    if (state?.kind === 'huge') {
      // The region never holds a huge page whole; what is asked of it is its first page.
      const first = n - (n % span);
      if (shared(m.model.get(first)!.pfn)) continue;
      for (let one = first; one < first + span; one++)
        m.model.set(one, { ...m.model.get(one)!, kind: 'page', level: 'pte' });
      done.push(`split ${m.model.get(first)!.pfn}`);
    }
    const now = m.model.get(n);
    if (now?.kind === 'page' && (free || !shared(now.pfn))) done.push(`${advice} ${now.pfn}`);
    if (now?.kind === 'swap' && free) {
      done.push(`swap 1:${now.pfn}`);
      m.model.delete(n);
    }
  }
  return done;
}

const is = ({ mm }: Modelled, n: bigint, state: 'young' | 'dirty'): boolean => {
  const { result } = walk(mm, vaddr(n * mm.arch.geometry.pte.size));
  return result.kind === 'leaf' && pXdIs(mm, state, result.level, result.entry);
};

describe.each(everyArch)('%s', (_, arch, top) => {
  test('pages, entries, flushes and locks as the model has them', () => {
    fc.assert(
      fc.property(
        arbitraryRegion,
        fc.boolean(),
        fc.integer({ min: 2, max: 5 }),
        ({ wishes, from, to }, free, every) => {
          const runs = forms.map((form) => {
            const m = modelled(arch, top, wishes);
            const shared = (pfn: number): boolean => pfn % every === 0;
            const { pages, done } = pagesOf();
            const { page } = pages;
            pages.page = (pfn: Pfn) => ({ ...page(pfn)!, mapcount: shared(pfn) ? 2 : 1 });
            const range = rangeOf(m, from, to);
            const young = new Set([...m.model.keys()].filter((n) => is(m, n, 'young') || (free && is(m, n, 'dirty'))));
            const must = expected(m, range.start, range.end, free, shared);
            const options = { form, pages };
            const call = free
              ? madviseFree(m, range, anon(m), options)
              : madviseCold(m, range, anon(m), 'cold', options);
            expect(done).toEqual(must);
            const advised = must.filter((one) => /^(cold|free)/.test(one));
            expect(call).toEqual({
              ret: 0,
              pages: advised.length,
              swaps: must.filter((one) => one.startsWith('swap')).length,
            });
            expect(tablesAsModel(m)).toEqual(modelInRegion(m));
            const touched = [...m.model]
              .filter(([, { pfn, kind }]) => kind === 'page' && advised.includes(`${free ? 'free' : 'cold'} ${pfn}`))
              .map(([n]) => n)
              .filter((n) => n * m.page >= range.start && n * m.page < range.end);
            for (const n of touched) expect([is(m, n, 'young'), free && is(m, n, 'dirty')]).toEqual([false, false]);
            const noted = touched.filter((n) => young.has(n)).sort((a, b) => (a < b ? -1 : 1));
            expect(m.port.tlbFlushes.at(-1)).toEqual(
              noted.length
                ? { start: noted[0]! * m.page, end: (noted.at(-1)! + 1n) * m.page }
                : m.port.tlbFlushes.findLast(({ end, start }) => end - start === arch.geometry.pmd.size),
            );
            expect(m.port.cacheFlushes).toEqual([{ start: anon(m).start, end: anon(m).end }]);
            expect([m.port.wrong, [...m.port.held]]).toEqual([[], []]);
            return [done, m.port.writes.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`)];
          });
          expect(runs[0]).toEqual(runs[1]);
        },
      ),
      { numRuns, seed },
    );
  });
});

const x86 = (wishes: Wish[]): Modelled => modelled(everyArch[3]![1], 'pgd', wishes);
const some = (pfns: readonly number[], what: Partial<AdvisedPage>) =>
  pagesOf(new Map(pfns.map((n) => [0x1_0000 + n, what])));
const cold = (m: Modelled, pages: AdvisePages, from = 0, to = 6) =>
  madviseCold(m, rangeOf(m, from, to), anon(m), 'cold', { pages });
const free = (m: Modelled, pages: AdvisePages, from = 0, to = 6) =>
  madviseFree(m, rangeOf(m, from, to), anon(m), { pages });

describe('which mappings', () => {
  test('cold: none that is locked, of hugetlb, or without pages; free: anonymous only, cropped to the mapping', () => {
    const m = x86(['page']);
    const { pages, done } = pagesOf();
    const range = rangeOf(m, 0, 6);
    for (const over of [{ locked: true }, { pfnmap: true }, { backing: { kind: 'hugetlb' } }])
      expect(madviseCold(m, range, anon(m, over), 'pageout', { pages }).ret).toBe('EINVAL');
    for (const over of [{ backing: { kind: 'file' } }, { end: range.start, start: vaddr(0n) }, { start: range.end }])
      expect(madviseFree(m, range, anon(m, over), { pages }).ret).toBe('EINVAL');
    expect([done, m.port.reads, m.port.cacheFlushes]).toEqual([[], {}, []]);
    madviseFree(m, range, anon(m, rangeOf(m, 2, 4)), { pages });
    expect(done).toEqual(['free 65538', 'free 65539']);
  });

  test('a dying task: EINTR, nothing more', () => {
    const m = x86(['page']);
    const { pages, done } = pagesOf();
    expect(cold(m, { ...pages, fatalSignal: () => true })).toEqual({ ret: 'EINTR', pages: 0, swaps: 0 });
    expect(done).toEqual([]);
  });
});

test('an entry is taken out before it comes back old, so that the hardware notes nothing meanwhile', () => {
  const m = x86(['page']);
  const { result } = walk(m.mm, rangeOf(m, 0, 1).start);
  const entry = (result.kind === 'leaf' ? result.entry : 0n) as Entry<'pte'>;
  cold(m, pagesOf().pages, 0, 1);
  expect(m.port.writes.map((one) => one.entry)).toEqual([0n, change(m.arch, 'pte', 'old', entry)]);
});

describe('pages of large folios, mapped by ptes', () => {
  test('split, and the same pte again; the others go on', () => {
    for (const call of [cold, free]) {
      const m = x86(['page']);
      const { pages, done } = some([2], { large: true });
      expect(call(m, pages, 1, 4).ret).toBe(0);
      const advice = call === cold ? 'cold' : 'free';
      expect(done).toEqual([`${advice} 65537`, 'split 65538', `${advice} 65538`, `${advice} 65539`]);
      expect([m.port.wrong, m.port.held.size]).toEqual([[], 0]);
    }
  });

  test.each([
    ['shared', { large: true, mapcount: 2 }],
    ['locked', { large: true, busy: true }],
  ])('%s: the rest of this pmd is left, the next pmd is not', (_, what) => {
    const m = x86(['page']);
    const { pages, done } = some([2], what);
    cold(m, pages, 1, 14);
    expect(done).toEqual(['cold 65537', 'cold 65548', 'cold 65549']);
  });

  test('not to be split: the same; one that stays large afterwards is not split for ever', () => {
    const m = x86(['page']);
    const { pages, done } = pagesOf(new Map([[0x1_0002, { large: true }]]), false);
    cold(m, pages, 1, 4);
    expect(done).toEqual(['cold 65537', 'split 65538']);
    const liar = pagesOf(new Map([[0x1_0002, { large: true }]]), false);
    cold(m, { ...liar.pages, split: () => true }, 1, 4);
    expect(liar.done).toEqual(['cold 65537']);
  });
});

describe('free', () => {
  test.each([
    ['in the swap cache, free to go', { swapCache: 'free' as const }, true],
    ['in the swap cache, stuck', { swapCache: 'stuck' as const }, false],
    ['dirty and locked', { dirty: true, busy: true }, false],
    ['dirty and shared', { dirty: true, mapcount: 2 }, false],
    ['dirty', { dirty: true }, true],
    ['clean, shared and locked', { mapcount: 2, busy: true }, true],
  ])('%s', (_, what, freed) => {
    const m = x86(['page']);
    const { pages, done } = some([1], what);
    expect(free(m, pages, 1, 2).pages).toBe(freed ? 1 : 0);
    expect(done).toEqual(freed ? ['free 65537'] : []);
  });

  test('an entry of a page that moves is no swap, and stays', () => {
    const m = x86(['page']);
    const { result } = walk(m.mm, rangeOf(m, 0, 1).start);
    if (result.kind !== 'leaf') throw new Error('not mapped');
    const moving = makeMigration(m.mm, 'pte', { pfn: 7n, write: false }) as Entry<'pte'>;
    m.port.writeOnce(result.slot as Slot<'pte'>, moving);
    const { pages, done } = pagesOf();
    expect(free(m, pages, 0, 1)).toEqual({ ret: 0, pages: 0, swaps: 0 });
    expect([done, m.port.readOnce(result.slot)]).toEqual([[], moving]);
  });
});

describe('huge pages', () => {
  /** The second pmd's huge page, whole. */
  const whole = (m: Modelled) => {
    const { size } = m.arch.geometry.pmd;
    const start = m.arch.geometry.pgd.size;
    return { start: vaddr(start), end: vaddr(start + size) };
  };
  const run = (m: Modelled, pages: AdvisePages, how: 'cold' | 'free', range = whole(m)) => {
    const vma = anon(m, range);
    return how === 'free' ? madviseFree(m, range, vma, { pages }) : madviseCold(m, range, vma, how, { pages });
  };
  const frame = (m: Modelled) => (4n * m.arch.geometry.pmd.size) / m.page;

  test.each(['cold', 'free'] as const)('whole, %s: marked as it is, and flushed', (how) => {
    const m = x86(['huge']);
    const { pages, done } = pagesOf();
    expect(run(m, pages, how)).toEqual({ ret: 0, pages: 1, swaps: 0 });
    expect(done).toEqual([`${how} ${frame(m)}`]);
    const { result } = walk(m.mm, whole(m).start);
    if (result.kind !== 'leaf') throw new Error('not mapped');
    const { level, entry } = result;
    expect([level, pXdIs(m.mm, 'young', level, entry), pXdIs(m.mm, 'dirty', level, entry)]).toEqual([
      ...['pmd', false],
      how === 'cold',
    ]);
    // Once for taking it out (pmdp_invalidate), once at the end.
    expect(m.port.tlbFlushes).toEqual([whole(m), whole(m)]);
    expect(m.port.writes.map((one) => one.entry)).toEqual([change(m.arch, 'pmd', 'invalid', firstWrite(m)), entry]);
    run(m, pages, how);
    expect([m.port.writes.length, m.port.held.size]).toEqual([2, 0]);
  });
  const firstWrite = (m: Modelled) => {
    const fresh = x86(['huge']);
    const { result } = walk(fresh.mm, whole(m).start);
    return (result.kind === 'leaf' ? result.entry : 0n) as Entry<'pmd'>;
  };

  test.each([{ zero: true }, { mapcount: 2 }])('%o: left as it is', (what) => {
    for (const how of ['cold', 'free'] as const) {
      const m = x86(['huge']);
      const { pages, done } = pagesOf(new Map([[Number(frame(m)), what]]));
      expect(run(m, pages, how)).toEqual({ ret: 0, pages: 0, swaps: 0 });
      expect([done, m.port.writes, m.port.held.size]).toEqual([[], [], 0]);
    }
  });

  test('locked by others: free leaves it, cold waits', () => {
    const m = x86(['huge']);
    const { pages } = pagesOf(new Map([[Number(frame(m)), { busy: true }]]));
    expect([run(m, pages, 'free').pages, run(m, pages, 'cold').pages]).toEqual([0, 1]);
  });

  test('a part of it: no table, nothing happens; no split of the page, it stays whole below its table', () => {
    for (const how of ['cold', 'free'] as const) {
      const m = x86(['huge']);
      const { start } = whole(m);
      const part = { start, end: vaddr(start + m.page) };
      m.port.tablesLeft = 0;
      const { pages, done } = pagesOf(new Map([[Number(frame(m)), { large: true }]]), false);
      expect(run(m, pages, how, part)).toEqual({ ret: 0, pages: 0, swaps: 0 });
      expect([done, m.port.writes, m.port.counts.pte]).toEqual([[], [], 0]);
      m.port.tablesLeft = 1;
      expect(run(m, pages, how, part).pages).toBe(0);
      // Free goes on with its ptes, and there asks once more.
      expect([done, m.port.counts.pte]).toEqual([Array(how === 'free' ? 2 : 1).fill(`split ${frame(m)}`), 1]);
      const { result } = walk(m.mm, start);
      if (result.kind !== 'leaf') throw new Error('not mapped');
      const { level, entry } = result;
      // As the huge page was: young, and dirty.
      expect([level, pXdIs(m.mm, 'young', level, entry), pXdIs(m.mm, 'dirty', level, entry)]).toEqual([
        'pte',
        true,
        true,
      ]);
    }
  });

  test("a file's huge page is unmapped by the split, and then there is nothing to advise", () => {
    const m = x86(['huge']);
    const { start } = whole(m);
    const part = { start, end: vaddr(start + m.page) };
    const { pages, done } = pagesOf();
    const vma = anon(m, { ...part, backing: { kind: 'file' } });
    expect(madviseCold(m, part, vma, 'pageout', { pages })).toEqual({ ret: 0, pages: 0, swaps: 0 });
    expect([done, walk(m.mm, start).result.kind]).toEqual([[`split ${frame(m)}`], 'none']);
  });
});
