/** A form of walking as data: what an engine that cannot call a stepper is told of it, and a solver. */
import type { FoldSpec } from './arch.ts';
import type { Arch } from './geometry.ts';
import { below, isUpper, type Level } from './level.ts';

/** What a walker does at each level, as four choices. The first two answer the two questions of a walk. */
export interface Form {
  /** A slot ends where one of its `level` does, or where this very `entry` does. */
  readonly boundary: 'level' | 'entry';
  /**
   * What a folded level is handed: the address of the walker's local `copy`; the pointer that was read, the `slot`; or
   * `lockless`, as pXd_offset_lockless does it: the slot where the fold has a form of its own, else the copy.
   */
  readonly descent: 'copy' | 'lockless' | 'slot';
  /**
   * What a read of an entry answers whose level below is folded at build time: what is in `memory`, or a `dummy`, 0,
   * for which memory is not touched (RFC of July 2026, 20260713135614.1618183-1). Default: `memory`.
   */
  readonly read?: 'memory' | 'dummy';
  /**
   * How often a slot is read before the walk goes down by its value: `once`, or `again` after the value was tested
   * (CVE-2026-72291). A level that is folded for every entry takes no second read. Default: `once`.
   */
  readonly reads?: 'once' | 'again';
}

/** The form with every choice said. */
export const fullForm = ({ boundary, descent, read = 'memory', reads = 'once' }: Form): Required<Form> => ({
  boundary,
  descent,
  read,
  reads,
});

/** Whether two forms make the same choices. */
export const sameForm = (a: Form, b: Form): boolean => formText(a) === formText(b);

/** The choices in words, for messages: `level, lockless`, and what is not the default. */
export function formText(form: Form): string {
  const { boundary, descent, read, reads } = fullForm(form);
  return [boundary, descent, ...(read === 'dummy' ? ['dummy'] : []), ...(reads === 'again' ? ['again'] : [])].join(
    ', ',
  );
}

/** Whether pXd_offset_lockless of a folded level hands on the pointer: a form of its own, which is not the generic one. */
export const hasOwnLockless = (fold: FoldSpec | undefined): boolean =>
  (fold?.lockless ?? (fold?.style === 'middle' ? 'slot' : 'copy')) === 'slot';

/** Whether a level with this fold is handed the pointer that was read. If not, it is handed the address of the copy. */
export const handsSlot = ({ descent }: Form, fold: FoldSpec | undefined): boolean =>
  descent === 'slot' || (descent === 'lockless' && hasOwnLockless(fold));

/** Whether a read of an entry of `level` is a dummy: it answers 0, whatever memory holds. */
export const isDummyRead = ({ spec }: Arch, form: Form | undefined, level: Level): boolean =>
  form?.read === 'dummy' && isUpper(level) && spec.levels[below(level)].fold?.when === 'build';

/**
 * Every form that functions can show. What a read answers they cannot: that is the form's own word. Where several answer
 * alike, the plainest comes first.
 */
export const FORMS: readonly Form[] = ([{}, { reads: 'again' }] as const).flatMap((reads) =>
  (['copy', 'slot', 'lockless'] as const).flatMap((descent) =>
    (['level', 'entry'] as const).map((boundary): Form => ({ boundary, descent, ...reads })),
  ),
);
