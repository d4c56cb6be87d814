/** Five names in one order. An architecture with fewer levels folds some; the names stay. */

/** The levels from the top down, as Linux names them. */
export const LEVELS = ['pgd', 'p4d', 'pud', 'pmd', 'pte'] as const;

/** One of the five levels. */
export type Level = (typeof LEVELS)[number];
/** The levels whose entries can designate a table. */
export type UpperLevel = Exclude<Level, 'pte'>;
/** The levels that have one above them, and so could be folded into it. */
export type LowerLevel = Exclude<Level, 'pgd'>;

/** The level below. */
export interface BelowOf {
  readonly pgd: 'p4d';
  readonly p4d: 'pud';
  readonly pud: 'pmd';
  readonly pmd: 'pte';
}
/** The level below `L`, in the type. */
export type Below<L extends UpperLevel> = BelowOf[L];

const BELOW: BelowOf = { pgd: 'p4d', p4d: 'pud', pud: 'pmd', pmd: 'pte' };

/** The level below `level`. */
export const below = <L extends UpperLevel>(level: L): Below<L> => BELOW[level];
/** The level above `level`. */
export const above = (level: LowerLevel): UpperLevel => LEVELS[LEVELS.indexOf(level) - 1] as UpperLevel;
/** Whether entries of `level` can designate a table. */
export const isUpper = (level: Level): level is UpperLevel => level !== 'pte';
