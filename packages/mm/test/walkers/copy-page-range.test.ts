/** copy_page_range: the child against the parent's plain map, in both forms; failures at every point, and who is waited for. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  bumpAllocator,
  change,
  createMm,
  type Entry,
  flatMemory,
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
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { copyPageRange } from '../../src/walkers/copy-page-range.ts';
import type { ForkedVma } from '../../src/walkers/copy-pte.ts';
import { freePgdRange } from '../../src/walkers/free-pgtables.ts';
import { Gather } from '../../src/walkers/gather.ts';
import { makeMigration, migrationOf } from '../../src/walkers/migration.ts';
import { swapKindOf } from '../../src/walkers/swap-kinds.ts';
import { unmapPageRange } from '../../src/walkers/zap.ts';
import { mapped } from '../support/mapped.ts';
import { everyArch } from '../support/spaces.ts';
import {
  arbitraryRegion,
  grown,
  type Modelled,
  modelInRegion,
  modelled,
  type PageState,
  rangeOf,
  tablesAsModel,
} from './support/model.ts';
import { tablesAt } from './support/tables-at.ts';
import { testPort } from './support/test-port.ts';
import { everyNth, type Watched, watch } from './support/watch.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 8;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const FULL = { read: true, write: true, exec: false, user: true };
const PRIVATE: ForkedVma = { shared: false, mayWrite: true, hasAnonVma: true, anonymous: true };
const SHARED: ForkedVma = { shared: true, mayWrite: true, hasAnonVma: true, anonymous: false };
type Watching = Modelled & { w: Watched };
type Range = { start: Vaddr; end: Vaddr };

/** A parent, and a child with the same levels and tables of its own. */
function family(arch: Modelled['arch'], top: Level, wishes: Parameters<typeof modelled>[2]) {
  const src = modelled(arch, top, wishes);
  const from = paddr(0x100_0000n);
  const bytes = 2 ** 21;
  const tables = bumpAllocator(from, paddr(from + BigInt(bytes)));
  const mm = createMm(arch, flatMemory(new ArrayBuffer(bytes), from), tables, top)!;
  const dst: Modelled = { ...src, mm, tables, port: testPort(mm, tables), model: new Map() };
  return { src: { ...src, w: watch(src.port) } as Watching, dst: { ...dst, w: watch(dst.port) } as Watching };
}

/** How many tables of each level the child has for a range. */
function tablesOf({ mm, page, arch }: Modelled, { start, end }: Range): Record<string, number> {
  const counts: Record<string, number> = { p4d: 0, pud: 0, pmd: 0, pte: 0 };
  const seen = new Set<bigint>();
  const { size } = arch.geometry.pmd;
  for (let addr: bigint = start; addr < end; addr = (addr & -size) + size)
    for (const { level, table } of [...tablesAt(mm, addr), ...tablesAt(mm, end - page)]) {
      if (!seen.has(table)) counts[level] = (counts[level] ?? 0) + 1;
      seen.add(table);
    }
  return counts;
}

interface Told {
  got: number[];
  swaps: bigint[];
  rss: { pages: number; swap: number };
  huge: number;
  partial: boolean;
}

/** What must be in both, page by page, until a large page is cut. */
function copyModel(src: Modelled, dst: Modelled, { start, end }: Range, vma: ForkedVma): Told {
  const told: Told = { got: [], swaps: [], rss: { pages: 0, swap: 0 }, huge: 0, partial: false };
  const { size } = src.arch.geometry.pmd;
  const cow = vma.mayWrite && !vma.shared;
  const put = (n: bigint, state: PageState): void => {
    dst.model.set(n, state);
    src.model.set(n, state);
  };
  for (const [n, state] of [...src.model].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const addr = n * src.page;
    const first = addr & -size;
    if (state.kind === 'huge') {
      if (first + size <= start || first >= end) continue;
      told.partial = first < start || first + size > end;
      if (told.partial) return told;
      if (!vma.anonymous) continue;
      put(n, { ...state, write: false });
      told.rss.pages++;
      if (addr === first) told.huge++;
      if (addr === first) told.got.push(state.pfn);
    } else if (addr >= start && addr < end) {
      put(n, { ...state, write: state.write && !cow });
      if (state.kind === 'page') told.got.push(state.pfn);
      if (state.kind === 'swap') told.swaps.push(BigInt(state.pfn));
      told.rss[state.kind === 'swap' ? 'swap' : 'pages'] += state.kind === 'special' ? 0 : 1;
    }
  }
  return told;
}

const locks = ({ port }: Modelled): unknown => [port.wrong, [...port.held]];
const FREE = [[], []];

/** Takes a child down: every table and every reference comes back, each once. */
function takeDown(dst: Watching, src: Watching, range: Range): void {
  const gather = new Gather(dst);
  expect(unmapPageRange(dst, range, mapped(range), gather)).toEqual({});
  const zero = vaddr(0n);
  expect(freePgdRange(dst, range, { floor: zero, ceiling: zero }, gather)).toEqual({});
  gather.finish();
  expect(dst.port.counts).toEqual({ p4d: 0, pud: 0, pmd: 0, pte: 0 });
  expect(new Set(dst.port.freed.map(({ table }) => table)).size).toBe(dst.port.freed.length);
  expect(dst.port.freedPages.toSorted()).toEqual(src.w.got.toSorted());
  expect(dst.w.freedSwap.map(({ offset }) => offset)).toEqual(src.w.duplicated.map(({ offset }) => offset));
  expect(dst.w.rss).toEqual({ pages: 0, swap: 0 });
}

describe.each(everyArch)('%s', (_, arch, top) => {
  test('parent and child are as the model says; references, counts, tables and locks are exact; all comes back', () => {
    const how = fc.record({
      ...{ low: fc.boolean(), high: fc.boolean(), shared: fc.boolean() },
      ...{ waits: fc.constantFrom(0, 1, 2), dup: fc.constantFrom(0, 1, 2) },
    });
    fc.assert(
      fc.property(arbitraryRegion, how, ({ wishes, from, to }, { low, high, shared, waits, dup }) => {
        const writes = forms.map((form) => {
          const { src, dst } = family(arch, top, wishes);
          const vma = shared ? SHARED : PRIVATE;
          const refuses = everyNth(dup);
          Object.assign(src.w.say, { resched: everyNth(waits), dup: () => !refuses() });
          dst.w.say.contended = everyNth(waits && 2);
          const range = grown(src, rangeOf(src, from, to), low, high);
          const told = copyModel(src, dst, range, vma);
          const { failure } = copyPageRange(src, dst, range, vma, { form });
          expect(failure?.kind).toBe(told.partial ? 'partial-huge' : undefined);
          expect(tablesAsModel(src)).toEqual(modelInRegion(src));
          expect(tablesAsModel(dst)).toEqual(modelInRegion(dst));
          expect([src.w.got, src.w.duplicated.map(({ offset }) => offset)]).toEqual([told.got, told.swaps]);
          expect([dst.w.rss, src.w.rss]).toEqual([told.rss, { pages: 0, swap: 0 }]);
          expect(dst.w.swapList).toBe(told.swaps.length);
          const { pte, ...upper } = tablesOf(dst, range);
          expect(dst.port.counts).toEqual({ ...upper, pte: pte! + told.huge });
          expect([locks(src), locks(dst)]).toEqual([FREE, FREE]);
          expect([src.port.tlbFlushes, src.port.freed, dst.port.freed]).toEqual([[], [], []]);
          for (const n of dst.model.keys()) {
            const { result } = walk(dst.mm, vaddr(n * dst.page));
            if (result.kind !== 'leaf') continue;
            expect(pXdIs(dst.mm, 'young', result.level, result.entry)).toBe(false);
            if (shared) expect(pXdIs(dst.mm, 'dirty', result.level, result.entry)).toBe(false);
          }
          const done = [...src.port.writes, ...dst.port.writes];
          takeDown(dst, src, range);
          return done.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`);
        });
        expect(writes[0]).toEqual(writes[1]);
      }),
      { numRuns, seed },
    );
  });

  test('entries that the parent has not are stepped over in the child too, at every level', () => {
    const { src, dst } = family(arch, top, [...Array(12).fill('none'), ...Array(12).fill('page')]);
    expect(copyPageRange(src, dst, rangeOf(src, 0, 24), PRIVATE)).toEqual({});
    expect([tablesAsModel(dst).size, tablesAsModel(dst)]).toEqual([12, tablesAsModel(src)]);
  });

  test('no memory for the n-th table: the child has what came before, the parent is protected so far, nothing is lost', () => {
    for (const wishes of [['page'], ['swap', 'page'], ['huge', 'page', 'readonly']] as const) {
      for (let left = 0; left < 20; left++) {
        const { src, dst } = family(arch, top, wishes);
        const range = grown(src, rangeOf(src, 0, 24), true, true);
        const before = tablesAsModel(src);
        dst.port.tablesLeft = left;
        const { failure } = copyPageRange(src, dst, range, PRIVATE);
        const child = tablesAsModel(dst);
        const copied = [...child.keys()];
        if (!failure) {
          expect(copied.length).toBe(before.size);
          break;
        }
        expect(failure.kind).toBe('no-memory');
        expect(copied).toEqual([...before.keys()].slice(0, copied.length));
        for (const [n, state] of before) {
          const now = { ...state, write: state.write && !child.has(n) };
          expect(tablesAsModel(src).get(n)).toEqual(now);
          if (child.has(n)) expect(child.get(n)).toEqual(now);
        }
        expect([locks(src), locks(dst)]).toEqual([FREE, FREE]);
        dst.port.tablesLeft = Number.POSITIVE_INFINITY;
        takeDown(dst, src, range);
      }
    }
  });
});

const [, x86] = everyArch.find(([name]) => name === 'x86-64')!;
const { size } = x86.geometry.pmd;
const x = (wishes: Parameters<typeof modelled>[2]) => family(x86, 'pgd', wishes);
const whole = (m: Modelled): Range => grown(m, rangeOf(m, 0, 1), true, true);

function put(m: Modelled, level: Level, addr: bigint, entry: bigint): Slot {
  const slot = populate(m.mm, m.tables, vaddr(addr), level) as Slot;
  writeEntry(m.mm, slot, entry as Entry);
  return slot;
}
const pteAt = (m: Modelled, addr: bigint): Entry<'pte'> =>
  readEntry(m.mm, populate(m.mm, m.tables, vaddr(addr), 'pte') as Slot<'pte'>)!;

describe('who is waited for', () => {
  const asked = (wishes: Parameters<typeof modelled>[2], from: number, to: number): number => {
    const { src, dst } = x(wishes);
    let questions = 0;
    src.w.say.resched = () => ++questions < 0;
    copyPageRange(src, dst, rangeOf(src, from, to), PRIVATE);
    return questions;
  };
  test('the question comes before the fifth copied pte', () => {
    expect([asked(['page'], 12, 16), asked(['page'], 12, 17), asked(['page'], 12, 24)]).toEqual([0, 1, 2]);
  });
  test('or after 32 none ones, with 8 for a copied one', () => {
    const { src, dst } = x(['none']);
    const { start } = whole(src);
    put(src, 'pte', start, makeLeaf(x86, 'pte', paddr(0x1000_0000n), FULL)!);
    let questions = 0;
    src.w.say.resched = () => ++questions < 0;
    const pages = (n: bigint): Range => ({ start, end: vaddr(start + n * src.page) });
    copyPageRange(src, dst, pages(25n), PRIVATE);
    expect(questions).toBe(0);
    copyPageRange(src, dst, pages(26n), PRIVATE);
    expect(questions).toBe(1);
  });
  test('always somebody: both locks are let go, and every time something is done', () => {
    const { src, dst } = x(['page']);
    dst.w.say.contended = () => true;
    expect(copyPageRange(src, dst, rangeOf(src, 12, 24), PRIVATE)).toEqual({});
    expect(src.w.events.filter(({ what }) => what === 'lock').length).toBe(3);
    expect(src.w.events.filter(({ what, held }) => what === 'resched' && held > 0)).toEqual([]);
  });
});

describe('swap counts', () => {
  test('no memory to extend one', () => {
    const { src, dst } = x(['page', 'swap']);
    src.w.say.dup = () => false;
    src.w.extendable = false;
    const { failure } = copyPageRange(src, dst, rangeOf(src, 0, 4), PRIVATE);
    expect(failure).toMatchObject({ kind: 'no-memory', slot: { level: 'pte' } });
    expect([...tablesAsModel(dst).values()].map(({ pfn }) => pfn)).toEqual([0x1_0000]);
    expect([locks(src), locks(dst), dst.w.rss]).toEqual([FREE, FREE, { pages: 1, swap: 0 }]);
  });
  test('one that never fits ends', () => {
    const { src, dst } = x(['swap']);
    src.w.say.dup = () => false;
    expect(copyPageRange(src, dst, rangeOf(src, 0, 4), PRIVATE).failure).toMatchObject({ kind: 'no-progress' });
    expect([locks(src), locks(dst), src.w.extended.length]).toEqual([FREE, FREE, 65]);
  });
});

describe('entries', () => {
  test('copied on write, what moves and what lies in device memory may be written by neither; soft-dirty stays', () => {
    const soft = x86.spec.levels.pte.swap!.softDirty!;
    for (const vma of [PRIVATE, SHARED]) {
      const { src, dst } = x(['none']);
      const { start } = rangeOf(src, 0, 1);
      [28n, 29n, 30n, 31n, 27n].forEach((type, n) =>
        put(
          src,
          'pte',
          start + BigInt(n) * src.page,
          makeSwap(x86, 'pte', { type, offset: BigInt(0x100 + n) })! | soft,
        ),
      );
      copyPageRange(src, dst, rangeOf(src, 0, 24), vma);
      const kinds = [0n, 1n, 2n, 3n, 4n].map((n) => {
        const [mine, childs] = [pteAt(src, start + n * src.page), pteAt(dst, start + n * src.page)];
        expect([mine, mine & soft]).toEqual([childs, soft]);
        const what = swapKindOf(src.mm, 'pte', mine)!;
        return `${what.kind} ${what.swap.offset.toString(16)} ${'write' in what && what.write}`;
      });
      const [moving, device] = vma.shared ? [true, true] : [false, false];
      expect(kinds).toEqual([
        'migration 100 false',
        `migration 101 ${moving}`,
        `device 102 ${device}`,
        'device 103 false',
        'poison 104 false',
      ]);
      expect([src.w.got, dst.w.rss, src.w.duplicated]).toEqual([[0x102, 0x103], { pages: 4, swap: 0 }, []]);
    }
  });
  test('old always, dirty unless shared; a page that may not be written is left as it is in the parent', () => {
    for (const vma of [PRIVATE, SHARED]) {
      const { src, dst } = x(['none']);
      const { start } = rangeOf(src, 0, 1);
      const readonly = makeLeaf(x86, 'pte', paddr(0x1000_0000n), { ...FULL, write: false })!;
      const dirty = change(x86, 'pte', 'dirty', readonly)!;
      put(src, 'pte', start, dirty);
      copyPageRange(src, dst, rangeOf(src, 0, 1), vma);
      expect([pteAt(src, start), src.port.writes.length]).toEqual([dirty, 0]);
      const child = pteAt(dst, start);
      expect(['young', 'dirty'].map((what) => pXdIs(dst.mm, what as 'young', 'pte', child))).toEqual([
        false,
        !vma.shared,
      ]);
    }
  });
});

describe('large pages', () => {
  test('of a file they are left to faults', () => {
    const { src, dst } = x(['huge']);
    expect(copyPageRange(src, dst, whole(src), { ...PRIVATE, anonymous: false })).toEqual({});
    expect([dst.port.writes.map(({ slot }) => slot.level), dst.port.counts.pte]).toEqual([
      ['pgd', 'pud'].map(() => expect.any(String)),
      0,
    ]);
  });
  test('one that is none any more under the locks: the table for it goes back', () => {
    const { src, dst } = x(['huge']);
    const pmd = populate(src.mm, src.tables, whole(src).start, 'pmd') as Slot<'pmd'>;
    const { lock } = src.port;
    src.port.lock = (slot) => {
      writeEntry(src.mm, pmd, 0n as Entry<'pmd'>);
      lock(slot);
    };
    expect(copyPageRange(src, dst, whole(src), PRIVATE)).toEqual({});
    expect([dst.port.counts.pte, dst.port.freed.length, src.w.got, locks(src), locks(dst)]).toEqual([
      0,
      1,
      [],
      FREE,
      FREE,
    ]);
  });
  test('one that moves', () => {
    const { src, dst } = x(['none']);
    const { start } = whole(src);
    const slot = put(src, 'pmd', start, makeMigration(src.mm, 'pmd', { pfn: 0x800n, write: true })!);
    copyPageRange(src, dst, whole(src), PRIVATE);
    const child = readEntry(dst.mm, populate(dst.mm, dst.tables, start, 'pmd') as Slot)!;
    for (const entry of [readEntry(src.mm, slot)!, child])
      expect(migrationOf(src.mm, 'pmd', entry)).toEqual({ pfn: 0x800n, write: false });
    expect([dst.w.rss, src.w.got, dst.port.counts.pte]).toEqual([{ pages: 512, swap: 0 }, [], 1]);
  });
  test('a pud: read-only in both, old in the child, no reference', () => {
    const { src, dst } = x(['none']);
    const at = x86.geometry.pud.size;
    const slot = put(src, 'pud', at, makeLeaf(x86, 'pud', paddr(at * 2n), FULL)!);
    const range = { start: vaddr(at), end: vaddr(2n * at) };
    expect(copyPageRange(src, dst, { ...range, end: vaddr(at + size) }, PRIVATE).failure?.kind).toBe('partial-huge');
    expect(copyPageRange(src, dst, range, PRIVATE)).toEqual({});
    const child = readEntry(dst.mm, populate(dst.mm, dst.tables, range.start, 'pud') as Slot<'pud'>)!;
    const mine = readEntry(src.mm, slot as Slot<'pud'>)!;
    const is = (what: 'write' | 'young'): boolean[] => [mine, child].map((entry) => pXdIs(src.mm, what, 'pud', entry));
    expect([is('write'), is('young'), src.w.got]).toEqual([[false, false], [true, false], []]);
  });
});

describe('what is asked for', () => {
  test('nothing where faults bring everything back', () => {
    const { src, dst } = x(['page']);
    expect(copyPageRange(src, dst, rangeOf(src, 0, 4), { ...PRIVATE, hasAnonVma: false })).toEqual({});
    expect([src.port.reads, dst.port.reads]).toEqual([{}, {}]);
    copyPageRange(src, dst, rangeOf(src, 0, 4), { ...PRIVATE, hasAnonVma: false, pfnMap: true });
    expect(tablesAsModel(dst).size).toBe(4);
  });
  test('an empty range and a child with other levels are refused', () => {
    const { src, dst } = x(['page']);
    const { start } = rangeOf(src, 0, 1);
    expect(() => copyPageRange(src, dst, { start, end: start }, PRIVATE)).toThrow('range');
    const z = s390();
    const [three, four] = [family(z, topOf(3), ['page']), family(z, topOf(4), ['page'])];
    const range = rangeOf(three.src, 0, 4);
    expect(() => copyPageRange(three.src, four.dst, range, PRIVATE)).toThrow('same levels');
    expect(() => copyPageRange(three.src, dst, range, PRIVATE)).toThrow('same levels');
  });
  test('bad entries and tables outside memory', () => {
    const { src, dst } = x(['none']);
    const { start } = whole(src);
    const slot = put(src, 'pmd', start, 0x5061n);
    expect(copyPageRange(src, dst, whole(src), PRIVATE)).toEqual({ lost: [{ slot, entry: 0x5061n, addr: start }] });
    expect(readEntry(src.mm, slot)).toBe(0n);
    writeEntry(src.mm, slot, 0x7_0000_0067n as Entry);
    expect(copyPageRange(src, dst, whole(src), PRIVATE).failure).toMatchObject({ kind: 'outside-memory' });
    expect([locks(src), locks(dst)]).toEqual([FREE, FREE]);
  });
});
