/** Linux's own tree beside powerpc's hashed page table: its directories of huge pages, by the values of the headers. */
import {
  accessPermitted,
  type Entry,
  flatMemory,
  hugepteOffset,
  mmFromTable,
  paddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { powerpcHash } from '../src/index.ts';
import { keeps, runs } from './support/keeps.ts';

const arch = powerpcHash();
const mm = mmFromTable(arch, flatMemory(new ArrayBuffer(8)), paddr(0n));
const PRESENT = 1n << 63n;
const PTE = 1n << 62n;

keeps(archLaws(arch, { runs }));

test('geometry: 9, 9, 7 and 9 bits over 4 KiB', () => {
  const { pgd, pud, pmd, pte } = arch.geometry;
  expect([pgd.shift, pud.shift, pmd.shift, pte.shift]).toEqual([37, 28, 21, 12]);
});

describe('hugepd', () => {
  const is = (level: 'pgd' | 'pud', entry: bigint) => arch.rules[level].hugepd?.is({ entry });

  test('present, no pte, and a size in the low six bits', () => {
    expect(is('pud', PRESENT | 0x1_0028n)).toBe(true);
    expect(is('pud', PRESENT | 0x1_0000n)).toBe(false);
    expect(is('pud', PRESENT | PTE | 0x1_0028n)).toBe(false);
    expect(is('pud', 0x1_0028n)).toBe(false);
    expect(arch.rules.pmd.hugepd).toBeUndefined();
  });

  test('sizes by MMU_PAGE_16M and MMU_PAGE_16G', () => {
    expect(arch.rules.pud.hugepd?.shift({ entry: PRESENT | (10n << 2n) })).toBe(24n);
    expect(arch.rules.pgd.hugepd?.shift({ entry: PRESENT | (14n << 2n) })).toBe(34n);
  });

  test('the slot of a huge pte: as many as the directory’s own slot covers', () => {
    const pud = (PRESENT | 0x1_0028n) as Entry<'pud'>;
    expect(hugepteOffset(mm, 'pud', pud, vaddr(0xff_ffffn)).addr).toBe(0x1_0000n);
    expect(hugepteOffset(mm, 'pud', pud, vaddr(0x300_0000n)).addr).toBe(0x1_0018n);
    expect(hugepteOffset(mm, 'pud', pud, vaddr((1n << 28n) + 0x100_0000n)).addr).toBe(0x1_0008n);
  });
});

test('access: read wants READ, and no page that is privileged', () => {
  const page = (bits: bigint) => (PRESENT | PTE | bits) as Entry<'pte'>;
  expect(accessPermitted(mm, 'pte', page(0x4n), false)).toBe(true);
  expect(accessPermitted(mm, 'pte', page(0x4n), true)).toBe(false);
  expect(accessPermitted(mm, 'pte', page(0x6n), true)).toBe(true);
  expect(accessPermitted(mm, 'pte', page(0xen), false)).toBe(false);
  expect(accessPermitted(mm, 'pte', page(0x1n), false)).toBe(false);
});
