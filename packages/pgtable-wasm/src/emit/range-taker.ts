/** What a range walk does with what it finds: the seam between the walk and the operations on it. */
import type { Code } from '../wasm/code.ts';
import type { LevelCode } from './level.ts';
import type { StopName } from './stops.ts';
import type { Condition } from './tests.ts';

/** What is done with what the walk finds. All lists fall through where the walk is to go on. */
export interface RangeTaker {
  /** The upper levels at which "absent" is pXd_none. */
  readonly byNone: readonly string[];
  /** Before anything else. */
  readonly prologue: readonly Code[];
  /** A leaf above pte, with `$addr` and the end of its part; falls through when it is taken. */
  leaf(level: LevelCode): Code[];
  /** What an entry of pmd must be, beside present and no leaf; and the stop where it is not. */
  readonly table?: {
    readonly conditions: readonly Condition[];
    readonly stop: StopName;
    readonly down: readonly Code[];
  };
  /** One pte at pointer `$q4`, whose address is `$addr`; falls through when it is taken. */
  pte(level: LevelCode): Code[];
  /** How many pages were taken, an i32. */
  readonly pages: Code;
}
