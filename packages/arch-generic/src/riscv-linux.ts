/** What Linux reads in RISC-V entries and makes of them, by the helpers of each version since v5.9. */
import {
  and,
  bits,
  clear,
  eq,
  has,
  is,
  type LevelSpec,
  lacks,
  not,
  or,
  type SwapFormat,
  set,
} from '@kernel-mm/pgtable-core';
import { since } from './linux.ts';
import { A, D, devmap, protNone, R, type RiscvKernel, RWX, SPECIAL, softDirty, U, V, W, X } from './riscv-entry.ts';

type Reading = LevelSpec['is'];

const none = eq('entry', 0n);

/** What is asked of any leaf. */
const pageReading = (kernel: RiscvKernel): Reading => ({
  none,
  protnone: is(V | protNone(kernel), protNone(kernel)),
  write: has(W),
  young: has(A),
  dirty: has(D),
  softDirty: has(softDirty(kernel)),
  exec: has(X),
  user: has(U),
  special: has(SPECIAL),
  devmap: has(devmap(kernel)),
});

/** The version in which huge pages of a level came: as THP, and as mappings without a struct page (huge pfnmaps). 64-bit only. */
const hasThp = ({ mode, linux }: RiscvKernel, level: 'pud' | 'pmd'): boolean =>
  mode !== 'sv32' && since(linux, level === 'pmd' ? '5.14' : '6.16');
const hasHugeSpecial = ({ mode, linux }: RiscvKernel): boolean => mode !== 'sv32' && since(linux, '6.15');

/** What pmd and pud ask of a leaf: as of a pte, as far as they have such pages. */
const hugeReading = (kernel: RiscvKernel, level: 'pud' | 'pmd'): Reading => ({
  ...pageReading(kernel),
  special: hasHugeSpecial(kernel) ? has(SPECIAL) : 0n,
  devmap: hasThp(kernel, level) ? has(devmap(kernel)) : 0n,
});

/** pgd and p4d, and what pud shares with them: a leaf is not bad there. */
export const upperReading: Reading = { none, present: has(V), bad: lacks(V) };

/** pud. A leaf is bad since there is THP of that size. */
export const pudReading = (kernel: RiscvKernel): Reading => ({
  ...hugeReading(kernel, 'pud'),
  ...upperReading,
  bad: or(lacks(V), has(hasThp(kernel, 'pud') ? RWX : 0n)),
  leaf: and(has(V), has(RWX)),
  swap: and(not(none), lacks(V | protNone(kernel) | RWX)),
});

/** pmd: a leaf is bad. With THP one under split has V clear, and is present by R, W, X. */
export function pmdReading(kernel: RiscvKernel): Reading {
  const present = has(V | protNone(kernel) | (hasThp(kernel, 'pmd') ? RWX : 0n));
  const leaf = and(present, has(RWX));
  const swap = and(not(none), not(present));
  return { ...hugeReading(kernel, 'pmd'), present, bad: or(not(present), has(RWX)), leaf, swap };
}

/** pte. */
export function pteReading(kernel: RiscvKernel): Reading {
  const present = has(V | protNone(kernel));
  return { ...pageReading(kernel), present, swap: and(not(none), not(present)) };
}

/** pXd_mk… of a level that has leaves. The header has those of pmd for every machine since THP came, those of pud with its own. */
export function changes(kernel: RiscvKernel, level: 'pud' | 'pmd' | 'pte'): NonNullable<LevelSpec['mk']> {
  const { linux } = kernel;
  if ((level === 'pud' && !hasThp(kernel, 'pud')) || (level === 'pmd' && !since(linux, '5.14'))) return {};
  const large = level !== 'pte';
  const soft = softDirty(kernel);
  // Since user shadow stacks (v7.0) a page must keep R: W alone is such a stack, and nothing at all would be a pointer.
  const wrprotect = since(linux, '7.0') ? or(clear(W), R) : clear(W);
  return {
    ...{ young: set(A), old: clear(A), dirty: set(D | soft), clean: clear(D), write: set(W), wrprotect },
    ...(soft && { softDirty: set(soft), clearSoftDirty: clear(soft) }),
    ...(devmap(kernel) && { devmap: set(devmap(kernel)) }),
    ...((!large || hasHugeSpecial(kernel)) && { special: set(SPECIAL) }),
    ...(large && hasThp(kernel, level) && { invalid: clear(V | protNone(kernel)) }),
    huge: 'entry',
  };
}

/**
 * Swap entries, the same in a pte and, for migration and hugetlb, above; only a pte is marked exclusive. The bit for
 * soft-dirty is X in a page: of a pmd it would say present, so that it is the pte's alone here.
 */
export function swap({ linux, mode, svrsw60t59b }: RiscvKernel, level: 'pud' | 'pmd' | 'pte'): SwapFormat {
  const marked = since(linux, '6.3');
  const type = marked ? 7 : since(linux, '5.17') ? 6 : 2;
  return {
    ...{ type: bits(type + 4, type), offset: bits(mode === 'sv32' ? 31 : 63, type + 5), base: 0n },
    ...(marked && level === 'pte' && { exclusive: 0x40n }),
    ...(svrsw60t59b && level === 'pte' && { softDirty: X, uffdWp: U }),
  };
}
