import { linuxMmu } from '@kernel-mm/pgtable-core';
import { archLaws, mmuLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { s390, s390Mmu } from '../src/index.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 120 : 40;

// Linux on s390 has no THP of pud size, no special large pages and no devmap ptes; and before v6.14 it swaps no large page.
const NEVER = [
  ...['pud_bad', 'pud_leaf', 'pud_thp', 'pud_special', 'pmd_special', 'pud_devmap', 'pmd_devmap', 'pte_devmap'],
  ...['pud_swap_exclusive', 'pmd_swap_exclusive'],
];
const SINCE_614 = ['pud_swap', 'pud_swap_soft_dirty', 'pmd_swap', 'pmd_swap_soft_dirty'];

describe.each(['classic', 'present'] as const)('s390, layout %s', (layout) => {
  const arch = s390({ layout });
  const laws = archLaws(arch, { runs });
  for (const law of laws) test.skipIf(!law.applies)(`${law.name}: ${law.says}`, () => law.check());

  test('what of the kernel’s self-test does not apply', () => {
    const skipped = laws.filter(({ applies }) => !applies).map(({ name }) => name);
    expect(new Set(skipped)).toEqual(new Set(layout === 'classic' ? [...NEVER, ...SINCE_614] : NEVER));
    for (const { name, applies, lacks } of laws) if (applies) expect(lacks, name).toEqual([]);
  });

  describe('DAT', () => {
    for (const law of mmuLaws(s390Mmu(arch), {}, { runs })) test(`${law.name}: ${law.says}`, () => law.check());
  });
  describe('as Linux reads its tables', () => {
    for (const law of mmuLaws(linuxMmu(arch), { user: true }, { runs }))
      test(`${law.name}: ${law.says}`, () => law.check());
  });
});
