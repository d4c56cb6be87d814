/** Folding as functions on a definition's levels: nop4d, nopud, nopmd of asm-generic, and the same decided at boot. */
import type { ArchSpec, FoldSpec, LevelSpec } from '@kernel-mm/pgtable-core';

/** What a definition says of its levels. */
export type Levels = ArchSpec['levels'];

/**
 * A level with no table of its own: it reads the entries of the one above (which it wraps, as p4d_t wraps pgd_t), so
 * it takes over all that was said of them.
 */
export const foldedInto = (parent: LevelSpec, fold: FoldSpec): LevelSpec => {
  const { covers: _, ...formats } = parent;
  return { ...formats, bits: 0, fold };
};

const BUILD: FoldSpec = { when: 'build', style: 'top' };

/** Four levels: p4d is folded into pgd when the kernel is built. */
export const nop4d = (levels: Omit<Levels, 'p4d'>): Levels => ({ ...levels, p4d: foldedInto(levels.pgd, BUILD) });

/** Three levels: p4d and pud are folded into pgd when the kernel is built. */
export const nopud = (levels: Omit<Levels, 'p4d' | 'pud'>): Levels =>
  nop4d({ ...levels, pud: foldedInto(levels.pgd, BUILD) });

/** Two levels: p4d, pud and pmd are folded into pgd when the kernel is built. */
export const nopmd = (levels: Omit<Levels, 'p4d' | 'pud' | 'pmd'>): Levels =>
  nopud({ ...levels, pmd: foldedInto(levels.pgd, BUILD) });
