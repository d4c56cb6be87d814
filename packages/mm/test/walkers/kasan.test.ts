/** kasan_populate_early_shadow against a rule for each page and each pmd, in both forms. */
import { type Entry, populate, tableAddress, vaddr } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form, Range } from '../../src/index.ts';
import { populateEarlyShadow } from '../../src/walkers/kasan.ts';
import { everyArch } from '../support/spaces.ts';
import { depth, writesOf } from './support/reach.ts';
import { at, borderOf, expectSound, pmdOf, samples, shadowed } from './support/shadowed.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 10 : 6;
const seed = 20200907;
const near = fc.integer({ min: -2, max: 2 });
const forms: Form[] = ['static', 'entryAware'];

describe.each(everyArch)('%s', (_, arch, top) => {
  test('populate: every page is the shared one, and a whole pmd has the shared table', () => {
    fc.assert(
      fc.property(near, near, fc.integer({ min: 0, max: 2 }), (a, b, pmds) => {
        const told = forms.map((form) => {
          const space = shadowed(arch, top);
          const { m, shadow, page, size } = space;
          const start = vaddr(borderOf(space) - size + BigInt(a) * page);
          const end = vaddr(borderOf(space) + BigInt(pmds) * size + BigInt(b) * page);
          const result = populateEarlyShadow(m, { start, end }, shadow, { form });
          expect(result).toEqual({ missed: [] });
          for (const addr of samples(space, { start, end })) {
            const inside = addr >= start && addr < end;
            expect(at(m, addr)).toBe(inside ? shadow.page : undefined);
            const pmd = addr & -size;
            const whole = pmd >= start && pmd + size <= end;
            if (inside) expect(sharedPmd(space, pmdOf(m, addr))).toBe(whole);
          }
          expectSound(m, shadow);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('memory for tables that ends anywhere: what is missed is told, though the call says so only at the top', () => {
    for (let left = 0; left < 12; left++) {
      const told = forms.map((form) => {
        const space = shadowed(arch, top);
        const { m, shadow, page } = space;
        const start = vaddr(borderOf(space) - 4n * page);
        const range = { start, end: vaddr(start + 8n * page) };
        m.port.tablesLeft = left;
        const result = populateEarlyShadow(m, range, shadow, { form });
        for (let addr = BigInt(range.start); addr < range.end; addr += page) {
          const missed = result.missed.some((part) => addr >= part.start && addr < part.end);
          // A failure at the top table ends it all.
          if (!result.error || missed) expect(at(m, addr)).toBe(missed ? undefined : shadow.page);
        }
        expect(result.failure).toBeUndefined();
        // The range needs two ways down from the top table, and what fails below the first does not stop the second.
        expect(result.error === 'ENOMEM').toBe(hasTopLevel(space) && left <= depth(m));
        expect(result.missed.length > 0).toBe(m.port.tablesLeft < 0);
        expectSound(m, shadow);
        return [writesOf(m), joined(result.missed), result.error];
      });
      expect(told[0]).toEqual(told[1]);
    }
  });
});

/** Ranges that meet, as one. */
function joined(ranges: readonly Range[]): Range[] {
  const all: Range[] = [];
  for (const { start, end } of ranges) {
    const last = all.at(-1);
    if (last?.end === start) all.pop();
    all.push({ start: last?.end === start ? last.start : start, end });
  }
  return all;
}

/** Whether an entry of the top table is of pgd: only there does the caller hear that there is no memory. */
const hasTopLevel = ({ m, shadow }: ReturnType<typeof shadowed>): boolean =>
  m.top === 'pgd' && shadow.tables.p4d !== undefined;

/** Whether a pmd designates the shared table. */
const sharedPmd = ({ m, shadow }: ReturnType<typeof shadowed>, pmd: Entry | undefined): boolean =>
  pmd !== undefined && tableAddress(m.arch, 'pmd', pmd) === shadow.tables.pte;

const [, arch, top] = everyArch[3]!;

test.each([
  ['static', [false, false]],
  ['entryAware', [false, true]],
] as const)('not neutral: s390 with 3 levels, memory comes back after one failure, %s', (form, there) => {
  // The level whose result is ignored is the loop of the folded pud: the static form gives all of it up, across the
  // border of 2 GiB; the entry-aware form has returned to pgd there, and tries anew.
  const [, s390, pud] = everyArch[0]!;
  const { m, shadow, page } = shadowed(s390, pud);
  const border = s390.geometry.pud.size;
  const range = { start: vaddr(border - page), end: vaddr(border + page) };
  const { allocTable } = m.port;
  let failures = 0;
  m.port.allocTable = (level) => (failures++ === 0 ? undefined : allocTable(level));
  const { error, missed } = populateEarlyShadow(m, range, shadow, { form });
  expect([at(m, border - page), at(m, border)]).toEqual(there.map((yes) => (yes ? shadow.page : undefined)));
  expect([error, missed]).toEqual([undefined, [{ start: range.start, end: form === 'static' ? range.end : border }]]);
});

test.each(forms)('not neutral: no memory at all, and tables behind the border already, %s', (form) => {
  const [, s390, pud] = everyArch[0]!;
  const { m, shadow, page } = shadowed(s390, pud);
  const border = s390.geometry.pud.size;
  populate(m.mm, m.tables, vaddr(border), 'pte');
  m.port.tablesLeft = 0;
  const range = { start: vaddr(border - page), end: vaddr(border + page) };
  const { missed } = populateEarlyShadow(m, range, shadow, { form });
  expect(missed).toEqual([{ start: range.start, end: form === 'static' ? range.end : border }]);
  expect(at(m, border)).toBe(form === 'static' ? undefined : shadow.page);
});

test('so early that there is no slab: no memory ends it, but for tables of ptes', () => {
  const results = [0, 1, 2, 3].map((left) => {
    const space = shadowed(arch, top);
    space.m.port.tablesLeft = left;
    const range = { start: vaddr(4n * space.size), end: vaddr(4n * space.size + space.page) };
    const { error, missed, failure } = populateEarlyShadow(space.m, range, space.shadow, { early: true });
    return [error, missed.length, failure?.kind];
  });
  expect(results).toEqual([
    [undefined, 0, 'no-memory'],
    [undefined, 0, 'no-memory'],
    [undefined, 1, undefined],
    [undefined, 0, undefined],
  ]);
});

test('an end within a page: that page has no shadow; an empty range makes tables for nothing; a reversed one is refused', () => {
  for (const form of forms) {
    const { m, shadow, page, size } = shadowed(arch, top);
    const start = vaddr(4n * size);
    populateEarlyShadow(m, { start, end: vaddr(start + 2n * page + 8n) }, shadow, { form });
    expect([0n, 1n, 2n].map((n) => at(m, start + n * page))).toEqual([shadow.page, shadow.page, undefined]);
    const empty = shadowed(arch, top);
    expect(populateEarlyShadow(empty.m, { start, end: start }, empty.shadow, { form })).toEqual({ missed: [] });
    expect([at(empty.m, start), empty.m.port.counts.pte]).toEqual([undefined, 1]);
    const atZero = shadowed(arch, top);
    expect(populateEarlyShadow(atZero.m, { start: vaddr(0n), end: vaddr(0n) }, atZero.shadow, { form })).toEqual({
      missed: [],
    });
    expect([atZero.m.port.writes, atZero.m.port.counts.pte]).toEqual([[], 0]);
    const reversed = () => populateEarlyShadow(m, { start, end: vaddr(start - page) }, shadow);
    expect(reversed).toThrow(expect.objectContaining({ code: 'range-reversed' }));
  }
});
