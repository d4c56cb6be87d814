/** folio_ref_try_add and its way back, on plain counters of frames. A count is an int, and wraps as one. */
import type { PageCounts, Pfn, RangeRule } from '@kernel-mm/pgtable-core';

/** `refs` more references to a frame; or the rule that forbids it, and then nothing is counted. */
export function get({ words, first }: PageCounts, frame: Pfn, refs: number): RangeRule | undefined {
  const count = words[frame - first];
  if (count === undefined) return 'no-page';
  if (count <= 0) return count === 0 ? 'count-zero' : 'count-negative';
  words[frame - first] = count + refs;
  return undefined;
}

/** Gives back what {@link get} took. */
export function put({ words, first }: PageCounts, frame: Pfn, refs: number): void {
  words[frame - first] = (words[frame - first] ?? 0) - refs;
}
