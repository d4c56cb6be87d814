/** What a subcommand is: its help, and what it answers to its words. */

/** What a run of the command leaves. */
export interface Outcome {
  readonly out: string;
  readonly error: string;
  /** 0 done, and as it should be; 1 something is not, or a file cannot be read; 2 the call is off. */
  readonly status: 0 | 1 | 2;
}

/** One subcommand: parses its words, runs, and prints. */
export interface Command {
  readonly help: string;
  /**
   * @param coloured whether the output is a terminal
   * @throws UsageError for words that are not understood, FixtureError for a file that cannot be read
   */
  run(words: readonly string[], coloured: boolean): Outcome;
}
