import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Entry,
  entry,
  flatMemory,
  LEVELS,
  type Level,
  mmFromTable,
  paddr,
  pXdAddrEnd,
  pXdAddrEndFolded,
  pXdAddrEndOf,
  type UpperLevel,
  vaddr,
} from '../src/index.ts';
import { property } from './support/runs.ts';
import { toy3, toyBoot, toyProcess } from './support/toys.ts';

const at = (arch = toyProcess) => mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));
const byLevel = (level: Level, addr: bigint, end: bigint, arch = toyProcess): bigint =>
  pXdAddrEnd(at(arch), level, vaddr(addr), vaddr(end));
const byEntry = (level: UpperLevel, raw: bigint, addr: bigint, end: bigint, arch = toyProcess): bigint =>
  pXdAddrEndOf(at(arch), level, raw as Entry<UpperLevel>, vaddr(addr), vaddr(end));
const TOP_PMD = (1n << 64n) - 0x8000n;

describe('from the level: the next multiple of its size, or the end if that comes first', () => {
  test.each<[string, Level, bigint, bigint, bigint]>([
    ['inside the slot', 'pmd', 0x9000n, 0xa000n, 0xa000n],
    ['up to the boundary', 'pmd', 0x9000n, 0x1_0000n, 0x1_0000n],
    ['across it', 'pmd', 0x9000n, 0x1_8000n, 0x1_0000n],
    ['from a boundary', 'pmd', 0x8000n, 0x1_8000n, 0x1_0000n],
    ['a whole slot', 'pmd', 0x8000n, 0x1_0000n, 0x1_0000n],
    ['unaligned ends', 'pmd', 0x8fffn, 0x9001n, 0x9001n],
    ['pte', 'pte', 0x1800n, 0x9000n, 0x2000n],
    ['pud', 'pud', 0x3_f000n, 0x8_0000n, 0x4_0000n],
    ['p4d', 'p4d', 0x1f_f000n, 0x80_0000n, 0x20_0000n],
    ['pgd', 'pgd', 0xff_f000n, 0x800_0000n, 0x100_0000n],
    ['end 0 is 2^64', 'pmd', 0x9000n, 0n, 0x1_0000n],
    ['the last slot, to the end', 'pmd', TOP_PMD, 0n, 0n],
    ['inside the last slot', 'pmd', TOP_PMD + 0x1000n, (1n << 64n) - 0x1000n, (1n << 64n) - 0x1000n],
    ['the boundary wraps to 0, and end lies before it', 'pgd', TOP_PMD, (1n << 64n) - 0x1000n, (1n << 64n) - 0x1000n],
    ['the boundary wraps to 0, and so does end', 'pgd', TOP_PMD, 0n, 0n],
    ['the last slot but one', 'pmd', TOP_PMD - 0x1000n, 0n, TOP_PMD],
    ['the last byte', 'pte', (1n << 64n) - 1n, 0n, 0n],
  ])('%s', (_what, level, addr, end, next) => {
    expect(byLevel(level, addr, end)).toBe(next);
  });
});

test('a level folded when built answers the end: the level above has cropped already', () => {
  for (const level of ['p4d', 'pud'] as const) {
    expect(byLevel(level, 0x1000n, 0x40_0000n, toy3)).toBe(0x40_0000n);
    expect(byLevel(level, 0x1000n, 0n, toy3)).toBe(0n);
    expect(byEntry(level, 0n, 0x1000n, 0x40_0000n, toy3)).toBe(0x40_0000n);
  }
  expect(byLevel('pgd', 0x1000n, 0x40_0000n, toy3)).toBe(0x8_0000n);
});

test('a level folded at boot or in this process has its own size', () => {
  expect(byLevel('p4d', 0x1000n, 0x80_0000n, toyBoot)).toBe(0x80_0000n);
  expect(byLevel('pud', 0x1000n, 0x80_0000n, toyBoot)).toBe(0x8_0000n);
  expect(byLevel('pud', 0x1000n, 0x80_0000n)).toBe(0x4_0000n);
});

describe('from the entry: the end of what this very entry covers', () => {
  test.each([
    [3n, 0x100_0000n],
    [2n, 0x20_0000n],
    [1n, 0x4_0000n],
    [0n, 0x8000n],
  ])('at pgd and p4d, by the type %d of the entry', (type, next) => {
    for (const level of ['pgd', 'p4d'] as const) {
      expect(byEntry(level, type, 0x1000n, 0x800_0000n)).toBe(next);
      expect(byEntry(level, type | 0xffff_ff00n, 0x1000n, 0x800_0000n)).toBe(next);
    }
  });

  test('at pud and pmd the level knows, whatever the entry is', () => {
    for (const type of [0n, 1n, 2n, 3n]) {
      expect(byEntry('pud', type, 0x1000n, 0x800_0000n)).toBe(0x4_0000n);
      expect(byEntry('pmd', type, 0x1000n, 0x800_0000n)).toBe(0x8000n);
    }
  });

  test.each([
    ['pgd', 1n, 0x4_0000n],
    ['p4d', 2n, 0x20_0000n],
    // No helper of their own: the level's answer.
    ['pud', 3n, 0x4_0000n],
    ['pmd', 1n, 0x8000n],
  ] as const)('patch 1, for lockless walkers: %s with an entry of type %d', (level, type, next) => {
    expect(pXdAddrEndFolded(at(), level, type as Entry<UpperLevel>, vaddr(0x1000n), vaddr(0n))).toBe(next);
  });

  test('patch 1 where a level is folded when built', () => {
    const end = vaddr(0x40_0000n);
    expect(pXdAddrEndFolded(at(toy3), 'p4d', entry('p4d', 1n), vaddr(0x1000n), end)).toBe(end);
    expect(pXdAddrEndFolded(at(toy3), 'pgd', entry('pgd', 1n), vaddr(0x1000n), end)).toBe(0x8_0000n);
  });
});

test('agrees with the formula of asm-generic in integers without bounds', () => {
  const word = fc.oneof(
    fc.bigInt(0n, (1n << 64n) - 1n),
    fc.bigInt(-0x4_0000n, 0x4_0000n).map((near) => BigInt.asUintN(64, near)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...LEVELS), word, word, (level, addr, given) => {
      // Only a range that is not empty has an answer.
      const end = given === 0n ? 1n << 64n : given;
      fc.pre(addr < end);
      const { size } = toyProcess.geometry[level];
      const boundary = (addr / size + 1n) * size;
      const next = boundary < end ? boundary : end;
      expect(byLevel(level, addr, given)).toBe(next % (1n << 64n));
    }),
    property,
  );
});

test('slots tile a range: from addr to end in steps that never leave a slot, and end there', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<UpperLevel>('pgd', 'p4d', 'pud', 'pmd'),
      fc.bigInt(0n, 3n),
      fc.bigInt(0n, 0x1000n),
      fc.integer({ min: 1, max: 40 }),
      (level, type, page, pages) => {
        // Up to 2^64, or to a page shortly before.
        const start = (1n << 64n) - BigInt(pages) * 0x1000n - page * 0x1000n;
        const end = BigInt.asUintN(64, start + BigInt(pages) * 0x1000n);
        const size = level === 'pgd' || level === 'p4d' ? 1n << (15n + 3n * type) : toyProcess.geometry[level].size;
        let addr = start;
        let steps = 0;
        do {
          const next = byEntry(level, type, addr, end);
          const last = BigInt.asUintN(64, next - 1n);
          expect(last).toBeGreaterThanOrEqual(addr);
          expect(last / size).toBe(addr / size);
          addr = next;
          expect(++steps).toBeLessThanOrEqual(pages);
        } while (addr !== end);
      },
    ),
    property,
  );
});
