/** Folding by the root register: the same bug as on s390, and a cure that entries cannot give. */
import { VARIANTS, type VariantName } from '@kernel-mm/gup-fast';
import {
  bumpAllocator,
  createMm,
  flatMemory,
  map,
  paddr,
  topLevel,
  upgrade,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { archLaws, FULL } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { rootBit } from './root-bit.ts';
import { ownersOf, spaceWith, walkFour } from './space.ts';

const names = Object.keys(VARIANTS) as VariantName[];

describe('laws', () => {
  for (const law of archLaws(rootBit, { runs: 30 }))
    test.skipIf(!law.applies)(`${law.name}: ${law.says}`, () => law.check());
});

describe.each([
  ['3 levels, across 16 MiB', 'pud', 0x100_0000n],
  ['4 levels, across 1 GiB', 'p4d', 0x4000_0000n],
] as const)('%s', (_, top, boundary) => {
  const start = boundary - 0x2000n;

  test.each(names)('%s', (name) => {
    const mm = spaceWith(rootBit, top, [0n, start]);
    const found = walkFour(mm, name, start);
    const wrong = name === 'stackCopy';
    expect(ownersOf(found)).toEqual(
      wrong ? [start, start + 0x1000n, 0n, 0x1000n] : [0n, 0x1000n, 0x2000n, 0x3000n].map((n) => start + n),
    );
    expect(found.strays.length).toBe(wrong ? 1 : 0);
  });
});

test('one level more on top: the old top table is the first entry of the new one, and nothing in it changed', () => {
  const memory = flatMemory(new ArrayBuffer(2 ** 16));
  const tables = bumpAllocator(paddr(0n), paddr(2n ** 16n));
  const three = createMm(rootBit, memory, tables, 'pud')!;
  map(three, tables, { addr: vaddr(0x5000n), paddr: paddr(0x9000n), size: 0x1000n, prot: FULL });
  expect(walk(three, vaddr(0x4000_0000n)).result).toEqual({ kind: 'not-translatable', bits: 30 });
  const four = upgrade(three, tables)!;
  expect([topLevel(three), topLevel(four)]).toEqual(['pud', 'p4d']);
  expect(walk(four, vaddr(0x5000n)).result).toMatchObject({ kind: 'leaf', paddr: 0x9000n });
  expect(walk(three, vaddr(0x5000n)).result).toMatchObject({ kind: 'leaf', paddr: 0x9000n });
});
