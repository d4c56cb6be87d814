/** The dummy read: what it saves, what it leaves alone, and what becomes of a form that still goes down by its copy. */
import { arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  type Arch,
  entry,
  type Level,
  pXdIs,
  type ReadOnce,
  type Slot,
  type Stepper,
  stepperOf,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  dummyGet,
  dummyOffset,
  dummyRead,
  judge,
  memoryPort,
  offsetLocklessStrict,
  walkLockless,
} from '../../src/index.ts';
import { rangeOf, spaceWith } from '../support/space.ts';

/** Two pages at 0: the reads of tables, by level, and the leaves. */
function walk(arch: Arch, stepper: Stepper, top: Level = 'pgd') {
  const { mm } = spaceWith(arch, top, [0n], 2);
  const port = memoryPort(mm);
  const levels: string[] = [];
  const readOnce: ReadOnce = (slot) => {
    if (slot.space === 'memory') levels.push(slot.level);
    return port.readOnce(slot);
  };
  const { leaves, stop } = walkLockless(mm, ...rangeOf(arch, 0n, 2), { stepper, port: { ...port, readOnce } });
  return { levels, leaves, stop };
}

test.each<[string, Arch, Level[]]>([
  ['x86-64, p4d folded at build time', x86({ paging: '4-level', fold: 'build' }), ['p4d', 'pud', 'pmd', 'pte', 'pte']],
  ['arm64 va39, p4d and pud folded', arm64({ granule: '4k', va: 39 }), ['pud', 'pmd', 'pte', 'pte']],
  ['arm64 16K va36, all down to pmd folded', arm64({ granule: '16k', va: 36 }), ['pmd', 'pte', 'pte']],
])('%s: no read above a folded level, and the same leaves', (_, arch, levels) => {
  const read = walk(arch, dummyRead);
  const strict = walk(arch, offsetLocklessStrict);
  expect(read.levels).toEqual(levels);
  expect(strict.levels).toEqual(['pgd', 'p4d', 'pud', 'pmd', 'pte', 'pte']);
  expect(read.leaves).toEqual(strict.leaves);
  expect(read.leaves).toHaveLength(2);
});

test.each<[string, Arch, Level]>([
  ['x86-64, p4d folded at boot', x86({ paging: '4-level', fold: 'boot' }), 'pgd'],
  ['riscv Sv39, folded at boot', riscv({ mode: 'sv39' }), 'pgd'],
  ['s390, folded per process', s390(), topOf(3)],
  ['x86-64 with five levels', x86({ paging: '5-level' }), 'pgd'],
])('%s: no change', (_, arch, top) => {
  expect(walk(arch, dummyRead, top)).toEqual(walk(arch, offsetLocklessStrict, top));
});

describe('a form that goes down by its copy, which holds a dummy', () => {
  const misuse = stepperOf({ boundary: 'level', descent: 'lockless', read: 'dummy' }, 'misuse');

  test.each<[string, Arch, string, Level]>([
    ['x86-64', x86({ paging: '4-level', fold: 'build' }), 'none', 'p4d'],
    ['arm64 va39: p4d has a form of its own, pud has not', arm64({ granule: '4k', va: 39 }), 'not-present', 'pud'],
  ])('%s: no leaf at all, which is the misuse made visible', (_, arch, kind, level) => {
    const { leaves, stop } = walk(arch, misuse);
    expect(leaves).toEqual([]);
    expect(stop).toMatchObject({ kind, level, entry: 0n, slot: { space: 'stack' } });
  });

  test('both oracles find no fault with where it reads: the slot is right, the value is not', () => {
    const { mm } = spaceWith(x86({ paging: '4-level', fold: 'build' }), 'pgd', [0n], 2);
    expect(judge(mm, misuse, vaddr(0n), vaddr(0x2000n))).toMatchObject({ addressCorrect: true, law: true, leaves: [] });
  });
});

test('the constants above a folded level do not look at the value', () => {
  const { mm } = spaceWith(x86({ paging: '4-level', fold: 'build' }), 'pgd', [0n], 1);
  const is = (['none', 'bad', 'present', 'leaf'] as const).map((ask) => pXdIs(mm, ask, 'pgd', entry('pgd', 0n)));
  expect(is).toEqual([false, false, true, false]);
});

test('the typed pair: a read that answers 0, and an offset that is the very slot', () => {
  const slot: Slot<'pgd', 'memory'> = { level: 'pgd', space: 'memory', addr: 0x1008n };
  expect(dummyGet(slot)).toBe(0n);
  expect(dummyOffset(slot)).toEqual({ level: 'p4d', space: 'memory', addr: 0x1008n });
});
