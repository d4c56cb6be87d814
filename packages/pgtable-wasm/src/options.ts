/** What can be chosen of a compiled walker. */
import type { Form, Level, Neighbour } from '@kernel-mm/pgtable-core';

/** How an architecture is compiled. */
export interface CompileOptions {
  /**
   * How entries are loaded: `plain`, or `atomic` where another thread writes them; an atomic load never tears. Plain
   * unless said otherwise. Linux's READ_ONCE is the atomic one.
   */
  readonly loads?: 'plain' | 'atomic';
  /** How references are counted: `plain`, or `cas` where other threads count too. Plain unless said otherwise. */
  readonly counts?: 'plain' | 'cas';
  /** How ranges are walked. Default: as `offsetLockless`, which every kernel since v5.9 has. */
  readonly form?: Form;
  /**
   * The level of the top table, where the root register fixes it for good (s390: the ASCE's designation type). Then slot
   * 0 of the top table is not asked, which is what the hardware does too.
   */
  readonly top?: Level;
  /** What lies on the walker's stack beside its copies, for the forms that may read it; `same` unless said otherwise. */
  readonly neighbour?: Neighbour;
  /** Called with the physical address of every entry before it is read: for tests and for the curious, not for speed. */
  readonly onRead?: (at: bigint) => void;
}

/** Where physical memory lies in the WebAssembly memory. */
export type Layout =
  | { readonly kind: 'flat'; readonly base: bigint; readonly offset: number }
  | { readonly kind: 'sparse' };

/** All choices made. */
export interface Choice extends Required<Omit<CompileOptions, 'top' | 'onRead'>> {
  readonly top: Level | undefined;
  readonly traced: boolean;
  readonly layout: Layout;
  readonly shared: boolean;
}
