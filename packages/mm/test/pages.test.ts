/** struct page: counts that never come back from 0, never wrap, and say so. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { Pages } from '../src/index.ts';

const pages = () => new Pages(0x100 as Pfn, 64);
const made = (all: Pages, kind = {}) => {
  const folio = all.alloc(kind);
  if (!folio) throw new Error('no frames');
  return folio;
};
const one = { refs: 1, pins: 0 };

describe('folios', () => {
  test('are aligned to their size, and no frame is given out twice', () => {
    const all = pages();
    expect(made(all).head).toBe(0x100);
    expect(made(all, { order: 3 }).head).toBe(0x108);
    expect(made(all).head).toBe(0x101);
    expect(all.alloc({ order: 6 })).toBeUndefined();
    expect(all.all()).toHaveLength(3);
  });

  test('frames that were freed come back, the lowest first, in their zone, and as pages of their own', () => {
    const all = pages();
    const [low, large, last] = [made(all), made(all, { order: 3 }), made(all, { zone: 'movable' })];
    for (const folio of [large, low, last]) all.put(folio.head, one);
    expect([all.page((large.head + 3) as Pfn), all.tryGet(large.head, 1)]).toMatchObject([
      { head: large.head + 3, order: 0, mapping: 'none' },
      'zero',
    ]);
    const again = [made(all), made(all), made(all, { order: 3 }), made(all, { zone: 'movable' })];
    expect(again.map(({ head }) => head)).toEqual([low.head, 0x102, large.head, last.head]);
    expect([all.folio(low.head), low.refs]).toEqual([again[0], 0]);
    expect(all.reports).toEqual([]);
  });

  test('a tail has no count of its own', () => {
    const all = pages();
    const { head } = made(all, { order: 1 });
    expect(all.tryGet((head + 1) as Pfn, 1)).toBe('zero');
    all.put((head + 1) as Pfn, one);
    expect(all.reports).toMatchObject([{ kind: 'free-page', head: head + 1 }]);
  });

  test('a page is what its folio is', () => {
    const all = pages();
    const folio = made(all, { order: 2, mapping: 'shmem', zone: 'cma', device: 'devdax' });
    expect(all.page((folio.head + 3) as Pfn)).toEqual({
      ...{ head: folio.head, order: 2, mapping: 'shmem', hugetlb: false, slab: false, zone: 'cma', zero: false },
      ...{ device: 'devdax', anonExclusive: false },
    });
    folio.exclusive[1] = true;
    expect([0, 1, 2].map((n) => all.page((folio.head + n) as Pfn)?.anonExclusive)).toEqual([false, true, false]);
    expect(made(all, { hugetlb: true, order: 1 }).exclusive).toEqual([true, true]);
  });

  test('a frame outside has no struct page, one that was never used is free', () => {
    const all = pages();
    for (const pfn of [0xff, 0x140, -1, 1.5, Number.NaN]) expect(all.page(pfn as Pfn)).toBeUndefined();
    expect(all.page(0x13f as Pfn)).toMatchObject({ head: 0x13f, order: 0, mapping: 'none' });
    expect(all.tryGet(0x13f as Pfn, 1)).toBe('zero');
    expect(all.folio(0x13f as Pfn)).toBeUndefined();
  });

  test('frames are refused that are none', () => {
    for (const [first, count] of [
      [-1, 4],
      [0, 0],
      [0.5, 4],
      [0, 1.5],
      [Number.MAX_SAFE_INTEGER, 2],
    ] as const)
      expect(() => new Pages(first as Pfn, count)).toThrow('first, count');
  });
});

describe('counts', () => {
  test('go up from what somebody holds, and free at 0', () => {
    const all = pages();
    const folio = made(all);
    expect(all.tryGet(folio.head, 3)).toBe('got');
    all.add(folio.head, { refs: 1020, pins: 2 });
    expect(folio).toMatchObject({ refs: 1024, pins: 2 });
    expect(all.maybePinned(folio.head)).toBe(true);
    all.put(folio.head, { refs: 1023, pins: 2 });
    expect(all.maybePinned(folio.head)).toBe(false);
    all.put(folio.head, one);
    expect(folio).toMatchObject({ refs: 0, mapping: 'none' });
    expect(all.tryGet(folio.head, 1)).toBe('zero');
    expect(all.reports).toEqual([]);
    expect(all.maybePinned(0x120 as Pfn)).toBe(false);
  });

  test('the highest count is raised once, and wraps; the next is refused, and what was taken goes back', () => {
    const all = pages();
    const folio = made(all);
    expect(all.tryGet(folio.head, 2 ** 31 - 2)).toBe('got');
    expect(folio.refs).toBe(2 ** 31 - 1);
    expect(all.tryGet(folio.head, 1)).toBe('got');
    expect(folio.refs).toBe(-(2 ** 31));
    // It is read as unsigned where a pin is looked for.
    expect(all.maybePinned(folio.head)).toBe(true);
    expect(all.tryGet(folio.head, 1)).toBe('negative');
    all.add(folio.head, { refs: 1023, pins: 2 });
    expect(folio).toMatchObject({ refs: -(2 ** 31) + 1023, pins: 2 });
    all.put(folio.head, { refs: 1024, pins: 2 });
    expect(folio).toMatchObject({ refs: 2 ** 31 - 1, pins: 0 });
    expect(all.reports.map(({ kind }) => kind)).toEqual(['negative']);
  });

  test('a negative count, as an overflow of long ago leaves it, gives nothing', () => {
    const all = pages();
    const folio = made(all);
    folio.refs = -5;
    expect(all.tryGet(folio.head, 1)).toBe('negative');
    expect(all.reports).toMatchObject([{ kind: 'negative', refs: -5 }]);
  });

  test('an underflow is reported and changes nothing; so is what is done to a free page', () => {
    const all = pages();
    const folio = made(all);
    all.put(folio.head, { refs: 2, pins: 0 });
    all.put(folio.head, { refs: 1, pins: 1 });
    expect(folio).toMatchObject({ refs: 1, pins: 0 });
    all.put(folio.head, one);
    all.put(folio.head, one);
    all.add(folio.head, one);
    expect(folio.refs).toBe(0);
    all.put(0x13f as Pfn, one);
    expect(all.reports.map(({ kind }) => kind)).toEqual([
      'underflow',
      'underflow',
      'free-page',
      'free-page',
      'free-page',
    ]);
  });

  test('a folio with pins is not freed, and weights are whole numbers', () => {
    const all = pages();
    const folio = made(all, { order: 2 });
    all.add(folio.head, { refs: 1, pins: 1 });
    all.put(folio.head, { refs: 2, pins: 0 });
    expect(folio).toMatchObject({ refs: 2, pins: 1 });
    all.put(folio.head, { refs: 2, pins: 1 });
    expect(folio).toMatchObject({ refs: 0, pins: 0 });
    expect(all.reports.map(({ kind }) => kind)).toEqual(['underflow']);
    for (const bad of [-1, 0.5, Number.NaN]) {
      expect(() => all.tryGet(folio.head, bad)).toThrow('refs, pins');
      expect(() => all.put(folio.head, { refs: 1, pins: bad })).toThrow('refs, pins');
      expect(() => all.alloc({ order: bad })).toThrow('order');
    }
    expect(() => all.alloc({ order: 1024 })).toThrow('order');
  });

  test('the zero page is never freed', () => {
    const all = pages();
    const zero = made(all, { zero: true });
    all.tryGet(zero.head, 1);
    all.put(zero.head, one);
    all.put(zero.head, one);
    expect(zero.refs).toBe(1);
    expect(all.reports).toMatchObject([{ kind: 'underflow' }]);
  });
});

test('device memory, accessibility, references and statistics', () => {
  const all = pages();
  const folio = made(all, { device: 'fsdax' });
  expect(all.getPgmap(folio.head)).toBe(true);
  expect(folio.pgmap.held).toBe(1);
  all.putPgmap(folio.head);
  expect(folio.pgmap.held).toBe(0);
  folio.pgmap.present = false;
  expect(all.getPgmap(folio.head)).toBe(false);
  expect(all.getPgmap(0x13f as Pfn)).toBe(false);
  all.putPgmap(0x13f as Pfn);
  expect([all.makeAccessible(folio.head), all.makeAccessible(0x13f as Pfn)]).toEqual([true, false]);
  all.markReferenced(folio.head);
  all.markReferenced(0x13f as Pfn);
  expect(folio.referenced).toBe(true);
  all.count('acquired', 3);
  all.count('released', 1);
  expect(all.pinned).toEqual({ acquired: 3, released: 1 });
});
