/** A claim: a law at one place of one architecture, as terms for a solver and as a question to the reference engine. */
import type { RangeCaseJson } from '@kernel-mm/pgtable-core/vectors';
import type { Cube } from './exact.ts';
import type { Term } from './term.ts';

/** The laws that are decided, each in a sentence. */
export const LAWS = {
  address: 'indexes and page offset put together are the address; one that a walk may be asked for is translatable',
  'addr-end': 'addr < next ≤ end, and next is the end or the next border of what the slot covers; nothing wraps',
  'address-correct': 'each entry is read where a walk of that address alone reads it',
  law: 'if the loop goes on, slot + 1 is what pXd_offset of the parent gives for next',
  fields: 'no two fields of a format share a bit, and the bits that must be 0 are 0 in all that is made',
  aligned: 'no entry designates a place inside of a page, or inside of a table',
  codec: 'what is put into an entry comes out of it, and every address that is aligned for it fits',
  empty: 'a slot of a new table is none, and not present',
  kinds: 'what is made is one of none, swap, leaf and table, for every question that Linux asks of it',
  changes: 'pXd_mk… makes of a page what it is named for, and changes neither its frame nor what else is asked of it',
  questions: 'of young, dirty, write and the like no two ask the same: each can be yes where the other is no',
  'leaf-is-bad': 'an entry that maps memory is bad as a table',
  hardware: 'what the MMU accepts, the kernel calls present, and of the same kind',
} as const;

/** The name of a law. */
export type LawName = keyof typeof LAWS;

/** Values of a claim's variables, by name. */
export type Values = Readonly<Record<string, bigint>>;

/** What the reference engine says of some values. */
export interface Replay {
  /** Whether the claim's assumptions hold there, and so does what it claims. */
  readonly keeps: boolean;
  /** What happened, in the project's own terms, a line each. */
  readonly story: readonly string[];
  /** Of a walk: its memory and its range, for `readRangeCase` and for the demo. */
  readonly case?: RangeCaseJson;
}

/** One thing to decide. */
export interface Claim {
  readonly law: LawName;
  /** Level, form, levels of the process: where in the architecture. */
  readonly at: string;
  /** What is taken for granted. */
  readonly given: readonly Term[];
  /** What then holds, for all values. */
  readonly follows: Term;
  /** The claim is that all of it holds for some values. Without this: for all. */
  readonly some?: true;
  /** A stronger claim that takes less for granted and is decided sooner: where it is proved, so is this one. */
  readonly sooner?: { readonly given: readonly Term[]; readonly follows: Term };
  /** What a counterexample should be like as well: each list is kept where it can be had. */
  readonly wishes?: readonly (readonly Term[])[];
  /** What a counterexample makes least, the most important first. */
  readonly least: readonly Term[];
  /** What is told of a counterexample, by name. */
  readonly show: Readonly<Record<string, Term>>;
  /** Bits of `entry`, where all entries that break the claim are worth knowing. */
  readonly exactly?: number;
  /** The same question to the reference engine. */
  replay(values: Values): Replay;
}

/** What became of a claim. Only `proved` is proved. `not-looked-at`: there was nothing that a claim could be made of. */
export type Verdict =
  | { readonly kind: 'proved' }
  | { readonly kind: 'refuted'; readonly counterexample: Counterexample }
  | { readonly kind: 'unknown' | 'timeout' | 'not-looked-at'; readonly why: string };

/** Values that break a claim, and what the reference engine says of them. */
export interface Counterexample {
  readonly values: Values;
  readonly story: readonly string[];
  /** Of a walk: its memory and its range, ready to be run again. */
  readonly case?: RangeCaseJson;
  /** All entries that break it, where that was asked and they are few sets. */
  readonly exactly?: readonly Cube[];
  /** Whether the claim breaks on the reference engine as well. If not, terms and engine disagree: a defect of this package. */
  readonly replays: boolean;
}
