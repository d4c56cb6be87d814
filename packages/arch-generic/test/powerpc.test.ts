import {
  bumpAllocator,
  type Change,
  change,
  createMm,
  type Entry,
  flatMemory,
  type Level,
  makeLeaf,
  makeSwap,
  makeTable,
  map,
  mmFromRoot,
  type Predicate,
  paddr,
  swapOf,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { powerpc } from '../src/index.ts';
import { asks, numbers, rights } from './support/entries.ts';
import { keeps, runs } from './support/keeps.ts';

const r4k = powerpc({ page: '4k' });
const r64k = powerpc({ page: '64k' });
const V = 1n << 63n;
const LEAF = 1n << 62n;
const INVALID = 1n << 61n;

test('geometry: an index of 13 bits, 9, 9, then 9 or 5', () => {
  expect([r4k.id, r64k.id]).toEqual(['powerpc-radix-4k', 'powerpc-radix-64k']);
  expect(numbers(r4k)).toEqual([
    [39, 8192],
    [39, 1],
    [30, 512],
    [21, 512],
    [12, 512],
  ]);
  expect(numbers(r64k).at(-1)).toEqual([16, 32]);
  // A pte table of 64 KiB pages is a fragment of 256 bytes.
  expect(r64k.geometry.pte.tableBytes).toBe(256);
});

describe('the predicates, by raw values', () => {
  const rows: readonly (readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean])[] = [
    ...(['pud', 'pmd'] as const).flatMap((level) => [
      [level, 'none', 0n, true] as const,
      [level, 'none', 0x180n, false] as const,
      [level, 'present', V, true] as const,
      [level, 'leaf', LEAF, true] as const,
      [level, 'leaf', V, false] as const,
      [level, 'bad', V | 0x1f09n, false] as const,
      [level, 'bad', V | 0x20n, true] as const,
      [level, 'bad', V | 0x80n, true] as const,
      // A leaf is bad as a table.
      [level, 'bad', V | LEAF, true] as const,
      [level, 'bad', V | INVALID, true] as const,
    ]),
    // Only pmd counts a page under split as present.
    ['pmd', 'present', INVALID | LEAF, true],
    ['pud', 'present', INVALID | LEAF, false],
    ['p4d', 'present', V, true],
    ['p4d', 'leaf', V | LEAF, false],
    ['p4d', 'bad', V | LEAF, true],
    // R and C may be left over in an empty pte.
    ['pte', 'none', 0x180n, true],
    ['pte', 'none', 0x40n, false],
    ['pte', 'present', V | LEAF, true],
    ['pte', 'present', INVALID | LEAF, true],
    ['pte', 'present', V, false],
    ['pte', 'present', LEAF, false],
    ['pte', 'swap', LEAF, true],
    ['pte', 'swap', LEAF | V, false],
    ['pte', 'protnone', V | LEAF | 0x8n, true],
    ['pte', 'protnone', V | LEAF | 0x1n, false],
    ['pte', 'write', V | LEAF | 0x2n, true],
    ['pte', 'write', V | LEAF, false],
    ['pte', 'exec', V | LEAF | 0x1n, true],
    ['pte', 'user', V | LEAF | 0x8n, false],
    ['pte', 'young', V | LEAF | 0x100n, true],
    ['pte', 'dirty', V | LEAF | 0x80n, true],
    ['pte', 'softDirty', V | LEAF | 0x200n, true],
    ['pte', 'special', V | LEAF | 0x400n, true],
    ['pte', 'devmap', V | LEAF | 0x800n, true],
    ['pte', 'devmap', V | 0x800n, false],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(asks(r64k, level, predicate, raw)).toBe(yes);
    },
  );
});

describe('what Linux makes of a page', () => {
  const e = V | LEAF;
  test.each<[Level, Change, bigint, bigint]>([
    ['pte', 'young', e, e | 0x100n],
    ['pte', 'old', e | 0x100n, e],
    ['pte', 'dirty', e, e | 0x280n],
    ['pte', 'clean', e | 0x280n, e | 0x200n],
    // Write implies read.
    ['pte', 'write', e, e | 0x6n],
    ['pte', 'wrprotect', e | 0x6n, e | 0x4n],
    ['pte', 'special', e, e | 0x400n],
    ['pte', 'devmap', e, e | 0xc00n],
    ['pte', 'softDirty', e, e | 0x200n],
    ['pte', 'clearSoftDirty', e | 0x200n, e],
    ['pmd', 'huge', V, e],
    ['pud', 'huge', V, e],
  ])('%s_mk%s(0x%x) is 0x%x', (level, what, from, to) => {
    expect(change(r64k, level, what, from as Entry)).toBe(to);
  });

  test('up to v6.1 a page without PRIV and without right had been writable', () => {
    const old = powerpc({ page: '64k', linux: '6.1' });
    for (const [arch, write, wrprotect] of [
      [old, true, e | 0x8n],
      [r64k, false, e],
    ] as const) {
      expect(asks(arch, 'pte', 'write', e)).toBe(write);
      expect(asks(arch, 'pte', 'write', e | 0x8n)).toBe(false);
      expect(change(arch, 'pte', 'wrprotect', e as Entry<'pte'>)).toBe(wrprotect);
    }
  });
});

test('entries as Linux makes them, with the index width of the next table', () => {
  const at = paddr(0x1234_5600n);
  expect(makeTable(r64k, 'pgd', at)).toBe(V | 0x1234_5609n);
  expect(makeTable(r64k, 'pud', at)).toBe(V | 0x1234_5609n);
  expect(makeTable(r64k, 'pmd', at)).toBe(V | 0x1234_5605n);
  expect(makeTable(r4k, 'pmd', at)).toBe(V | 0x1234_5609n);
  // As in the memory of a guest: a written page, one that is read and executed, PROT_NONE.
  expect(makeLeaf(r64k, 'pte', paddr(0x1fce_0000n), rights('rwu'))).toBe(0xc000_0000_1fce_0186n);
  expect(makeLeaf(r64k, 'pte', paddr(0x1afd_0000n), rights('rxu'))).toBe(0xc000_0000_1afd_0105n);
  expect(makeLeaf(r64k, 'pte', paddr(0x1af8_0000n), rights(''))).toBe(0xc000_0000_1af8_0108n);
  expect(makeLeaf(r64k, 'pte', paddr(1n << 53n), rights('r'))).toBeUndefined();
});

test('a swap entry of a guest: soft-dirty, exclusive, device 0, page 12', () => {
  expect(swapOf(r64k, 'pte', 0x4000_0000_000c_0220n as Entry)).toEqual({ type: 0n, offset: 12n });
  expect(makeSwap(r64k, 'pte', { type: 3n, offset: 12n })).toBe(0x4000_0000_000c_0003n);
  expect(makeSwap(r4k, 'pte', { type: 3n, offset: 12n })).toBe(0x4000_0000_0000_c003n);
});

describe('the root', () => {
  test('a process table entry, or the bare address of the root table', () => {
    const memory = flatMemory(new ArrayBuffer(0));
    for (const root of [0x4000_0000_0470_00adn, 0x470_0000n])
      expect(mmFromRoot(r64k, memory, root).pgd).toBe(0x470_0000n);
  });

  test('a new one has RTS 21 and 13 index bits; quadrant 3 is not the walk’s', () => {
    const memory = flatMemory(new ArrayBuffer(0x4_0000));
    const allocator = bumpAllocator(paddr(0x1_0000n), paddr(0x4_0000n));
    const mm = createMm(r64k, memory, allocator)!;
    expect(mm.root).toBe(0x4000_0000_0001_00adn);
    map(mm, allocator, {
      addr: vaddr(0x8_0000_0002_0000n),
      paddr: paddr(0x33f_0000n),
      size: 0x1_0000n,
      prot: rights('rx'),
    });
    expect(walk(mm, vaddr(0x8_0000_0002_0000n)).result).toMatchObject({ kind: 'leaf', paddr: 0x33f_0000n });
    expect(walk(mm, vaddr(0xc008_0000_0002_0000n)).result).toEqual({ kind: 'not-translatable', bits: 52 });
    // Big-endian: the first byte of the root's slot is the one with V.
    expect(memory.read(paddr(0x1_0000n + 8n * 0x1000n), 8, 'big')! >> 63n).toBe(1n);
  });
});

describe.each([
  ['powerpc-radix-4k', r4k],
  ['powerpc-radix-64k', r64k],
  ['powerpc-radix-64k, Linux v6.1', powerpc({ page: '64k', linux: '6.1' })],
])('laws: %s', (_id, arch) => {
  keeps(archLaws(arch, { runs }));
});
