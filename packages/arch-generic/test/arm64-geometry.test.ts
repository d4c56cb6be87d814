import {
  type Entry,
  flatMemory,
  leafAddress,
  limitOf,
  makeLeaf,
  makeTable,
  mmFromRoot,
  paddr,
  tableAddress,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { ARM64, type Arm64Id, arm64Of } from './support/arm64.ts';
import { bare, numbers, rights } from './support/entries.ts';

const bit = (n: number): bigint => 1n << BigInt(n);
const K = 1024;
const at = (shift: number, entries: number): [number, number] => [shift, entries];

/** Shift and entries of pgd, p4d, pud, pmd, pte; address bits of a half; and log2 of the top table's alignment. */
const ROWS: Readonly<Record<Arm64Id, readonly [levels: [number, number][], bits: number, align: number]>> = {
  'arm64-4k-va39': [[at(30, 512), at(30, 1), at(30, 1), at(21, 512), at(12, 512)], 39, 12],
  'arm64-4k-va48': [[at(39, 512), at(39, 1), at(30, 512), at(21, 512), at(12, 512)], 48, 12],
  'arm64-4k-va48-lpa2': [[at(39, 512), at(39, 1), at(30, 512), at(21, 512), at(12, 512)], 48, 12],
  'arm64-4k-va52-lpa2': [[at(48, 16), at(39, 512), at(30, 512), at(21, 512), at(12, 512)], 52, 7],
  'arm64-4k-va52-nolpa2': [[at(48, 16), at(39, 512), at(30, 512), at(21, 512), at(12, 512)], 48, 12],
  'arm64-16k-va36': [[at(25, 2 * K), at(25, 1), at(25, 1), at(25, 1), at(14, 2 * K)], 36, 14],
  'arm64-16k-va47': [[at(36, 2 * K), at(36, 1), at(36, 1), at(25, 2 * K), at(14, 2 * K)], 47, 14],
  'arm64-16k-va48': [[at(47, 2), at(47, 1), at(36, 2 * K), at(25, 2 * K), at(14, 2 * K)], 48, 4],
  'arm64-16k-va48-lpa2': [[at(47, 2), at(47, 1), at(36, 2 * K), at(25, 2 * K), at(14, 2 * K)], 48, 6],
  'arm64-16k-va52-lpa2': [[at(47, 32), at(47, 1), at(36, 2 * K), at(25, 2 * K), at(14, 2 * K)], 52, 8],
  'arm64-16k-va52-nolpa2': [[at(47, 32), at(47, 1), at(36, 2 * K), at(25, 2 * K), at(14, 2 * K)], 47, 14],
  'arm64-64k-va42': [[at(29, 8 * K), at(29, 1), at(29, 1), at(29, 1), at(16, 8 * K)], 42, 16],
  'arm64-64k-va48': [[at(42, 64), at(42, 1), at(42, 1), at(29, 8 * K), at(16, 8 * K)], 48, 9],
  'arm64-64k-va52': [[at(42, K), at(42, 1), at(42, 1), at(29, 8 * K), at(16, 8 * K)], 52, 13],
  'arm64-64k-va42-lpa': [[at(29, 8 * K), at(29, 1), at(29, 1), at(29, 1), at(16, 8 * K)], 42, 16],
  'arm64-64k-va48-lpa': [[at(42, 64), at(42, 1), at(42, 1), at(29, 8 * K), at(16, 8 * K)], 48, 9],
  'arm64-64k-va52-lpa': [[at(42, K), at(42, 1), at(42, 1), at(29, 8 * K), at(16, 8 * K)], 52, 13],
};

describe.each(Object.entries(ROWS) as [Arm64Id, (typeof ROWS)[Arm64Id]][])('%s', (id, [levels, bits, align]) => {
  const arch = arm64Of(id);

  test('id, shifts and entries, address bits', () => {
    expect(arch.id).toBe(id);
    expect(numbers(arch)).toEqual(levels);
    expect(limitOf(bare(arch), 'pgd')).toBe(bit(bits));
  });

  test('the origin of the TTBR: aligned, without ASID and CnP', () => {
    const wide = id.endsWith('lpa') || id.endsWith('-lpa2');
    const memory = flatMemory(new ArrayBuffer(0));
    expect(mmFromRoot(arch, memory, 0xabcd_ffff_ffff_ffc1n).pgd).toBe(
      (0xffff_ffff_ffc0n >> BigInt(align)) << BigInt(align),
    );
    // Bits 5:2 are PA[51:48] where addresses have 52 bits; else a 16-byte aligned table may begin there.
    expect(mmFromRoot(arch, memory, 0x3cn).pgd).toBe(wide ? 0xf_0000_0000_0000n : align === 4 ? 0x30n : 0n);
  });
});

test('every configuration has a row', () => {
  expect(Object.keys(ROWS)).toEqual(Object.keys(ARM64));
});

describe('each output bit above 47 has its place in an entry', () => {
  // [id, bit of the entry, bit of the address]
  const places: readonly (readonly [id: Arm64Id, entry: number, address: number])[] = [
    ['arm64-64k-va52-lpa', 15, 51],
    ['arm64-64k-va52-lpa', 14, 50],
    ['arm64-64k-va52-lpa', 13, 49],
    ['arm64-64k-va52-lpa', 12, 48],
    ['arm64-4k-va52-lpa2', 9, 51],
    ['arm64-4k-va52-lpa2', 8, 50],
    ['arm64-4k-va52-lpa2', 49, 49],
    ['arm64-4k-va52-lpa2', 48, 48],
    ['arm64-16k-va48-lpa2', 9, 51],
    ['arm64-16k-va48-lpa2', 8, 50],
    ['arm64-16k-va48-lpa2', 49, 49],
    ['arm64-16k-va48-lpa2', 48, 48],
  ];
  test.each(places)('%s: bit %i is address bit %i, in pages, blocks and tables', (id, entry, address) => {
    const arch = arm64Of(id);
    const raw = bit(entry) | 0x4000_0000n;
    const target = bit(address) | 0x4000_0000n;
    expect(leafAddress(arch, 'pte', (raw | 3n) as Entry)).toBe(target);
    expect(leafAddress(arch, 'pmd', (raw | 1n) as Entry)).toBe(target);
    expect(tableAddress(arch, 'pmd', (raw | 3n) as Entry)).toBe(target);
    expect(makeTable(arch, 'pmd', paddr(target))).toBe(raw | 3n);
    const made = makeLeaf(arch, 'pte', paddr(target), rights('ru')) ?? 0n;
    expect([made & bit(entry), leafAddress(arch, 'pte', made as Entry)]).toEqual([bit(entry), target]);
  });

  test.each(['arm64-4k-va48', 'arm64-64k-va52', 'arm64-16k-va52-nolpa2'] as const)('%s has 48 bits', (id) => {
    const arch = arm64Of(id);
    const raw = 0x4000_0000n | bit(49) | bit(48) | 0x303n | (id === 'arm64-64k-va52' ? 0xf000n : 0n);
    expect(leafAddress(arch, 'pte', raw as Entry)).toBe(0x4000_0000n);
    expect(makeTable(arch, 'pmd', paddr(bit(48)))).toBeUndefined();
    expect(makeTable(arch, 'pmd', paddr(bit(47)))).toBe(bit(47) | 3n);
  });
});
