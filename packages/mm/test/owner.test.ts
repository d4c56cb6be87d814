/** One owner: what a walker does on the space's port, the space knows, and the other way round. */
import { arm64, x86 } from '@kernel-mm/arch-generic';
import {
  type Entry,
  makeLeaf,
  map,
  paddr,
  pXdIs,
  readEntry,
  type Slot,
  slotPlus,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { changeProtection, copyPageRange, mmPort, zapPageRange } from '../src/index.ts';
import { mapped } from './support/mapped.ts';
import { archs, at, space } from './support/spaces.ts';
import { tablesByLevel } from './walkers/support/reach.ts';

const READ = { read: true, write: false, exec: false, user: true };
const WRITE = { ...READ, write: true };

describe.each(archs)('%s', (_, arch, top) => {
  const { size } = arch.geometry.pte;
  const START = 64n * size;
  const pageAt = (n: number) => ({ start: at(START + BigInt(n) * size), end: at(START + BigInt(n + 1) * size) });
  const touched = () => {
    const s = space(arch, { top });
    const vma = s.mmap({ addr: at(START), size: 4n * size, write: true, zone: 'movable' });
    s.touch(at(START), 4n * size, true);
    return { s, vma };
  };
  const leafAt = (s: ReturnType<typeof space>, n: number) => {
    const { result } = walk(s.mm, pageAt(n).start);
    if (result.kind !== 'leaf') throw new Error(result.kind);
    return result;
  };

  test('made read-only through the port, a page that moves stays read-only; all but its frame stays', () => {
    const { s, vma } = touched();
    expect(changeProtection(s.walker(), vma, READ)).toEqual({ changed: 4 });
    const old = leafAt(s, 1);
    const frame = s.frame(pageAt(1).start)!;
    expect(s.migrate([frame])).toBe('moved');
    const moved = leafAt(s, 1);
    expect(s.frame(pageAt(1).start)).not.toBe(frame);
    for (const what of ['write', 'young', 'dirty', 'special'] as const)
      expect([what, pXdIs(s.mm, what, 'pte', moved.entry as Entry<'pte'>)]).toEqual([
        what,
        pXdIs(s.mm, what, 'pte', old.entry as Entry<'pte'>),
      ]);
    expect(pXdIs(s.mm, 'write', 'pte', moved.entry as Entry<'pte'>)).toBe(false);
    expect(s.pages.reports).toEqual([]);
  });

  test('a page that is zapped through the port loses its reference, and the counts know', () => {
    const { s, vma } = touched();
    const folio = s.pages.folio(s.frame(pageAt(2).start)!)!;
    expect([folio.refs, s.usage.pages]).toEqual([1, 4]);
    zapPageRange(s.walker(), pageAt(2), vma);
    expect([folio.refs, s.usage.pages, s.frame(pageAt(2).start)]).toEqual([0, 3, undefined]);
    s.munmap(vma);
    expect(s.usage).toMatchObject({ pages: 0, tables: tablesByLevel(s.mm) });
    expect(Object.values(s.usage.tables)).toEqual([0, 0, 0, 0]);
    expect(s.pages.reports).toEqual([]);
  });

  test('a child has the pages too, read-only, and a write copies; without memory for it nothing changes', () => {
    const { s, vma } = touched();
    const child = s.fork()!;
    expect(s.writeProtectSeq).toBe(2);
    const folio = s.pages.folio(s.frame(pageAt(0).start)!)!;
    expect([folio.refs, folio.exclusive, child.frame(pageAt(0).start)]).toEqual([2, [false], folio.head]);
    child.touch(pageAt(0).start, size, true);
    expect(child.frame(pageAt(0).start)).not.toBe(folio.head);
    s.touch(pageAt(0).start, size, true);
    expect([s.frame(pageAt(0).start), folio.refs, folio.exclusive]).toEqual([folio.head, 1, [true]]);
    // Both move: the reverse map knows parent and child.
    const shared = s.frame(pageAt(3).start)!;
    expect(child.migrate([shared])).toBe('moved');
    expect(s.frame(pageAt(3).start)).toBe(child.frame(pageAt(3).start));
    expect(s.frame(pageAt(3).start)).not.toBe(shared);
    child.munmap(child.vmas[0]!);
    s.munmap(vma);
    expect(s.pages.all().filter(({ refs, zero }) => refs !== 0 && !zero)).toEqual([]);
    expect(s.pages.reports).toEqual([]);
  });

  test('no memory for the child: it is gone, and its references with it', () => {
    const { tables } = space(arch, { top });
    for (let left = 1; left < 12; left++) {
      let out = false;
      let n = left;
      const s = space(arch, {
        top,
        tables: { alloc: (bytes) => (out && n-- <= 0 ? undefined : tables.alloc(bytes)) },
      });
      s.mmap({ addr: at(START), size: 4n * size, write: true });
      s.touch(at(START), 4n * size, true);
      out = true;
      const child = s.fork();
      expect(s.pages.folio(s.frame(at(START))!)!.refs).toBe(child ? 2 : 1);
      expect(s.writeProtectSeq).toBe(2 * Number(left > 0));
      if (child) return;
    }
    throw new Error('never enough memory');
  });
});

describe('contiguous groups: a writer of one page takes the whole group apart', () => {
  const CONT = 1n << 52n;
  const arch = arm64({ granule: '4k', va: 48, linux: '6.12' });
  const start = 0x40_0000n;
  const third = { start: at(start + 0x3000n), end: at(start + 0x4000n) };
  const vma = { start: at(start), end: at(start + 0x1_0000n) };

  function group() {
    const s = space(arch);
    map(s.mm, s.tables, { addr: at(start), paddr: paddr(0x8_0000n), size: 0x1_0000n, prot: WRITE });
    const { result } = walk(s.mm, at(start));
    if (result.kind !== 'leaf') throw new Error(result.kind);
    const slot = (n: number): Slot => slotPlus(result.slot, BigInt(n), 8);
    for (let n = 0; n < 16; n++) writeEntry(s.mm, slot(n), (readEntry(s.mm, slot(n))! | CONT) as Entry);
    const marked = (): number =>
      Array.from({ length: 16 }, (_, n) => readEntry(s.mm, slot(n))! & CONT).filter(Boolean).length;
    return { s, walker: { mm: s.mm, port: mmPort(s.mm, s.tables) }, marked };
  }

  test.each([
    ['changeProtection', (of) => void changeProtection(of.walker, third, READ)],
    ['zapPageRange', (of) => void zapPageRange(of.walker, third, mapped(vma))],
    [
      'copyPageRange',
      (of) => {
        const child = space(arch);
        const fork = { shared: false, mayWrite: true, hasAnonVma: true, anonymous: true };
        copyPageRange(of.walker, child.walker(), third, fork);
        const { result } = walk(child.mm, third.start);
        expect(result.kind === 'leaf' && (result.entry & CONT) === 0n).toBe(true);
      },
    ],
  ] as const satisfies readonly (readonly [string, (of: ReturnType<typeof group>) => void])[])('%s', (_, change) => {
    const of = group();
    expect(of.marked()).toBe(16);
    change(of);
    expect(of.marked()).toBe(0);
    const { result } = walk(of.s.mm, at(start + 0x5000n));
    expect(result).toMatchObject({ kind: 'leaf', paddr: 0x8_5000n });
  });
});

describe('mprotect of 1 GiB', () => {
  const range = { start: vaddr(0x4000_0000n), end: vaddr(0x8000_0000n) };
  const large = () => {
    const s = space(x86({ paging: '4-level', linux: '6.12' }));
    map(s.mm, s.tables, { addr: range.start, paddr: paddr(0x4000_0000n), size: 0x4000_0000n, prot: WRITE });
    return { s, walker: { mm: s.mm, port: mmPort(s.mm, s.tables) } };
  };

  test('from v6.12 on its rights are changed', () => {
    const { s, walker } = large();
    expect(changeProtection(walker, range, READ, { era: 'v6.12' })).toEqual({ changed: 2 ** 18 });
    const { result } = walk(s.mm, range.start);
    expect(result.kind === 'leaf' && pXdIs(s.mm, 'write', 'pud', result.entry as Entry<'pud'>)).toBe(false);
    expect(result).toMatchObject({ kind: 'leaf', level: 'pud', paddr: 0x4000_0000n });
  });

  test('before, it is taken for a bad table and cleared: the answer says what was lost', () => {
    const { s, walker } = large();
    const entry = makeLeaf(s.mm.arch, 'pud', paddr(0x4000_0000n), WRITE);
    expect(changeProtection(walker, range, READ)).toMatchObject({ changed: 0, lost: [{ entry, addr: range.start }] });
    expect(walk(s.mm, range.start).result.kind).toBe('none');
  });
});

describe('userfaultfd (v5.7)', () => {
  const arch = x86({ paging: '4-level' });
  const MARK = 1n << 10n;

  test('a child that is not registered has the entry without the mark', () => {
    for (const uffdWp of [false, true]) {
      const s = space(arch);
      s.mmap({ addr: at(0x1000n), size: 0x1000n, write: true });
      s.touch(at(0x1000n), 1n, true);
      const found = walk(s.mm, at(0x1000n)).result;
      if (found.kind !== 'leaf') throw new Error(found.kind);
      writeEntry(s.mm, found.slot, ((found.entry & ~2n) | MARK) as Entry);
      const child = space(arch, { pages: s.pages });
      const vma = { shared: false, mayWrite: true, hasAnonVma: true, anonymous: true, uffdWp };
      copyPageRange(s.walker(), child.walker(), { start: at(0x1000n), end: at(0x2000n) }, vma);
      const { result } = walk(child.mm, at(0x1000n));
      expect(result.kind === 'leaf' && result.entry & MARK).toBe(uffdWp ? MARK : 0n);
    }
  });
});
