/** walk_page_range against a plain map: each page is told of once, as what it is, in both forms; holes end where tables do. */
import {
  change,
  type Entry,
  LEVELS,
  type Level,
  makeLeaf,
  paddr,
  populate,
  pXdIs,
  type Slot,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { makeMigration, migrationOf } from '../../src/walkers/migration.ts';
import { walkPageRange, walkPageRangeNovma, walkPageVma } from '../../src/walkers/pagewalk.ts';
import type { Hole, WalkAt, WalkOps, WalkVma } from '../../src/walkers/pagewalk-ops.ts';
import { everyArch } from '../support/spaces.ts';
import { arbitraryRegion, type Modelled, modelInRegion, modelled, rangeOf, tablesAsModel } from './support/model.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];

type Kind = 'gap' | 'anon' | 'file' | 'pfnmap';
const FILE = { kind: 'file' };

/** Mappings over page indexes of the region, from the first on. */
const arbitraryKinds = fc.array(
  fc.record({
    pages: fc.integer({ min: 1, max: 9 }),
    kind: fc.constantFrom<Kind>('gap', 'anon', 'file', 'pfnmap', 'anon'),
  }),
  { minLength: 1, maxLength: 8 },
);

function vmasOf(m: Modelled, kinds: readonly { pages: number; kind: Kind }[]): (WalkVma & { kind: Kind })[] {
  let at = 0;
  return kinds.flatMap(({ pages, kind }) => {
    const range = rangeOf(m, at, at + pages);
    at += pages;
    const backing = kind === 'file' ? FILE : undefined;
    return kind === 'gap' ? [] : [{ ...range, kind, pfnmap: kind === 'pfnmap', backing, huge: 'pte' as const }];
  });
}

/** The kernel's depth of a hole, counted by hand. */
function depth(m: Modelled, level: Level): number {
  let n = LEVELS.indexOf(level);
  if (n === 3 && m.arch.geometry.pmd.entries === 1) n = 2;
  if (n === 2 && m.arch.geometry.pud.entries === 1) n = 1;
  if (n === 1 && m.arch.geometry.p4d.entries === 1) n = 0;
  return n;
}

/** What must be told of each page, and what the model is afterwards. */
function expected(m: Modelled, vmas: readonly (WalkVma & { kind: Kind })[], from: bigint, to: bigint): string[] {
  const span = m.arch.geometry.pmd.size / m.page;
  const told: string[] = [];
  for (let n = from / m.page; n < to / m.page; n++) {
    const { result } = walk(m.mm, vaddr(n * m.page));
    const vma = vmas.find(({ start, end }) => n * m.page >= start && n * m.page < end);
    const state = m.model.get(n);
    const first = n - (n % span);
    const level = 'level' in result ? result.level : 'pgd';
    if (!vma) told.push(`hole ${n} ${depth(m, level === 'pgd' || level === 'p4d' ? level : 'pud')}`);
    else if (vma.kind === 'pfnmap') told.push(`hole ${n} -1`);
    else if (state?.kind === 'huge') {
      for (let one = first; one < first + span; one++) {
        if (vma.kind === 'file') m.model.delete(one);
        else m.model.set(one, { ...m.model.get(one)!, kind: 'page', level: 'pte' });
      }
      told.push(vma.kind === 'file' ? `hole ${n} ${depth(m, 'pmd')}` : `pte ${n} page`);
    } else if (state) told.push(`pte ${n} ${state.kind}`);
    else if (level === 'pte') told.push(`pte ${n} none`);
    // What was huge, and is gone by now: its tables as they were before the walk say nothing.
    else told.push(`hole ${n} ${depth(m, result.kind === 'leaf' ? 'pmd' : level)}`);
  }
  return told;
}

/** Callbacks that write down what they are told, page by page. */
function recorder(m: Modelled): { told: string[]; ops: WalkOps } {
  const told: string[] = [];
  const what = (entry: Entry<'pte'>): string => {
    if (pXdIs(m.mm, 'none', 'pte', entry)) return 'none';
    if (!pXdIs(m.mm, 'present', 'pte', entry)) return 'swap';
    return pXdIs(m.mm, 'special', 'pte', entry) ? 'special' : 'page';
  };
  const ops: WalkOps = {
    pteEntry({ entry, addr, next, vma }) {
      expect([next - addr, m.port.held.size]).toEqual([m.page, vma ? 1 : 0]);
      told.push(`pte ${addr / m.page} ${what(entry)}`);
      return 0;
    },
    pteHole({ addr, next, depth: at }) {
      for (let n: bigint = addr; n < next; n += m.page) told.push(`hole ${n / m.page} ${at}`);
      return 0;
    },
  };
  return { told, ops };
}

describe.each(everyArch)('%s', (_, arch, top) => {
  test('every page once, in order, with mappings and gaps; splits, locks and writes as the model has them', () => {
    fc.assert(
      fc.property(arbitraryRegion, arbitraryKinds, ({ wishes, from, to }, kinds) => {
        const runs = forms.map((form) => {
          const m = modelled(arch, top, wishes);
          const vmas = vmasOf(m, kinds);
          const range = rangeOf(m, from, to);
          const must = expected(m, vmas, range.start, range.end);
          const { told, ops } = recorder(m);
          expect(walkPageRange(m, range, vmas, ops, { form })).toEqual({ ret: 0 });
          expect(told).toEqual(must);
          expect(tablesAsModel(m)).toEqual(modelInRegion(m));
          expect([m.port.wrong, [...m.port.held]]).toEqual([[], []]);
          return [told, m.port.writes.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`)];
        });
        expect(runs[0]).toEqual(runs[1]);
      }),
      { numRuns, seed },
    );
  });

  test('upper entries are told of at every level, also folded ones; a huge pmd is split only for ptes', () => {
    for (const form of forms) {
      const m = modelled(arch, top, ['huge', 'page', 'none']);
      const told: string[] = [];
      const say = (level: Level) => (at: WalkAt) => {
        expect(at.slot.level).toBe(level);
        told.push(level);
        return 0;
      };
      const [pgdEntry, p4dEntry, pudEntry, pmdEntry] = [say('pgd'), say('p4d'), say('pud'), say('pmd')];
      const ops = { pgdEntry, p4dEntry, pudEntry, pmdEntry };
      expect(walkPageRange(m, rangeOf(m, 0, 1), [vmaOver(m)], ops, { form })).toEqual({ ret: 0 });
      expect(told).toEqual(['pgd', 'p4d', 'pud', 'pmd']);
      expect(m.port.writes).toEqual([]);
      expect(m.port.tablesLeft).toBe(Number.POSITIVE_INFINITY);
    }
  });
});

const vmaOver = (m: Modelled, backing?: { kind: string }, huge: Level = 'pte'): WalkVma => ({
  ...rangeOf(m, 0, m.pages),
  ...{ pfnmap: false, backing, huge },
});
const x86 = () => modelled(everyArch[3]![1], 'pgd', ['page', 'none', 'swap']);
const hugeX86 = () => modelled(everyArch[3]![1], 'pgd', ['huge']);
const nothing = (): number => 0;

describe('the vma loop', () => {
  test('empty, reversed, and an end of 0: EINVAL, nothing is read', () => {
    const m = x86();
    for (const [from, to] of [
      [4, 4],
      [5, 4],
    ] as const) {
      expect(walkPageRange(m, rangeOf(m, from, to), [vmaOver(m)], {})).toEqual({ ret: 'EINVAL' });
      expect(walkPageRangeNovma(m, rangeOf(m, from, to), {})).toEqual({ ret: 'EINVAL' });
    }
    expect(walkPageRange(m, { start: vaddr(0n), end: vaddr(0n) }, [], {})).toEqual({ ret: 'EINVAL' });
    expect(walkPageVma(m, { ...vmaOver(m), start: vmaOver(m).end }, {})).toEqual({ ret: 'EINVAL' });
    expect(m.port.reads).toEqual({});
  });

  test('a gap is one hole without tables since about v6.0, and nothing at all without pteHole', () => {
    const m = x86();
    const holes: Hole[] = [];
    const range = rangeOf(m, 0, 20);
    const pteHole = (hole: Hole) => void holes.push(hole);
    walkPageRange(m, range, [], { pteHole, pteEntry: nothing }, { gap: 'hole' });
    expect(holes).toEqual([{ addr: range.start, next: range.end, depth: -1, vma: undefined }]);
    walkPageRange(m, range, [], { pteEntry: nothing });
    expect(m.port.reads).toEqual({});
  });

  test('a callback ends the walk with what it says, positive or not, and leaves no lock; post_vma comes all the same', () => {
    const m = x86();
    let after = 0;
    for (const ret of [1, -5, 'EFAULT'] as const) {
      const ops: WalkOps = { pteEntry: () => ret, postVma: () => void after++ };
      expect(walkPageRange(m, rangeOf(m, 0, 9), [vmaOver(m)], ops)).toEqual({ ret });
      expect(m.port.held.size).toBe(0);
    }
    expect(after).toBe(3);
    for (const ops of [{ pgdEntry: () => 5 }, { p4dEntry: () => 5 }, { pudEntry: () => 5 }, { pmdEntry: () => 5 }])
      expect(walkPageRange(m, rangeOf(m, 0, 24), [vmaOver(m)], { ...ops, pteEntry: nothing })).toEqual({ ret: 5 });
    let ptes = 0;
    walkPageRange(m, rangeOf(m, 0, 9), [vmaOver(m)], { pteEntry: () => (++ptes === 3 ? 1 : 0) });
    expect(ptes).toBe(3);
    const never: WalkOps = { preVma: () => 'ENOMEM', pteEntry: () => 1, postVma: () => void after++ };
    expect(walkPageRange(m, rangeOf(m, 0, 9), [vmaOver(m)], never)).toEqual({ ret: 'ENOMEM' });
    expect(after).toBe(3);
  });

  test('no table is read that no callback asks about', () => {
    const levels = (ops: WalkOps) => {
      const m = x86();
      walkPageRange(m, rangeOf(m, 0, 9), [vmaOver(m)], ops);
      return Object.keys(m.port.reads);
    };
    expect([levels({ pgdEntry: nothing }), levels({ p4dEntry: nothing }), levels({ pudEntry: nothing })]).toEqual([
      ['pgd'],
      ['pgd', 'p4d'],
      ['pgd', 'p4d', 'pud'],
    ]);
    expect(levels({ pmdEntry: nothing })).toEqual(['pgd', 'p4d', 'pud', 'pmd']);
  });

  test('a test above 0 passes over the mapping and is not returned, below 0 ends; with it VM_PFNMAP counts for nothing', () => {
    const m = x86();
    const seen: bigint[] = [];
    const pteEntry = ({ addr }: WalkAt) => void seen.push(addr);
    const bare = { ...vmaOver(m), pfnmap: true };
    expect(walkPageRange(m, rangeOf(m, 0, 9), [bare], { pteEntry, testWalk: () => 7 })).toEqual({ ret: 0 });
    expect(walkPageVma(m, bare, { pteEntry, testWalk: () => 7 })).toEqual({ ret: 0 });
    expect(walkPageRange(m, rangeOf(m, 0, 9), [bare], { pteEntry, testWalk: () => -7 })).toEqual({ ret: -7 });
    expect(seen).toEqual([]);
    walkPageRange(m, rangeOf(m, 0, 9), [bare], { pteEntry, testWalk: nothing });
    expect(seen.length).toBe(9);
    expect(walkPageRange(m, rangeOf(m, 0, 9), [bare], { pteHole: () => 'EAGAIN' })).toEqual({ ret: 'EAGAIN' });
  });
});

test('VM_IO alone is walked: walk_page_test asks for VM_PFNMAP', () => {
  const m = x86();
  const seen: bigint[] = [];
  const pteEntry = ({ addr }: WalkAt) => void seen.push(addr);
  const holes: bigint[] = [];
  const pteHole = ({ addr }: { addr: bigint }) => void holes.push(addr);
  const flagged = (pfnmap: boolean) => ({ ...vmaOver(m), io: true, pfnmap });
  walkPageRange(m, rangeOf(m, 0, 9), [flagged(false)], { pteEntry, pteHole });
  expect([seen.length, holes]).toEqual([9, []]);
  walkPageRange(m, rangeOf(m, 0, 9), [flagged(true)], { pteEntry, pteHole });
  expect([seen.length, holes.length]).toEqual([9, 1]);
});

describe('actions', () => {
  test('continue keeps a huge page whole; again asks anew, and not for ever', () => {
    const m = hugeX86();
    const vmas = [vmaOver(m)];
    const ptes = { pteEntry: () => 'EFAULT' as const };
    expect(walkPageRange(m, rangeOf(m, 0, 2), vmas, { ...ptes, pmdEntry: () => 'continue' })).toEqual({ ret: 0 });
    expect(walkPageRange(m, rangeOf(m, 0, 2), vmas, { ...ptes, pudEntry: () => 'continue' })).toEqual({ ret: 0 });
    let asked = 0;
    const once: WalkOps = { pmdEntry: () => (asked++ ? 'continue' : 'again'), ...ptes };
    expect(walkPageRange(m, rangeOf(m, 0, 2), vmas, once)).toEqual({ ret: 0 });
    expect(asked).toBe(2);
    const ever = walkPageRange(m, rangeOf(m, 0, 2), vmas, { pudEntry: () => 'again' }, { again: 5 });
    expect([ever.ret, ever.failure?.kind, m.port.writes.length]).toEqual(['EAGAIN', 'again-limit', 0]);
  });

  test('the bound is on one entry in a row, not on the walk', () => {
    const m = hugeX86();
    let asked = 0;
    const ops: WalkOps = { pmdEntry: () => (++asked % 4 === 0 ? 'continue' : 'again') };
    expect(walkPageRange(m, rangeOf(m, 0, 24), [vmaOver(m)], ops, { again: 5 })).toEqual({ ret: 0 });
    expect(asked).toBe(8);
  });

  test('again sees what the callback put there, and so does the walk below', () => {
    const m = hugeX86();
    const told: string[] = [];
    const pmdEntry = ({ slot }: WalkAt) => {
      told.push('pmd');
      m.port.writeOnce(slot, 0n as Entry<'pmd'>);
      return 'again' as const;
    };
    walkPageRange(m, rangeOf(m, 0, 2), [vmaOver(m)], { pmdEntry, pteHole: () => void told.push('hole') });
    expect(told).toEqual(['pmd', 'hole']);
    const other = hugeX86();
    const split: WalkOps = {
      pmdEntry: ({ slot }) => (other.port.writeOnce(slot, 0n as Entry<'pmd'>) ? 'subtree' : 1),
      pteHole: () => 'EREMOTEIO',
      pteEntry: nothing,
    };
    expect(walkPageRange(other, rangeOf(other, 0, 2), [vmaOver(other)], split)).toEqual({ ret: 'EREMOTEIO' });
  });
});

describe('large pages', () => {
  test('no table for the split: nothing was changed, nothing is left behind; one table is enough', () => {
    const run = (tablesLeft: number) => {
      const m = hugeX86();
      m.port.tablesLeft = tablesLeft;
      const before = tablesAsModel(m);
      const { ret, failure } = walkPageRange(m, rangeOf(m, 2, 5), [vmaOver(m)], { pteEntry: nothing });
      if (ret !== 0) expect([tablesAsModel(m), m.port.writes, m.port.held.size]).toEqual([before, [], 0]);
      return [ret, failure?.kind, m.port.counts.pte];
    };
    expect([run(0), run(1), run(2)]).toEqual([
      ['ENOMEM', 'no-memory', 0],
      [0, undefined, 1],
      [0, undefined, 1],
    ]);
  });

  test('a huge pud is unmapped, and a hole from then on; with pud callbacks alone it stays', () => {
    const m = modelled(everyArch[3]![1], 'pgd', ['none']);
    const { size } = m.arch.geometry.pud;
    const leaf = makeLeaf(m.arch, 'pud', paddr(size), { read: true, write: true, exec: false, user: true })!;
    const slot = populate(m.mm, m.tables, vaddr(8n * size), 'pud') as Slot<'pud'>;
    writeEntry(m.mm, slot, leaf);
    const range = { start: vaddr(8n * size + m.page), end: vaddr(8n * size + 3n * m.page) };
    const vma = { ...range, pfnmap: false, backing: FILE, huge: 'pte' as const };
    expect(walkPageRange(m, range, [vma], { pudEntry: nothing })).toEqual({ ret: 0 });
    expect(m.port.writes.length).toBe(0);
    expect(walkPageRangeNovma(m, range, { pteEntry: () => 1, pteHole: () => 2 })).toEqual({ ret: 0 });
    const told: number[] = [];
    walkPageRange(m, range, [vma], { pteEntry: () => 1, pteHole: ({ depth: at }) => void told.push(at) });
    expect([told, m.port.tlbFlushes]).toEqual([[2], [{ start: 8n * size, end: 9n * size }]]);
  });

  test('a huge page that moves is split into pages that move', () => {
    const m = modelled(everyArch[3]![1], 'pgd', ['none']);
    const slot = populate(m.mm, m.tables, vaddr(m.first * m.page), 'pmd') as Slot<'pmd'>;
    writeEntry(m.mm, slot, makeMigration(m.mm, 'pmd', { pfn: 512n, write: true }) as Entry<'pmd'>);
    const told: unknown[] = [];
    const pteEntry = ({ entry }: WalkAt<'pte'>) => void told.push(migrationOf(m.mm, 'pte', entry));
    expect(walkPageRange(m, rangeOf(m, 0, 2), [vmaOver(m)], { pteEntry })).toEqual({ ret: 0 });
    expect(told).toEqual([500n, 501n].map((pfn) => ({ pfn: 512n + pfn, write: true })));
  });
});

describe('hugetlb', () => {
  const make = () => {
    const m = hugeX86();
    return { m, vma: vmaOver(m, { kind: 'hugetlb' }, 'pmd') };
  };

  test('each page by its entry, cropped to the range; without a table for it a hole', () => {
    const { m, vma } = make();
    const told: string[] = [];
    const ops: WalkOps = {
      hugetlbEntry: ({ slot, addr, next }) => void told.push(`${slot.level} ${addr} ${next}`),
      pteHole: ({ addr, next, depth: at }) => void told.push(`hole ${addr} ${next} ${at}`),
      pteEntry: () => 'EFAULT',
    };
    expect(walkPageVma(m, vma, ops)).toEqual({ ret: 0 });
    const border = m.arch.geometry.pgd.size;
    expect(told).toEqual([`pmd ${vma.start} ${border}`, `pmd ${border} ${vma.end}`]);
    const far = { ...vma, start: vaddr(5n * border), end: vaddr(5n * border + m.page) };
    told.length = 0;
    walkPageVma(m, far, ops);
    expect([told, m.port.writes]).toEqual([[`hole ${far.start} ${far.end} -1`], []]);
  });

  test('nothing is read below a larger leaf', () => {
    const m = modelled(everyArch[3]![1], 'pgd', ['none']);
    const { size } = m.arch.geometry.pud;
    const leaf = makeLeaf(m.arch, 'pud', paddr(0n), { read: true, write: true, exec: false, user: true })!;
    writeEntry(m.mm, populate(m.mm, m.tables, vaddr(8n * size), 'pud') as Slot<'pud'>, leaf);
    const vma = { ...vmaOver(m, { kind: 'hugetlb' }, 'pmd'), start: vaddr(8n * size), end: vaddr(9n * size) };
    expect(walkPageVma(m, vma, { hugetlbEntry: () => 1, pteHole: () => 2 })).toEqual({ ret: 2 });
  });

  test('an answer ends it; without the callback the mapping is passed over', () => {
    const { m, vma } = make();
    expect(walkPageVma(m, vma, { hugetlbEntry: () => 3 })).toEqual({ ret: 3 });
    expect(walkPageVma(m, vma, { pteEntry: () => 3, pteHole: () => 4 })).toEqual({ ret: 0 });
  });
});

describe('without mappings', () => {
  test('tables alone, without locks, from another top table; large and swapped-out entries are passed over', () => {
    const m = x86();
    const { told, ops } = recorder(m);
    expect(walkPageRangeNovma(m, rangeOf(m, 0, 3), ops)).toEqual({ ret: 0 });
    expect(told.map((line) => line.split(' ')[2])).toEqual(['page', 'none', 'swap']);
    const h = hugeX86();
    expect(walkPageRangeNovma(h, rangeOf(h, 0, 3), { pteEntry: () => 1, pteHole: () => 2 })).toEqual({ ret: 0 });
    expect(
      walkPageRangeNovma({ ...m, mm: { ...m.mm, pgd: paddr(0n) } }, rangeOf(m, 0, 3), ops, { pgd: m.mm.pgd }),
    ).toEqual({ ret: 0 });
    expect(told.length).toBe(6);
    expect(walkPageRangeNovma(m, rangeOf(m, 0, 3), ops, { pgd: paddr(0n) })).toMatchObject({
      ret: 'EFAULT',
      failure: { kind: 'outside-memory', slot: { level: 'pgd' } },
    });
  });

  test('a range that is not of whole pages ends with the pte that reaches its end', () => {
    const m = x86();
    const { start } = rangeOf(m, 12, 13);
    const seen: bigint[] = [];
    const pteEntry = ({ addr }: WalkAt) => void seen.push(addr - start);
    walkPageRangeNovma(m, { start: vaddr(start + 1n), end: vaddr(start + 2n * m.page) }, { pteEntry });
    walkPageRangeNovma(m, { start, end: vaddr(start + m.page + 1n) }, { pteEntry });
    expect(seen).toEqual([1n, m.page + 1n, 0n, m.page]);
  });
});

test('bad upper entries: cleared at pmd for those who want ptes, and a hole then', () => {
  const m = x86();
  const slot = populate(m.mm, m.tables, vaddr(m.first * m.page), 'pmd') as Slot<'pmd'>;
  const bad = change(m.arch, 'pmd', 'invalid', 0x1000n as Entry<'pmd'>) ?? (1n as Entry<'pmd'>);
  writeEntry(m.mm, slot, (bad | 1n) as Entry<'pmd'>);
  expect(walkPageRange(m, rangeOf(m, 0, 1), [vmaOver(m)], { pteEntry: nothing, pteHole: () => 9 })).toMatchObject({
    ret: 9,
    lost: [{ slot: { level: 'pmd' } }],
  });
  expect(m.port.writes.map(({ slot: { level }, entry }) => [level, entry])).toEqual([['pmd', 0n]]);
});
