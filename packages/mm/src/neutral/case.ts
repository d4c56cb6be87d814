/** One walker as the neutrality report runs it: on a small address space around a border of the top table. */
import type { Range, WalkerOf } from '../walkers/port.ts';
import type { WalkerOptions } from '../walkers/walk.ts';

/** What a case is given: an address space with pages, holes, large pages and swap entries in the range. */
export interface NeutralSpace extends WalkerOf {
  readonly range: Range;
  /** To be called between two walks: each has first visits of its own. */
  phase(): void;
  /** Another space, which the walker steps along with this one: what is done to it is counted and compared too. */
  beside(walker: WalkerOf): WalkerOf;
}

/** A walker, and how to run it. `fresh`: it makes tables in an empty range. */
export interface NeutralCase {
  readonly walker: string;
  readonly space: 'mapped' | 'fresh';
  /** Runs it; what it answers is compared between the forms. */
  run(space: NeutralSpace, options: WalkerOptions): unknown;
}
