/** Which of the kernel's own tests (mm/debug_vm_pgtable.c) each architecture can be put to: what a definition leaves out is never passed. */
import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { expect, test } from 'vitest';
import { ARCHITECTURES } from '../src/index.ts';

/** What a kernel of v6.12 has, by the levels that have it. */
interface Helpers {
  /** Levels that are read as their own and hold tables. */
  readonly tables: string;
  /** Levels of large leaves. */
  readonly large: string;
  /** pXd_mkyoung, mkdirty, mkwrite and their opposites. */
  readonly changes: string;
  /** pXd_mkhuge. */
  readonly huge: string;
  readonly protnone: string;
  readonly special: string;
  readonly devmap: string;
  readonly softDirty: string;
  readonly swap: string;
  readonly exclusive: string;
  readonly swapSoftDirty: string;
}

const NONE: Helpers = {
  ...{ tables: '', large: '', changes: '', huge: '', protnone: '', special: '', devmap: '', softDirty: '' },
  ...{ swap: '', exclusive: '', swapSoftDirty: '' },
};
const PTE: Helpers = { ...NONE, changes: 'pte', swap: 'pte', exclusive: 'pte' };
const X86: Helpers = {
  ...{ large: 'pmd', changes: 'pmd pte', huge: 'pmd', protnone: 'pmd pte', special: 'pte', devmap: '', softDirty: '' },
  ...{ tables: 'pmd', swap: 'pte', exclusive: 'pte', swapSoftDirty: '' },
};
const X86_64: Helpers = {
  ...{ tables: 'p4d pud pmd', large: 'pud pmd', changes: 'pud pmd pte', huge: 'pud pmd', protnone: 'pmd pte' },
  ...{ special: 'pud pmd pte', devmap: 'pud pmd pte', softDirty: 'pud pmd pte' },
  ...{ swap: 'pud pmd pte', exclusive: 'pte', swapSoftDirty: 'pmd pte' },
};
// Huge pages of a pud come with v6.16.
const RISCV: Helpers = {
  ...{ tables: 'pud pmd', large: 'pud pmd', changes: 'pmd pte', huge: 'pmd', protnone: 'pmd pte', special: 'pte' },
  ...{ devmap: 'pmd pte', softDirty: '', swap: 'pud pmd pte', exclusive: 'pte', swapSoftDirty: '' },
};
const ARM64: Helpers = {
  ...{ tables: 'pmd', large: 'pmd', changes: 'pmd pte', huge: 'pmd', protnone: 'pmd pte', special: 'pmd pte' },
  ...{ devmap: 'pmd pte', softDirty: '', swap: 'pmd pte', exclusive: 'pmd pte', swapSoftDirty: '' },
};
// Only 4 KiB pages have leaves of a pud, and those are hugetlb's.
const ARM64_4K: Helpers = {
  ...{ ...ARM64, tables: 'p4d pud pmd', large: 'pud pmd', changes: 'pud pmd pte', huge: 'pud pmd' },
  ...{ special: 'pud pmd pte', swap: 'pud pmd pte', exclusive: 'pud pmd pte' },
};
const POWERPC: Helpers = {
  ...{ tables: 'p4d pud pmd', large: 'pud pmd', changes: 'pud pmd pte', huge: 'pud pmd', protnone: 'pmd pte' },
  ...{
    special: 'pte',
    devmap: 'pud pmd pte',
    softDirty: 'pud pmd pte',
    swap: 'pmd pte',
    exclusive: 'pmd pte',
    swapSoftDirty: 'pmd pte',
  },
};

const EXPECTED: Readonly<Record<string, Helpers>> = {
  'x86-32': X86,
  'x86-pae': { ...X86, tables: 'pud pmd' },
  'x86-64': X86_64,
  'x86-64-la57': { ...X86_64, tables: 'pgd p4d pud pmd' },
  'riscv-sv32': { ...RISCV, tables: 'pmd', large: 'pmd', devmap: '', swap: 'pte' },
  'riscv-sv39': RISCV,
  'riscv-sv48': { ...RISCV, tables: 'p4d pud pmd' },
  'riscv-sv57': { ...RISCV, tables: 'pgd p4d pud pmd' },
  'arm64-4k-va39': { ...ARM64_4K, tables: 'pud pmd' },
  'arm64-4k-va48': ARM64_4K,
  'arm64-4k-va52-lpa2': { ...ARM64_4K, tables: 'pgd p4d pud pmd' },
  'arm64-16k-va36': ARM64,
  'arm64-16k-va47': { ...ARM64, tables: 'pud pmd' },
  'arm64-16k-va52-lpa2': { ...ARM64, tables: 'p4d pud pmd' },
  'arm64-64k-va42': ARM64,
  'arm64-64k-va48': { ...ARM64, tables: 'pud pmd' },
  'arm-short': { ...PTE, tables: 'pmd', large: 'pmd' },
  'arm-lpae': { ...PTE, tables: 'pud pmd', large: 'pmd', changes: 'pmd pte', huge: 'pmd', special: 'pte' },
  'powerpc-radix-4k': POWERPC,
  'powerpc-radix-64k': POWERPC,
  sparc64: { ...PTE, tables: 'p4d pud pmd', large: 'pud pmd', changes: 'pmd pte', huge: 'pmd', special: 'pte' },
  'um-2level': { ...PTE, tables: 'pmd' },
  'um-3level-64': { ...PTE, tables: 'pud pmd' },
  'um-4level-64': { ...PTE, tables: 'p4d pud pmd' },
};

/** The tests that apply where a kernel has these helpers. */
function testsOf(has: Helpers): string[] {
  const at = (levels: string, ...tests: string[]): string[] =>
    levels.split(' ').flatMap((level) => (level ? tests.map((name) => `${level}_${name}`) : []));
  const large = (levels: string): string => levels.replace(/ ?pte$/, '');
  return [
    ...at(`${has.tables} pte`, 'clear'),
    ...at(has.tables, 'populate'),
    ...at(has.large, 'huge'),
    ...at(has.changes, 'basic', 'advanced'),
    ...at(large(has.changes), 'hugetlb_basic'),
    ...at(has.huge, 'bad', 'leaf', 'thp'),
    ...at(has.protnone, 'protnone'),
    ...at(has.special, 'special'),
    ...at(has.devmap, 'devmap'),
    ...at(has.softDirty, 'soft_dirty'),
    ...at(has.swap, 'swap'),
    ...at(has.exclusive, 'swap_exclusive'),
    ...at(has.swapSoftDirty, 'swap_soft_dirty'),
  ].sort();
}

test.each(Object.entries(EXPECTED))('%s', (id, has) => {
  const applied = archLaws(ARCHITECTURES[id]!().arch).filter(({ name, applies }) => name.includes('_') && applies);
  expect(applied.map(({ name }) => name).sort()).toEqual(testsOf(has));
});

test('nothing is left out of a test that applies, but the page under split where the kernel overrides pmdp_invalidate', () => {
  const partly = Object.entries(ARCHITECTURES).flatMap(([id, make]) =>
    archLaws(make().arch).flatMap(({ name, applies, lacks }) =>
      applies && lacks.length ? [`${id} ${name}: ${lacks}`] : [],
    ),
  );
  // sv32 has no huge pages in user space; powerpc and sparc64 write pmdp_invalidate themselves.
  expect(partly).toEqual(
    ['riscv-sv32', 'powerpc-radix-4k', 'powerpc-radix-64k', 'sparc64'].map((id) => `${id} pmd_thp: mk.invalid`),
  );
});
