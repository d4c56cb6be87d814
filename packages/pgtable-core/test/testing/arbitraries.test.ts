import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flatMemory, isTranslatable, LEVELS, mmFromTable, paddr, topLevel, vaddr, walk } from '../../src/index.ts';
import { arbitraryAddr, arbitraryPage, arbitrarySpace, FULL, topsOf } from '../../src/testing/index.ts';
import { property } from '../support/runs.ts';
import { toy3, toyProcess, toys } from '../support/toys.ts';

test('all rights', () => {
  expect(FULL).toEqual({ read: true, write: true, exec: true, user: true });
});

test('the top levels that an architecture allows, from the top down', () => {
  expect(topsOf(toy3)).toEqual(['pgd']);
  expect(topsOf(toyProcess)).toEqual(['pgd', 'p4d', 'pud', 'pmd']);
});

describe.each(toys)('$id', (arch) => {
  const tops = fc.constantFrom(...topsOf(arch));

  test('addresses are translatable, and begin a page', () => {
    const cases = tops.chain((top) => fc.tuple(fc.constant(top), arbitraryAddr(arch, top)));
    fc.assert(
      fc.property(cases, ([top, addr]) => {
        expect(isTranslatable(mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n)), top, addr)).toBe(true);
        expect(addr % arch.geometry.pte.size).toBe(0n);
      }),
      property,
    );
  });

  test('spaces: as many mappings as could be made, each of them there', () => {
    fc.assert(
      fc.property(arbitrarySpace(arch), ({ mm, top, mappings }) => {
        expect(topLevel(mm)).toBe(topsOf(arch).length > 1 ? top : 'pgd');
        expect(mappings.length).toBeGreaterThan(0);
        for (const { addr, size, paddr } of mappings) {
          expect(size).toBeGreaterThan(0n);
          expect(walk(mm, addr).result).toMatchObject({ kind: 'leaf', paddr });
          expect(walk(mm, vaddr(addr + size - 1n)).result).toMatchObject({ kind: 'leaf', paddr: paddr + size - 1n });
        }
      }),
      { ...property, numRuns: property.numRuns / 2 },
    );
  });
});

test('pages lie near the boundaries of every level', () => {
  const pages = fc.sample(arbitraryPage(toyProcess, 'pgd'), { ...property, numRuns: 400 });
  for (const level of LEVELS.slice(0, -1)) {
    const slot = 1n << BigInt(toyProcess.geometry[level].shift - 12);
    expect(pages.filter((page) => page > 0n && page % slot === 0n).length, level).toBeGreaterThan(0);
    expect(pages.filter((page) => page % slot === slot - 1n).length, level).toBeGreaterThan(0);
  }
});
