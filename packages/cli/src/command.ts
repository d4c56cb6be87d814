/** What a subcommand is: its words, its help as data, and what it answers. */
import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';

/** What a run of the command leaves. */
export interface Outcome {
  readonly out: string;
  readonly error: string;
  /** 0 done, and as it should be; 1 something is not, or a file cannot be read; 2 the call is off. */
  readonly status: 0 | 1 | 2;
}

/** What is left to do where an answer takes time, because a module is read. */
export type Later = () => Promise<Outcome>;

/** Words behind a command's name, by their names. */
type Positionals = Readonly<Record<string, PositionalOptions>>;
/** A command's options, by their names without dashes. */
type Flags = Readonly<Record<string, Options>>;

/** One subcommand. Help, completion and checks of the words follow from its options. */
export interface Command<P extends Positionals = Positionals, F extends Flags = Flags> {
  /** Its name and its positional words, as yargs has them: `walk <addr..>`. */
  readonly words: string;
  /** What it answers, in a line. */
  readonly says: string;
  readonly positionals: P;
  readonly options: F;
  /** Words behind the command's name, and what they show. All of them run from the repository's root. */
  readonly examples: readonly (readonly [words: string, says: string])[];
  /** What its exit status says, and whatever else its help has to tell. */
  readonly ends: string;
  /**
   * @param coloured whether the output is a terminal
   * @throws UsageError for words that are not understood, FixtureError for a file that cannot be read
   */
  run(asked: InferredOptionTypes<P> & InferredOptionTypes<F>, coloured: boolean): Outcome | Later;
}

/** A subcommand, its options known to its `run` by their types. */
export const command = <const P extends Positionals, const F extends Flags>(of: Command<P, F>): Command =>
  of as unknown as Command;

/** An answer; `isGood` where everything is as it should be. */
export const answered = (out: string, isGood = true): Outcome => ({
  ...{ out: `${out}\n`, error: '' },
  status: isGood ? 0 : 1,
});
