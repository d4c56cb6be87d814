/** The process side of dynamic folding: how many levels, up to which address, and one level more. */
import { checkMm, checkOneOf, type Level, limitOf, type Mm, topLevel, type Vaddr } from '@kernel-mm/pgtable-core';

/** How many levels a process has. */
export type Levels = 2 | 3 | 4 | 5;

const TOPS: Readonly<Record<Levels, Level>> = { 2: 'pmd', 3: 'pud', 4: 'p4d', 5: 'pgd' };

/** The level of the top table in a process with `levels` levels: what `createMm` takes as `top`. */
export function topOf(levels: Levels): Level {
  checkOneOf('levels', levels, [2, 3, 4, 5]);
  return TOPS[levels];
}

/** How many levels a process has, by slot 0 of its top table; `undefined` if that lies outside memory. */
export function levelsOf(mm: Mm): Levels | undefined {
  checkMm(mm);
  const top = topLevel(mm);
  return ([2, 3, 4, 5] as const).find((levels) => TOPS[levels] === top);
}

/**
 * mm->context.asce_limit: the first address above what the process can use; for 5 levels TASK_SIZE_MAX.
 * `undefined` if slot 0 of the top table lies outside memory.
 */
export function asceLimit(mm: Mm): Vaddr | undefined {
  checkMm(mm);
  const top = topLevel(mm);
  return top && limitOf(mm, top);
}
