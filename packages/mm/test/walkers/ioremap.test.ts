/** ioremap_page_range against a rule for each page: the largest leaf whose conditions hold; in both forms. */
import {
  type Arch,
  below,
  isAlwaysFolded,
  LEVELS,
  type Level,
  makeLeaf,
  type Paddr,
  paddr,
  type Vaddr,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { type IoremapOptions, ioremapPageRange } from '../../src/walkers/ioremap.ts';
import { MODIFIED } from '../../src/walkers/modified.ts';
import { vunmapNoflush } from '../../src/walkers/vunmap.ts';
import { everyArch } from '../support/spaces.ts';
import { type Modelled, modelled, rangeOf } from './support/model.ts';
import { depth, expectSound, starved, tablesByLevel, writesOf } from './support/reach.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 10 : 6;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const prot = { read: true, write: true, exec: false, user: false };

/** Whether a level has large pages here, by making one. */
const hasLeaves = (arch: Arch, top: Level, level: 'pud' | 'pmd'): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(top) &&
  !isAlwaysFolded(arch, below(level)) &&
  makeLeaf(arch, level, paddr(0n), prot) !== undefined;

/** What must map an address: the largest level at which its slot lies in the range whole, and the memory fits. */
function levelAt(m: Modelled, at: bigint, range: { start: bigint; end: bigint }, phys: bigint, huge: boolean): Level {
  const fits = (level: 'pud' | 'pmd'): boolean => {
    const { size } = m.arch.geometry[level];
    const start = at & -size;
    return start >= range.start && start + size <= range.end && ((phys + start - range.start) & (size - 1n)) === 0n;
  };
  return (['pud', 'pmd'] as const).find((level) => huge && hasLeaves(m.arch, m.top, level) && fits(level)) ?? 'pte';
}

/** Addresses around every border of a pmd, and the ends. */
const samples = ({ arch, page }: Modelled, { start, end }: { start: bigint; end: bigint }): bigint[] => {
  const { size } = arch.geometry.pmd;
  const found = [start, end - page];
  for (let at = start & -size; at <= end; at += size) found.push(at - page, at, at + page);
  return found.filter((at) => at >= start && at < end);
};

/** What is mapped at an address. */
const mappedAt = ({ mm }: Modelled, at: bigint): [Level, bigint] | undefined => {
  const { result } = walk(mm, vaddr(at));
  return result.kind === 'leaf' ? [result.level, result.paddr] : undefined;
};

describe.each(everyArch)('%s', (_, arch, top) => {
  const { size } = arch.geometry.pmd;

  test('every page has the largest leaf that fits, and the right memory; masks are exact', () => {
    const near = fc.integer({ min: -2, max: 2 });
    // Without a shared alignment all are small: for pages of 64 KiB that is many.
    const shift = size / arch.geometry.pte.size > 2048n ? fc.constant(0n) : fc.constantFrom(0n, 0n, 1n);
    fc.assert(
      fc.property(near, near, fc.integer({ min: 1, max: 3 }), shift, fc.boolean(), (a, b, pmds, off, huge) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, ['none']);
          // The region's border: another entry of the top table, where addresses go so far.
          const first = (m.first + 12n) * m.page;
          const border = first > size ? first : 4n * size;
          const start = vaddr(border - size + BigInt(a) * m.page);
          const end = vaddr(border + BigInt(pmds - 1) * size + BigInt(b) * m.page);
          if (end <= start) return undefined;
          const phys = paddr(4n * size + (start & (size - 1n)) + off * m.page);
          const options: IoremapOptions = { form, syncMask: MODIFIED.pmd, ...(!huge && { huge: [] }) };
          const result = ioremapPageRange(m, { start, end }, phys, prot, options);
          for (const at of samples(m, { start, end }))
            expect(mappedAt(m, at)).toEqual([levelAt(m, at, { start, end }, phys, huge), phys + at - start]);
          for (const at of [start - m.page, BigInt(end)]) expect(mappedAt(m, at)).toBeUndefined();
          const { p4d, pud, pmd, pte } = m.port.counts;
          const levels = new Set(samples(m, { start, end }).map((at) => mappedAt(m, at)?.[0]));
          const mask =
            (p4d && MODIFIED.pgd) |
            (pud && MODIFIED.p4d) |
            (pmd && MODIFIED.pud) |
            (pte && MODIFIED.pmd | MODIFIED.pte);
          expect(result).toEqual({
            modified: mask | (levels.has('pmd') ? MODIFIED.pmd : 0) | (levels.has('pud') ? MODIFIED.pud : 0),
            synced: (result.modified & MODIFIED.pmd) !== 0,
          });
          expect([m.port.cacheFlushes, m.port.tlbFlushes]).toEqual([[{ start, end }], []]);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('memory for tables that ends anywhere: ENOMEM, what is mapped stays, the end part runs', () => {
    const results = starved(arch, top, (m, form) => {
      const range = rangeOf(m, 4, 20);
      const value = ioremapPageRange(m, range, paddr(0n), prot, { form, syncMask: 31 });
      expect([m.port.cacheFlushes, m.port.syncs]).toEqual([[range], value.modified ? [range] : []]);
      const mapped = [...Array(24).keys()].filter((n) => mappedAt(m, (m.first + BigInt(n)) * m.page)).length;
      return { failed: value.error !== undefined, value: { ...value, mapped } };
    });
    for (const { value, left, m } of results)
      expect([value.mapped, value.error]).toEqual(
        left < depth(m) ? [0, 'ENOMEM'] : value.error ? [8, 'ENOMEM'] : [16, undefined],
      );
  });

  test('tables that an unmapped range left are freed for a large page, once; or stay, where that cannot be', () => {
    if (!hasLeaves(arch, top, 'pmd')) return;
    for (const form of forms)
      for (const freesTables of [true, false]) {
        const m = modelled(arch, top, ['none']);
        const start = vaddr(4n * size);
        const range = { start, end: vaddr(start + size) };
        const small = { start, end: vaddr(start + 2n * m.page) };
        ioremapPageRange(m, small, paddr(0n), prot, { form });
        vunmapNoflush(m, range, { form });
        const before = { ...m.port.counts };
        const result = ioremapPageRange(m, range, paddr(size), prot, { form, freesTables });
        expect(result.failure).toBeUndefined();
        expect(mappedAt(m, start)).toEqual([freesTables ? 'pmd' : 'pte', size]);
        expect(m.port.freed.map(({ level }) => level)).toEqual(freesTables ? ['pte'] : []);
        expect(m.port.counts).toEqual({ ...before, pte: freesTables ? 0 : 1 });
        expect(m.port.tlbFlushes).toEqual(freesTables ? [{ start, end: vaddr(start + m.page) }] : []);
        expectSound(m);
      }
  });

  test('memory that does not fit a large page: the tables that are there stay', () => {
    if (!hasLeaves(arch, top, 'pmd')) return;
    const m = modelled(arch, top, ['none']);
    const start = vaddr(4n * size);
    const range = { start, end: vaddr(start + size) };
    ioremapPageRange(m, { start, end: vaddr(start + m.page) }, paddr(0n), prot);
    vunmapNoflush(m, range);
    m.port.writes.length = 0;
    expect(ioremapPageRange(m, range, paddr(size + m.page), prot)).toMatchObject({ modified: MODIFIED.pte });
    expect([m.port.freed, m.port.writes.length]).toEqual([[], Number(size / m.page)]);
  });

  test('a whole pud: one large page, and every table below it is freed', () => {
    if (!hasLeaves(arch, top, 'pud') || arch.geometry.pud.size === size) return;
    for (const form of forms) {
      const m = modelled(arch, top, ['none']);
      const pud = arch.geometry.pud.size;
      const range = { start: vaddr(pud), end: vaddr(2n * pud) };
      for (const at of [0n, 3n]) {
        const start = vaddr(pud + at * size);
        ioremapPageRange(m, { start, end: vaddr(start + m.page) }, paddr(0n), prot, { form });
      }
      vunmapNoflush(m, range, { form });
      const result = ioremapPageRange(m, range, paddr(2n * pud), prot, { form });
      expect(result).toEqual({ modified: MODIFIED.pud, synced: false });
      expect(mappedAt(m, pud + 5n * m.page)).toEqual(['pud', 2n * pud + 5n * m.page]);
      expect(m.port.freed.map(({ level }) => level)).toEqual(['pte', 'pte', 'pmd']);
      expect(tablesByLevel(m.mm)).toMatchObject({ pmd: 0, pte: 0 });
      expectSound(m);
    }
  });

  test('where something is mapped already: a pte or a large page ends it, and the end part runs', () => {
    const m = modelled(arch, top, ['none', 'page']);
    const range = rangeOf(m, 0, 4);
    const result = ioremapPageRange(m, range, paddr(0n), prot, { syncMask: 31 });
    expect([result.failure?.kind, result.error, m.port.cacheFlushes]).toEqual(['occupied', undefined, [range]]);
    expect(mappedAt(m, range.start)).toEqual(['pte', 0n]);
    const large = modelled(arch, top, ['huge']);
    if (!large.model.size) return;
    const start = vaddr((large.first * large.page) & -size);
    const again = ioremapPageRange(large, { start, end: vaddr(start + size) }, paddr(0n), prot);
    expect([again.failure?.kind, large.port.writes, large.port.freed]).toEqual(['occupied', [], []]);
  });
});

test('ranges and memory that cannot be are refused', () => {
  const [, arch, top] = everyArch[3]!;
  const m = modelled(arch, top, ['none']);
  const run = (start: Vaddr, end: Vaddr, phys: Paddr) => () => ioremapPageRange(m, { start, end }, phys, prot);
  const code = (what: string) => expect.objectContaining({ code: what });
  expect(run(vaddr(m.page), vaddr(m.page), paddr(0n))).toThrow(code('range-empty'));
  expect(run(vaddr(0n), vaddr(m.page), paddr(1n << 60n))).toThrow(code('argument'));
  expect(run(vaddr(0n), vaddr(m.page), paddr(m.page / 2n))).toThrow(code('argument'));
});
