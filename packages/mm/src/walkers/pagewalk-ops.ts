/** What a page walk calls: the callbacks of `struct mm_walk_ops`, what they are told, and what they may answer. */
import type { Errno } from '@kernel-mm/gup-fast';
import type { Entry, Level, Slot, Vaddr } from '@kernel-mm/pgtable-core';
import type { Losing } from './lost.ts';
import type { MappedRange, Range } from './port.ts';
import type { Outside } from './walk.ts';

/** What a page walk asks of a mapping; `Mapped` is one. */
export interface WalkVma extends MappedRange {
  /** VM_PFNMAP: it is no memory with pages, and passed over unless `testWalk` says otherwise. */
  readonly pfnmap: boolean;
  /** What is mapped; a hugetlb file has leaves of the level `huge` and nothing else. */
  readonly backing: { readonly kind: string } | undefined;
  readonly huge: Level;
}

/** 0 goes on. Anything else ends the walk and is what it returns, positive numbers too. */
export type Verdict = number | Errno;

/** What becomes of a pud or pmd: its table is walked, it is passed over, or read anew. */
export type Action = 'subtree' | 'continue' | 'again';

/** An entry that the walk has come to, and the part [addr, next) of the range that it answers for. */
export interface WalkAt<L extends Level = Level, V extends WalkVma = WalkVma> {
  readonly slot: Slot<L>;
  readonly entry: Entry<L>;
  readonly addr: Vaddr;
  readonly next: Vaddr;
  /** The mapping; none in a gap, and where the walk knows of none. */
  readonly vma: V | undefined;
}

/** Addresses with nothing below. */
export interface Hole<V extends WalkVma = WalkVma> {
  readonly addr: Vaddr;
  readonly next: Vaddr;
  /** The level where it ends: 0 pgd … 3 pmd, less one for each level there with a single entry; -1 for no level. */
  readonly depth: number;
  readonly vma: V | undefined;
}

/** The callbacks. Tables below a level are walked only if there is a callback that they could concern. */
export interface WalkOps<V extends WalkVma = WalkVma> {
  /** Each visit of a pgd slot that is not none. */
  pgdEntry?(at: WalkAt<'pgd', V>): Verdict | undefined;
  /** Each visit of a p4d slot that is not none; on a folded level as well. */
  p4dEntry?(at: WalkAt<'p4d', V>): Verdict | undefined;
  /** Also for huge ones, before they are split. */
  pudEntry?(at: WalkAt<'pud', V>): Verdict | Action | undefined;
  /** Also for huge ones and those that are not present, before they are split. */
  pmdEntry?(at: WalkAt<'pmd', V>): Verdict | Action | undefined;
  /** Also for ptes that are none. A huge page of a mapping is split for it. */
  pteEntry?(at: WalkAt<'pte', V>): Verdict | undefined;
  /** A range without a table or, where there is no table walk below, without an entry. */
  pteHole?(hole: Hole<V>): Verdict | undefined;
  /** The entry of a hugetlb page, whatever it holds, and the part of the range that lies in the page. */
  hugetlbEntry?(at: WalkAt<Level, V>): Verdict | undefined;
  /** Instead of the rule about VM_PFNMAP. Above 0: not to be walked. Below, or an error: the walk ends. */
  testWalk?(vma: V, range: Range): Verdict | undefined;
  /** Before a mapping; where it ends the walk there is no `postVma`. */
  preVma?(vma: V, range: Range): Verdict | undefined;
  /** After a mapping that was walked. */
  postVma?(vma: V): void;
}

/** Why a walk ended by itself. */
export type WalkFailure =
  | Outside
  /** A huge page was to be split, no table had been set aside for it, and there is no memory for one. */
  | { readonly kind: 'no-memory'; readonly slot: Slot }
  /** An entry was to be read anew for ever. */
  | { readonly kind: 'again-limit'; readonly slot: Slot; readonly addr: Vaddr };

/** What a walk returns. */
export interface Walked extends Losing {
  /** 0, -EINVAL, or what a callback answered; with a `failure` EFAULT, ENOMEM or EAGAIN, where a kernel would not have returned. */
  readonly ret: Verdict;
  readonly failure?: WalkFailure;
}

/** Whether a value is below 0 for the kernel. */
export const isError = (value: Verdict): boolean => typeof value === 'string' || value < 0;
