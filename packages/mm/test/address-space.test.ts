/** Mappings and faults: what a process finds where it touches. */
import { type FaultRequest, getUserPagesFast, pinUserPagesFast, unpinUserPages } from '@kernel-mm/gup-fast';
import { bumpAllocator, type Level, NO_RIGHTS, paddr, pXdIs, UsageError, walk } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type AddressSpace, Backing, changeProtection, Pages } from '../src/index.ts';
import { archs, at, makeReadOnly, space } from './support/spaces.ts';

const read: FaultRequest = { write: false, unshare: false, force: false };
const write: FaultRequest = { ...read, write: true };
const unshare: FaultRequest = { ...read, unshare: true };
const DONE = { kind: 'done' };

describe.each(archs)('%s', (_, arch, top) => {
  const { size } = arch.geometry.pte;
  const START = 64n * size;
  const fresh = (request: Partial<Parameters<AddressSpace['mmap']>[0]> = {}) => {
    const s = space(arch, { top });
    const vma = s.mmap({ addr: at(START), size: 4n * size, write: true, ...request });
    return { s, vma };
  };
  const writable = (s: AddressSpace, addr: bigint): boolean | undefined => {
    const { result } = walk(s.mm, at(addr));
    return result.kind === 'leaf' ? pXdIs(s.mm, 'write', result.level, result.entry) : undefined;
  };
  const folioAt = (s: AddressSpace, addr: bigint) => s.pages.folio(s.frame(at(addr)) ?? (-1 as never));

  test('a page that is only read is the zero page; written, it is one of its own', () => {
    const { s } = fresh();
    expect(s.frame(at(START))).toBeUndefined();
    expect(s.fault(at(START), read)).toEqual(DONE);
    expect(folioAt(s, START)).toBe(s.zeroPage);
    // A special entry holds no reference.
    expect([writable(s, START), s.zeroPage.refs]).toEqual([false, arch.rules.pte.is.special ? 1 : 2]);
    expect(s.fault(at(START), write)).toEqual({ kind: 'done', copied: true });
    expect(folioAt(s, START)).toMatchObject({ mapping: 'anon', refs: 1, exclusive: [true] });
    expect([writable(s, START), s.zeroPage.refs]).toEqual([true, 1]);
    expect(s.fault(at(START + size), write)).toEqual(DONE);
    expect(folioAt(s, START + size)).toMatchObject({ refs: 1 });
    expect(s.pages.reports).toEqual([]);
  });

  test('a private file is copied when it is written, a shared one is not', () => {
    const { s, vma } = fresh();
    s.munmap(vma);
    const file = new Backing(s.pages, { kind: 'file' });
    s.mmap({ addr: at(START), size: 2n * size, write: true, backing: file });
    s.mmap({ addr: at(START + 2n * size), size: 2n * size, write: true, shared: true, backing: file });
    s.touch(at(START), 4n * size);
    expect(s.frame(at(START))).toBe(s.frame(at(START + 2n * size)));
    expect(folioAt(s, START)).toMatchObject({ mapping: 'file', refs: 3 });
    expect([writable(s, START), writable(s, START + 2n * size)]).toEqual([false, false]);
    s.touch(at(START), 4n * size, true);
    expect(folioAt(s, START)).toMatchObject({ mapping: 'anon', refs: 1 });
    expect(folioAt(s, START + 2n * size)).toMatchObject({ mapping: 'file', refs: 2 });
    expect([writable(s, START), writable(s, START + 2n * size)]).toEqual([true, true]);
    file.truncate(0);
    expect(folioAt(s, START + 2n * size)).toMatchObject({ mapping: 'none', refs: 1 });
  });

  test('what two hold is copied, what one holds is used again', () => {
    const { s } = fresh();
    s.touch(at(START), size, true);
    const folio = folioAt(s, START)!;
    // As fork leaves it: read-only, and not exclusive.
    makeReadOnly(s, START);
    folio.exclusive.fill(false);
    s.fault(at(START), write);
    expect(folioAt(s, START)).toBe(folio);
    expect([folio.exclusive, writable(s, START)]).toEqual([[true], true]);
    makeReadOnly(s, START);
    folio.exclusive.fill(false);
    s.pages.tryGet(folio.head, 1);
    s.fault(at(START), write);
    expect(folioAt(s, START)).not.toBe(folio);
    expect(folio.refs).toBe(1);
  });

  test('a page becomes exclusive without becoming writable', () => {
    const { s } = fresh();
    s.touch(at(START), size);
    expect(s.fault(at(START), unshare)).toEqual({ kind: 'done', copied: true });
    expect(folioAt(s, START)).toMatchObject({ mapping: 'anon', exclusive: [true] });
    expect(writable(s, START)).toBe(false);
    const folio = folioAt(s, START)!;
    expect(s.fault(at(START), unshare)).toEqual(DONE);
    folio.exclusive.fill(false);
    expect(s.fault(at(START), unshare)).toEqual(DONE);
    expect(folioAt(s, START)).toBe(folio);
    expect(folio.exclusive).toEqual([true]);
    s.pages.tryGet(folio.head, 1);
    expect(s.fault(at(START), unshare)).toEqual(DONE); // exclusive already
    folio.exclusive.fill(false);
    s.fault(at(START), unshare);
    expect(folioAt(s, START)).not.toBe(folio);
  });

  test('what the mapping does not permit is EFAULT, also where there is none', () => {
    const { s, vma } = fresh({ write: false });
    const none = { kind: 'error', error: 'EFAULT' };
    expect(s.fault(at(START), write)).toEqual(none);
    expect(s.fault(at(START - size), read)).toEqual(none);
    expect(s.fault(at(START + 4n * size), read)).toEqual(none);
    expect(s.fault(at(START), { ...write, force: true })).toEqual(DONE);
    s.protect(vma, { read: false, write: false });
    expect(s.fault(at(START + size), read)).toEqual(none);
    expect(s.fault(at(START + size), { ...read, force: true })).toEqual(DONE);
    for (const [n, kind] of [{ io: true }, { pfnmap: true }].entries()) {
      const there = at(START + BigInt(8 + n) * size);
      expect(s.mmap({ addr: there, size, ...kind })).toMatchObject({ io: n === 0, pfnmap: n === 1 });
      expect(s.fault(there, read)).toEqual(none);
    }
    expect(() => s.touch(at(START), size, true)).toThrow('EFAULT');
  });

  test('no frames, no tables, no faults left: ENOMEM, and nothing is lost', () => {
    const out = { kind: 'error', error: 'ENOMEM' };
    const poor = space(arch, { top, frames: 2 });
    poor.mmap({ addr: at(START), size: 4n * size, write: true });
    expect([poor.fault(at(START), write), poor.fault(at(START + size), write)]).toEqual([DONE, out]);
    const tables = bumpAllocator(paddr(0x10_0000n), paddr(0x10_0000n + 2n ** 22n));
    let left = 1;
    const noTables = space(arch, { top, tables: { alloc: (bytes) => (left-- > 0 ? tables.alloc(bytes) : undefined) } });
    noTables.mmap({ addr: at(START), size, write: true });
    expect(noTables.fault(at(START), write)).toEqual(out);
    expect(noTables.pages.all().filter(({ refs, zero }) => refs > 0 && !zero)).toEqual([]);
    const { s } = fresh();
    s.faultsLeft = 1;
    expect([s.fault(at(START), write), s.fault(at(START + size), write)]).toEqual([DONE, out]);
  });

  test('unmapping lets go of every page', () => {
    const { s, vma } = fresh();
    s.touch(at(START), 2n * size, true);
    s.touch(at(START + 2n * size), 2n * size);
    s.munmap(vma);
    expect(s.vmas).toEqual([]);
    expect(s.pages.all().filter(({ refs, zero }) => refs > 0 && !zero)).toEqual([]);
    expect(s.zeroPage.refs).toBe(1);
    expect(s.frame(at(START))).toBeUndefined();
  });

  test('rights that are taken away are gone, rights that are given come with the next fault', () => {
    const { s, vma } = fresh();
    s.touch(at(START), 2n * size, true);
    const readOnly = s.protect(vma, { read: true, write: false });
    expect(writable(s, START)).toBe(false);
    const again = s.protect(readOnly, { read: true, write: true });
    expect(writable(s, START)).toBe(false);
    s.fault(at(START), write);
    expect(writable(s, START)).toBe(true);
    s.protect(again, { read: false, write: false });
    const result = getUserPagesFast({ ...s.gup(), numaBalancing: true }, at(START), 1);
    // By protnone; arm has none, and its own access test, which asks for USER, refuses such a page (asm/pgtable.h since v4.16).
    expect(result).toMatchObject({ ret: -14, slow: { reason: 'no-right' } });
  });
});

describe('large pages', () => {
  const [, arch] = archs.find(([id]) => id === 'x86-64')!;
  const M2 = 1n << 21n;

  test('anonymous memory gets one where it fits, and small ones beside it', () => {
    const s = space(arch);
    s.mmap({ addr: at(M2 - 0x1000n), size: M2 + 0x2000n, write: true, huge: 'pmd' });
    s.touch(at(M2 - 0x1000n), 0x2000n, true);
    const level = (addr: bigint): Level | undefined => {
      const { result } = walk(s.mm, at(addr));
      return result.kind === 'leaf' ? result.level : undefined;
    };
    expect([level(M2 - 0x1000n), level(M2), level(2n * M2 - 1n), level(2n * M2)]).toEqual([
      'pte',
      'pmd',
      'pmd',
      undefined,
    ]);
    expect(s.pages.folio(s.frame(at(M2))!)).toMatchObject({ order: 9, refs: 1 });
  });

  test('where a small page is already, no large one comes', () => {
    const s = space(arch);
    s.mmap({ addr: at(M2), size: M2, write: true, huge: 'pmd' });
    s.touch(at(M2), 0x1000n);
    s.touch(at(M2 + 0x1000n), 0x1000n, true);
    expect(s.pages.folio(s.frame(at(M2 + 0x1000n))!)).toMatchObject({ order: 0 });
  });

  test('hugetlb: a file of folios; a private one is copied whole', () => {
    const s = space(arch);
    const backing = new Backing(s.pages, { kind: 'hugetlb', order: 9 });
    s.mmap({ addr: at(M2), size: 2n * M2, write: true, backing });
    s.touch(at(M2), 0x1000n);
    expect(s.pages.folio(s.frame(at(M2 + 0x5000n))!)).toMatchObject({
      order: 9,
      hugetlb: true,
      mapping: 'file',
      refs: 2,
    });
    s.touch(at(M2 + 0x5000n), 0x1000n, true);
    expect(s.pages.folio(s.frame(at(M2))!)).toMatchObject({ order: 9, hugetlb: true, mapping: 'anon', refs: 1 });
    expect(() =>
      s.mmap({ addr: at(8n * M2), size: M2, backing: new Backing(s.pages, { kind: 'hugetlb', order: 3 }) }),
    ).toThrow('backing');
  });
});

describe('stacks', () => {
  const [, arch] = archs.find(([id]) => id === 'x86-64')!;
  const TOP = 0x7000_0000n;
  const K4 = 0x1000n;
  const stack = (below?: bigint, backing?: Backing) => {
    const s = space(arch);
    s.mmap({ addr: at(TOP), size: K4, write: true, growsDown: true, offset: 5, ...(backing && { backing }) });
    if (below) s.mmap({ addr: at(below), size: K4 });
    return s;
  };

  test('grow only where it is asked for, down to the page that is touched', () => {
    const s = stack();
    expect(s.vma(at(TOP - K4))).toBeUndefined();
    expect(s.vma(at(TOP - 300n * K4 + 0x800n), true)).toMatchObject({ start: TOP - 300n * K4, growsDown: true });
    expect(s.vma(at(TOP - 300n * K4))).toMatchObject({ growsDown: true });
  });

  test('to 8 MiB in all, and no nearer than 256 pages to what is mapped below', () => {
    const s = stack();
    expect(s.vma(at(TOP - 2048n * K4), true)).toBeUndefined();
    expect(s.vma(at(TOP - 2047n * K4), true)).toBeDefined();
    const near = stack(TOP - 400n * K4);
    expect(near.vma(at(TOP - 144n * K4), true)).toBeUndefined();
    expect(near.vma(at(TOP - 143n * K4), true)).toBeDefined();
    expect(near.vma(at(TOP - 400n * K4), true)).toMatchObject({ growsDown: false });
  });

  test('what a grown mapping shows of a file begins that much earlier', () => {
    const s = stack();
    expect(s.vma(at(TOP - 2n * K4), true)).toMatchObject({ offset: 3 });
  });
});

describe('migration', () => {
  const [, arch] = archs.find(([id]) => id === 'x86-64')!;
  const movable = () => {
    const s = space(arch);
    s.mmap({ addr: at(0x1000n), size: 0x2000n, write: true, zone: 'movable' });
    s.touch(at(0x1000n), 0x2000n, true);
    return s;
  };

  test('a long-term pin moves pages to where they may stay', () => {
    const s = movable();
    const old = s.frame(at(0x1000n))!;
    const gup = s.gup();
    const { frames, stop, ret } = pinUserPagesFast(gup, at(0x1000n), 2, ['LONGTERM', 'WRITE']);
    expect({ ret, stop }).toMatchObject({ ret: 2, stop: { rule: 'longterm' } });
    expect(frames).toEqual([s.frame(at(0x1000n)), s.frame(at(0x2000n))]);
    expect(frames).not.toContain(old);
    expect(s.pages.folio(old)).toMatchObject({ refs: 0 });
    for (const pfn of frames) expect(s.pages.folio(pfn)).toMatchObject({ zone: 'normal', refs: 1025 });
    unpinUserPages(gup, frames);
    expect(s.pages.reports).toEqual([]);
  });

  test('several pages of one folio move with it, once', () => {
    const s = space(arch);
    s.mmap({ addr: at(1n << 21n), size: 1n << 21n, write: true, huge: 'pmd', zone: 'movable' });
    s.touch(at(1n << 21n), 0x1000n, true);
    expect(pinUserPagesFast(s.gup(), at(1n << 21n), 3, ['LONGTERM', 'WRITE'])).toMatchObject({ ret: 3 });
    const twice = space(arch);
    const backing = new Backing(twice.pages, { kind: 'shmem', zone: 'movable' });
    for (const addr of [0x1000n, 0x2000n])
      twice.mmap({ addr: at(addr), size: 0x1000n, write: true, shared: true, backing });
    expect(pinUserPagesFast(twice.gup(), at(0x1000n), 2, ['LONGTERM', 'WRITE'])).toMatchObject({ ret: 2 });
    expect([s.pages.reports, twice.pages.reports]).toEqual([[], []]);
  });

  test('a read-only long-term pin of the zero page gets a page of its own, which stays', () => {
    const s = space(arch);
    s.mmap({ addr: at(0x1000n), size: 0x1000n, write: true });
    const { frames } = pinUserPagesFast(s.gup(), at(0x1000n), 1, ['LONGTERM']);
    s.touch(at(0x1000n), 1n, true);
    expect(frames).toEqual([s.frame(at(0x1000n))]);
    expect(frames).not.toEqual([s.zeroPage.head]);
    const short = space(arch);
    short.mmap({ addr: at(0x1000n), size: 0x1000n, write: true });
    expect(pinUserPagesFast(short.gup(), at(0x1000n), 1).frames).toEqual([short.zeroPage.head]);
  });

  test('a NUMA hint is taken back by a fault', () => {
    const s = space(arch);
    s.mmap({ addr: at(0x1000n), size: 0x1000n, write: true });
    s.touch(at(0x1000n), 1n, true);
    changeProtection(s.walker(), { start: at(0x1000n), end: at(0x2000n) }, NO_RIGHTS);
    const gup = { ...s.gup(), numaBalancing: true };
    expect(pinUserPagesFast(gup, at(0x1000n), 1, ['WRITE', 'HONOR_NUMA_FAULT'])).toMatchObject({ ret: 1, fast: 0 });
  });

  test('what somebody else holds stays, and nothing is pinned', () => {
    const s = movable();
    const folio = s.pages.folio(s.frame(at(0x1000n))!)!;
    s.pages.tryGet(folio.head, 1);
    expect(pinUserPagesFast(s.gup(), at(0x1000n), 2, ['LONGTERM'])).toMatchObject({
      ret: -12,
      slow: { reason: 'migration' },
    });
    expect(folio.refs).toBe(2);
    expect(s.migrate([0x1 as never])).toBe('ENOMEM');
  });

  test('a file’s page moves in the file too', () => {
    const s = space(arch);
    const backing = new Backing(s.pages, { kind: 'shmem', zone: 'cma' });
    s.mmap({ addr: at(0x1000n), size: 0x1000n, write: true, shared: true, backing });
    s.mmap({ addr: at(0x8000n), size: 0x1000n, write: true, shared: true, backing });
    s.touch(at(0x1000n), 0x1000n, true);
    s.touch(at(0x8000n), 0x1000n);
    const { ret } = pinUserPagesFast(s.gup(), at(0x1000n), 1, ['LONGTERM', 'WRITE']);
    expect(ret).toBe(1);
    expect(s.frame(at(0x1000n))).toBe(s.frame(at(0x8000n)));
    expect(backing.frame(0)).toBe(s.frame(at(0x1000n)));
    expect(s.pages.folio(backing.frame(0)!)).toMatchObject({ zone: 'normal', refs: 3 + 1024 });
    expect(s.pages.reports).toEqual([]);
    // no frames left to move to
    const poor = space(arch, { frames: 2 });
    poor.mmap({ addr: at(0x1000n), size: 0x1000n, write: true, zone: 'cma' });
    poor.touch(at(0x1000n), 0x1000n, true);
    expect(pinUserPagesFast(poor.gup(), at(0x1000n), 1, ['LONGTERM'])).toMatchObject({ ret: -12 });
  });
});

test('bad requests', () => {
  const [, arch] = archs.find(([id]) => id === 'x86-64')!;
  const s = space(arch);
  s.mmap({ addr: at(0x1000n), size: 0x2000n, write: true });
  const refused = (addr: bigint, size: bigint): string => {
    try {
      s.mmap({ addr: at(addr), size });
    } catch (error) {
      if (error instanceof UsageError) return error.code;
      throw error;
    }
    return 'no error';
  };
  expect(refused(0x2000n, 0x1000n)).toBe('argument');
  expect(refused(0x3000n, 0n)).toBe('range-empty');
  expect(refused(0x3000n, -0x1000n)).toBe('range-empty');
  expect(refused(2n ** 64n - 0x1000n, 0x2000n)).toBe('range-empty');
  expect(refused(0x3001n, 0x1000n)).toBe('range-unaligned');
  expect(refused((1n << 47n) - 0x1000n, 0x1000n)).toBe('address-range');
  const vma = s.vma(at(0x1000n))!;
  const other = s.protect(vma, { read: true, write: false });
  for (const stale of [() => s.munmap(vma), () => s.protect(vma, { read: true, write: true })])
    expect(stale).toThrow('vmas');
  s.munmap(other);
  expect(() => s.munmap(other)).toThrow('vmas');
  const huge = new Backing(s.pages, { kind: 'hugetlb', order: 9 });
  for (const odd of [{ addr: at(0x1000n) }, { size: 0x1000n }, { offset: 1 }])
    expect(() => s.mmap({ addr: at(0n), size: 1n << 21n, backing: huge, ...odd })).toThrow('folios');
  const um = space(archs.find(([id]) => id === 'arm-lpae')![1]);
  expect(() => um.mmap({ addr: at(0n), size: 0x1000n, huge: 'pud' })).toThrow('huge');
  expect(() => space(arch, { tables: { alloc: () => undefined } })).toThrow('top table');
  const pages = new Pages(1 as never, 1);
  pages.alloc();
  expect(() => space(arch, { pages })).toThrow('zero page');
});
