/** Groups that the hardware takes as one page: whoever changes one entry of it leaves no entry with the mark, and no page elsewhere. */
import { arm64, riscv } from '@kernel-mm/arch-generic';
import { type Arch, type Entry, isGrouped, readEntry, slotOf, vaddr, writeEntry } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type AddressSpace, changeProtection, type Mapped, splitHugePmd, zapPageRange } from '../../src/index.ts';
import { at, space } from '../support/spaces.ts';

type Grouped = readonly [name: string, arch: Arch, level: 'pte' | 'pmd', slots: number];
const linux = '6.12';
const settings: readonly Grouped[] = [
  ['arm64 4k, ptes', arm64({ granule: '4k', va: 48, linux }), 'pte', 16],
  ['arm64 16k, ptes', arm64({ granule: '16k', va: 47, linux }), 'pte', 128],
  ['arm64 64k, ptes', arm64({ granule: '64k', va: 48, linux }), 'pte', 32],
  ['arm64 4k, pmds', arm64({ granule: '4k', va: 48, linux }), 'pmd', 16],
  ['arm64 16k, pmds', arm64({ granule: '16k', va: 47, linux }), 'pmd', 32],
  ['riscv, Svnapot', riscv({ mode: 'sv39' }), 'pte', 16],
];
const READ = { read: true, write: false, exec: false, user: true };

describe.each(settings)('%s', (_, arch, level, slots) => {
  const { size } = arch.geometry[level];
  const START = BigInt(slots) * size;
  const addrOf = (n: number) => at(START + BigInt(n) * size);
  const group = arch.spec.levels[level].leaf!.group!;
  const slotAt = (s: AddressSpace, n: number) => slotOf(s.mm, addrOf(n), level)!;
  const entryAt = (s: AddressSpace, n: number): Entry => readEntry(s.mm, slotAt(s, n))!;
  const numbers = Array.from({ length: slots }, (_, n) => n);
  const marked = (s: AddressSpace): number[] => numbers.filter((n) => isGrouped(s.mm, level, entryAt(s, n)));
  const frames = (s: AddressSpace) => numbers.map((n) => s.frame(addrOf(n)));

  /** A mapping of one group, every page of which is there, in a row of frames that is aligned to the group. */
  function grouped() {
    const s = space(arch);
    const pages = Number(size / arch.geometry.pte.size);
    const burnt = (): number => s.pages.alloc()!.head + 1;
    while (burnt() % (slots * pages) !== 0);
    const vma = s.mmap({ addr: addrOf(0), size: START, write: true, zone: 'movable', huge: level });
    for (const n of numbers) s.touch(addrOf(n), 1n, true);
    const first = s.frame(addrOf(0))!;
    expect(frames(s)).toEqual(numbers.map((n) => first + n * pages));
    // Svnapot: each entry of the group says the same, with the size in the low bits of the frame.
    const napot = entryAt(s, 0) | group.bit | (BigInt(slots / 2) << 10n);
    for (const n of numbers) {
      const made = arch.id.startsWith('riscv') ? napot : entryAt(s, n) | group.bit;
      writeEntry(s.mm, slotAt(s, n), made as Entry);
    }
    expect(marked(s)).toEqual(numbers);
    expect(frames(s)).toEqual(numbers.map((n) => first + n * pages));
    return { s, vma, before: frames(s) };
  }
  const part = { start: addrOf(3), end: vaddr(addrOf(5)) };

  const changes: Readonly<Record<string, (s: AddressSpace, vma: Mapped) => readonly number[]>> = {
    'mprotect of part': (s) => {
      expect(changeProtection(s.walker(), part, READ)).toEqual({
        changed: Number((part.end - part.start) / arch.geometry.pte.size),
      });
      return [];
    },
    'mprotect of all': (s, vma) => {
      s.protect(vma, { read: true, write: false });
      return [];
    },
    'zap of part': (s, vma) => {
      expect(zapPageRange(s.walker(), part, vma).failure).toBeUndefined();
      return [3, 4];
    },
    migrate: (s) => {
      expect(s.migrate([s.frame(addrOf(7))!])).toBe('moved');
      return [7];
    },
    fork: (s) => {
      const child = s.fork()!;
      expect([marked(child), frames(child)]).toEqual([[], frames(s)]);
      return [];
    },
    ...(level === 'pmd' && {
      split: (s) => {
        const slot = slotOf(s.mm, addrOf(2), 'pmd')!;
        const step = { slot: { ...slot, level: 'pmd' as const }, entry: entryAt(s, 2) as Entry<'pmd'> };
        expect(splitHugePmd(s.walker(), step, addrOf(2), 'anon')).toBe(true);
        return [];
      },
      'zap of part of a page': (s, vma) => {
        const end = vaddr(addrOf(2) + arch.geometry.pte.size);
        expect(zapPageRange(s.walker(), { start: addrOf(2), end }, vma).failure).toBeUndefined();
        return [2];
      },
    }),
  };

  test.each(Object.entries(changes))('%s', (_, change) => {
    const { s, vma, before } = grouped();
    const { tlb } = s.usage.flushes;
    const gone = change(s, vma);
    expect(marked(s)).toEqual([]);
    expect(s.usage.flushes.tlb).toBeGreaterThan(tlb);
    // Whoever is not changed is where it was.
    for (const n of numbers) expect([n, s.frame(addrOf(n)) === before[n]]).toEqual([n, !gone.includes(n)]);
    s.munmap(s.vmas[0]!);
    expect(s.pages.reports).toEqual([]);
  });
});
