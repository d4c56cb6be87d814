/** Writers that run whole between any two accesses of the lockless walker: what it returns is held, and is what was mapped. */
import { type Gup, pinUserPagesFastOnly, unpinUserPages } from '@kernel-mm/gup-fast';
import { type Arch, createMm, type Level, type Pfn, topLevel, vaddr, walk } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  type AddressSpace,
  changeProtection,
  copyPageRange,
  freePgtables,
  Gather,
  type MmPort,
  mmPort,
  type Range,
  type WalkerOf,
  zapPageRange,
} from '../../src/index.ts';
import { mapped } from '../support/mapped.ts';
import { archs, at, space } from '../support/spaces.ts';
import { regionOf } from './support/model.ts';

const PAGES = 6;
const READ = { read: true, write: false, exec: false, user: true };

/** Who runs, and which pages the address space maps still. */
const WRITERS: Readonly<Record<string, (walker: WalkerOf, range: Range, s: AddressSpace) => 'all' | 'none'>> = {
  zap(walker, range) {
    expect(zapPageRange(walker, range, mapped(range)).failure).toBeUndefined();
    return 'none';
  },
  'zap, and the tables go'(walker, range) {
    expect(zapPageRange(walker, range, mapped(range)).failure).toBeUndefined();
    const gather = new Gather(walker);
    expect(freePgtables(walker, [range], { floor: vaddr(0n), ceiling: vaddr(0n) }, gather)).toEqual({});
    gather.finish();
    return 'none';
  },
  mprotect(walker, range) {
    expect(changeProtection(walker, range, READ, { form: 'entryAware' }).failure).toBeUndefined();
    return 'all';
  },
  fork(walker, range, s) {
    const child = createMm(s.mm.arch, s.mm.memory, s.tables, topLevel(s.mm))!;
    const dst = { mm: child, port: portOf(s, child) };
    const vma = { shared: false, mayWrite: true, hasAnonVma: true, anonymous: true };
    expect(copyPageRange(walker, dst, range, vma)).toEqual({});
    expect(walk(child, range.start).result.kind).toBe('leaf');
    zapPageRange(dst, range, mapped(range));
    return 'all';
  },
};

/** Pages are let go for real; tables are kept as they were, since their memory waits for the walker. */
const portOf = (s: AddressSpace, mm = s.mm): MmPort => ({
  ...mmPort(mm, s.tables),
  freePage: (pfn) => s.pages.put(pfn as Pfn, { refs: 1, pins: 0 }),
  getPage: (pfn) => void s.pages.tryGet(pfn as Pfn, 1),
});

/** A pin of all pages, with the writer before the n-th access. @returns whether it came to that */
function race(arch: Arch, top: Level, writer: (typeof WRITERS)[string], n: number): boolean {
  const s = space(arch, { top });
  const start = at((regionOf(arch, top).first + 12n - BigInt(PAGES / 2)) * arch.geometry.pte.size);
  const range = { start, end: at(start + BigInt(PAGES) * arch.geometry.pte.size) };
  s.mmap({ addr: start, size: range.end - start, write: true });
  s.touch(start, range.end - start, true);
  const mapped = Array.from({ length: PAGES }, (_, i) => s.frame(at(start + BigInt(i) * arch.geometry.pte.size))!);
  let left: 'all' | 'none' = 'all';
  let accesses = 0;
  const before = (): void => {
    if (accesses++ === n) left = writer({ mm: s.mm, port: portOf(s) }, range, s);
  };
  const quiet = s.port();
  const port: Gup['port'] = {
    ...quiet,
    readOnce(slot) {
      before();
      return quiet.readOnce(slot);
    },
    page(pfn) {
      before();
      return quiet.page(pfn);
    },
    tryGet(head, refs) {
      before();
      return quiet.tryGet(head, refs);
    },
  };
  const gup: Gup = { mm: s.mm, port };
  const { frames } = pinUserPagesFastOnly(gup, start, PAGES, ['WRITE']);
  expect(frames).toEqual(mapped.slice(0, frames.length));
  for (const [i, pfn] of mapped.entries()) {
    const held = i < frames.length;
    expect([i, s.pages.folio(pfn)?.refs ?? 0]).toEqual([i, (left === 'all' ? 1 : 0) + (held ? 1024 : 0)]);
  }
  unpinUserPages(gup, frames);
  expect(mapped.map((pfn) => s.pages.folio(pfn)?.refs ?? 0)).toEqual(mapped.map(() => (left === 'all' ? 1 : 0)));
  expect(s.pages.reports).toEqual([]);
  return accesses > n;
}

describe.each(archs)('%s', (_, arch, top) => {
  test.each(Object.entries(WRITERS))('%s', (_name, writer) => {
    let n = 0;
    while (race(arch, top, writer, n)) n++;
    // Each page is read, looked at, taken and read again.
    expect(n).toBeGreaterThan(4 * PAGES);
  });
});
