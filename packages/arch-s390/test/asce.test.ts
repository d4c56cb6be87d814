import {
  bumpAllocator,
  createMm,
  type Entry,
  flatMemory,
  type Mm,
  map,
  mmFromRoot,
  mmFromTable,
  type Paddr,
  paddr,
  pgdOffset,
  topLevel,
  topOfRoot,
  UsageError,
  upgrade,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { asceLimit, type Levels, levelsOf, s390, topOf } from '../src/index.ts';
import { tables } from './support/entries.ts';

const BASE = 0x10_0000n;
const ALL: readonly Levels[] = [2, 3, 4, 5];
const RW = { read: true, write: true, exec: false, user: true };

function space(levels: Levels) {
  const memory = flatMemory(new ArrayBuffer(0x4_0000), BASE);
  const allocator = bumpAllocator(paddr(BASE), paddr(BASE + 0x4_0000n));
  const mm = createMm(s390(), memory, allocator, topOf(levels));
  if (!mm) throw new Error('no memory for the top table');
  return { mm, allocator };
}
const leaf = (mm: Mm, addr: bigint): Paddr | string => {
  const { result } = walk(mm, vaddr(addr));
  return result.kind === 'leaf' ? result.paddr : result.kind;
};

test('the top level by how many there are', () => {
  expect(ALL.map(topOf)).toEqual(['pmd', 'pud', 'p4d', 'pgd']);
});

test.each([
  [2, 0x1c3n, 1n << 31n],
  [3, 0x1c7n, 1n << 42n],
  [4, 0x1cbn, 1n << 53n],
  [5, 0x1cfn, 0xffff_ffff_ffff_f000n],
] as const)('%d levels: the ASCE, and asce_limit', (levels, bits, limit) => {
  const { mm } = space(levels);
  expect(mm.root).toBe(BASE | bits);
  expect(levelsOf(mm)).toBe(levels);
  expect(asceLimit(mm)).toBe(limit);
  const again = mmFromRoot(s390(), mm.memory, mm.root ?? 0n);
  expect(again.pgd).toBe(mm.pgd);
  expect(topOfRoot(again)).toBe(topOf(levels));
  expect(walk(again, vaddr(0x1000n)).result).toMatchObject({ kind: 'none', level: topOf(levels) });
});

test('an ASCE of another type than the table has is no way to walk it', () => {
  const { mm } = space(3);
  for (const [dt, register] of [
    [0x0n, 'pmd'],
    [0x8n, 'p4d'],
    [0xcn, 'pgd'],
  ] as const)
    expect(walk(mmFromRoot(s390(), mm.memory, mm.pgd | 0x1c3n | dt), vaddr(0n)).result).toEqual({
      kind: 'root-mismatch',
      register,
      table: 'pud',
    });
});

test('the origin of an ASCE is its upper 52 bits', () => {
  expect(mmFromRoot(s390(), flatMemory(new ArrayBuffer(0)), 0xffff_ffff_ffff_ffffn).pgd).toBe(0xffff_ffff_ffff_f000n);
});

describe('pgd_offset is indexed by the type of slot 0', () => {
  const addr = vaddr((3n << 53n) | (5n << 42n) | (7n << 31n) | (9n << 20n) | 0x1000n);
  test.each([
    [0x2cn, 3n],
    [0x28n, 5n],
    [0x24n, 7n],
    [0x20n, 9n],
    // Not only the empty ones: only the type counts.
    [0x26d_c00fn, 3n],
    [0x26d_c007n, 7n],
    [0xffff_ffff_ffff_fff3n, 9n],
  ])('%d: slot %d', (slot0, index) => {
    const mm = tables(BASE, { '0x100000': slot0 });
    expect(pgdOffset(mm, addr).addr).toBe(BASE + 8n * index);
  });

  test('and no other slot is asked', () => {
    const mm = tables(BASE, { '0x100000': 0x24n, '0x100008': 0x2cn, '0x100038': 0x28n });
    expect(pgdOffset(mm, addr).addr).toBe(BASE + 8n * 7n);
  });
});

test('a top table whose slot 0 was overwritten with zero has become a segment table', () => {
  const { mm, allocator } = space(3);
  map(mm, allocator, { addr: vaddr(0x8000_0000n), paddr: paddr(0x77_7000n), size: 0x1000n, prot: RW });
  expect(leaf(mm, 0x8000_0000n)).toBe(0x77_7000n);
  writeEntry(mm, { level: 'pud', space: 'memory', addr: mm.pgd }, 0n as Entry<'pud'>);
  expect([levelsOf(mm), asceLimit(mm)]).toEqual([2, 1n << 31n]);
  // The register still says three.
  expect(leaf(mm, 0x8000_0000n)).toBe('root-mismatch');
  const bare = mmFromTable(s390(), mm.memory, mm.pgd);
  expect(leaf(bare, 0x8000_0000n)).toBe('not-translatable');
  // Slot 1, a region-third entry, is what 1 MiB now leads to; slot 0 leads to a page table at physical 0.
  expect(walk(bare, vaddr(0x10_0000n)).result).toMatchObject({ kind: 'bad', slot: { addr: mm.pgd + 8n } });
  expect(walk(bare, vaddr(0x5000n)).result).toMatchObject({
    kind: 'outside-memory',
    level: 'pte',
    slot: { space: 'memory', addr: 0x28n },
  });
});

describe('the upgrade', () => {
  const addrs = [0x1000n, 0x7fff_f000n, 0x8000_0000n, (1n << 42n) - 0x1000n];
  const grown = () => {
    const { mm: three, allocator } = space(3);
    addrs.forEach((addr, n) => {
      const request = { addr: vaddr(addr), paddr: paddr(BigInt(n + 1) << 32n), size: 0x1000n, prot: RW };
      expect(map(three, allocator, request)).toEqual({ size: 0x1000n });
    });
    const four = upgrade(three, allocator);
    const five = four && upgrade(four, allocator);
    if (!four || !five) throw new Error('no memory');
    return { three, four, five, allocator };
  };

  test('3 to 4 to 5: old addresses resolve from the old top, from the new one, and from the newest', () => {
    const { three, four, five } = grown();
    expect([three, four, five].map(levelsOf)).toEqual([3, 4, 5]);
    for (const mm of [three, four, five])
      expect(addrs.map((addr) => leaf(mm, addr))).toEqual(addrs.map((_, n) => BigInt(n + 1) << 32n));
  });

  test('the new tops: entry 0 is the old top with the type bits, the rest is empty; the ASCE follows', () => {
    const { three, four, five } = grown();
    const word = (mm: Mm, n: bigint) => mm.memory.read(paddr(mm.pgd + 8n * n), 8, 'big');
    expect(word(four, 0n)).toBe(three.pgd | 0x0bn);
    expect(word(five, 0n)).toBe(four.pgd | 0x0fn);
    for (const n of [1n, 1024n, 2047n]) expect([word(four, n), word(five, n)]).toEqual([0x28n, 0x2cn]);
    expect([four.root, five.root]).toEqual([four.pgd | 0x1cbn, five.pgd | 0x1cfn]);
    expect([three, four, five].map(asceLimit)).toEqual([1n << 42n, 1n << 53n, 0xffff_ffff_ffff_f000n]);
  });

  test('what lies beyond the old limit is seen from the new top only', () => {
    const { three, four, five, allocator } = grown();
    map(four, allocator, { addr: vaddr(1n << 42n), paddr: paddr(0x99_9000n), size: 0x1000n, prot: RW });
    expect([three, four, five].map((mm) => leaf(mm, 1n << 42n))).toEqual(['not-translatable', 0x99_9000n, 0x99_9000n]);
    expect([three, four, five].map((mm) => leaf(mm, 1n << 53n))).toEqual([
      'not-translatable',
      'not-translatable',
      'none',
    ]);
  });

  test('beyond five levels is none', () => {
    const { five, allocator } = grown();
    expect(() => upgrade(five, allocator)).toThrow(UsageError);
  });
});

test('where slot 0 lies outside memory nothing is known', () => {
  const mm = mmFromTable(s390(), flatMemory(new ArrayBuffer(0)), paddr(0x1000n));
  expect([topLevel(mm), levelsOf(mm), asceLimit(mm)]).toEqual([undefined, undefined, undefined]);
});
