/** What a drawing of a walk shows, by either reading: the split address, the tables that were used, and where it ended. */
import type { Explanation } from './explain.ts';
import type { Level } from './level.ts';
import type { Mm } from './mm.ts';
import { pictureOf, pictureOfExplained } from './picture.ts';
import { type AddressPiece, splitByGeometry, splitByWalk } from './split.ts';
import { explainResult, explainTranslation, hex } from './tell.ts';
import type { Trace } from './walk.ts';

/** A table, and the slot of it that was used. */
export interface FigureTable {
  /** Its level, by Linux’s name. */
  readonly level: Level;
  /** It has no table here: it read what the level above had read. */
  readonly folded: boolean;
  /** How many entries it has. */
  readonly slots: number;
  /** The slot that was read. */
  readonly index: number;
  /** What stands there. */
  readonly entry: bigint;
  /** Which of the pieces indexes it; -1 or missing where none does. */
  readonly piece?: number;
}

/** A walk, ready to be drawn. */
export interface Figure {
  /** The walk in a line. */
  readonly title: string;
  /** The address, split: which bits index which table. */
  readonly pieces: readonly AddressPiece[];
  /** What was read, from the top down. */
  readonly tables: readonly FigureTable[];
  /** Where it ended, in words. */
  readonly end: { readonly kind: 'memory' | 'fault'; readonly words: string };
  /** The same as text. */
  readonly text: string;
}

/** A walk by the kernel's reading. */
export function figureOf(mm: Mm, trace: Trace): Figure {
  const { addr, steps, result } = trace;
  const { id, geometry } = mm.arch;
  const pieces = splitByGeometry(mm, addr, result.kind === 'leaf' ? result.level : 'pte');
  const tables = steps.map(({ level, index, entry }, n): FigureTable => {
    const drawn = { level, index, entry, slots: geometry[level].entries };
    if (steps[n - 1]?.role === 'folded') return { ...drawn, folded: true };
    // A table into which levels are folded may be indexed as one of them: by pud, in a process of s390 with three levels.
    const last = steps.findIndex(({ role }, m) => m >= n && role !== 'folded');
    const levels = steps.slice(n, last < 0 ? undefined : last + 1).map((step) => step.level);
    return { ...drawn, folded: false, piece: pieces.findIndex(({ name }) => levels.some((one) => one === name)) };
  });
  return {
    title: `walk of ${hex(addr)} by Linux on ${id}`,
    ...{ pieces, tables },
    end: { kind: result.kind === 'leaf' ? 'memory' : 'fault', words: explainResult(result) },
    text: pictureOf(mm, trace),
  };
}

/** A translation by the MMU's reading. */
export function figureOfExplained(explained: Explanation): Figure {
  const { arch, query, steps, result } = explained;
  const pieces = splitByWalk(explained);
  const tables = steps.map(
    ({ level, index, entry, bits }): FigureTable => ({
      ...{ level, index, entry, slots: 2 ** bits, folded: false },
      piece: pieces.findIndex(({ name }) => name === level),
    }),
  );
  return {
    title: `${query.access} at ${hex(query.addr)} by the MMU of ${arch}`,
    ...{ pieces, tables },
    end: { kind: result.kind === 'address' ? 'memory' : 'fault', words: explainTranslation(query.access, result) },
    text: pictureOfExplained(explained),
  };
}
