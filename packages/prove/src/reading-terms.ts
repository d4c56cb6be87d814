/** The kernel's reading of an entry as terms: what Linux's helpers answer. */
import type { Arch, Level, Predicate } from '@kernel-mm/pgtable-core';
import { all, any, eq, not, type Term, termOf } from './term.ts';

/** What the helper `pXd_…` answers; one that a definition leaves out answers no. */
export function isTerm(arch: Arch, level: Level, predicate: Predicate, entry: Term): Term {
  const expr = arch.spec.levels[level].is[predicate];
  return expr === undefined ? 0n : not(eq(termOf(expr, { entry }), 0n));
}

/** The same of one value. */
export const says = (arch: Arch, level: Level, predicate: Predicate, entry: bigint): boolean =>
  arch.rules[level].is[predicate]?.({ entry }) ?? false;

/** An entry that a walker goes down by. */
export function isTableTerm(arch: Arch, level: Level, entry: Term): Term {
  const is = (what: Predicate): Term => isTerm(arch, level, what, entry);
  return all(is('present'), not(is('none')), not(is('leaf')), not(is('bad')));
}

/** An entry that Linux does not take for damage: absent, a leaf, or a table. */
export function isSoundTerm(arch: Arch, level: Level, entry: Term): Term {
  const is = (what: Predicate): Term => isTerm(arch, level, what, entry);
  return any(is('none'), not(is('present')), is('leaf'), not(is('bad')));
}
