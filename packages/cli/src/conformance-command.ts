/** `kernel-mm conformance`: vector files and real guests against the definitions and MMUs that there are. */
import { parseConformance } from './arguments.ts';
import type { Command } from './command.ts';
import { checkFile } from './conformance/check-file.ts';
import { allPassed, conformanceText } from './conformance/text.ts';
import { painter } from './painter.ts';

const help = `kernel-mm conformance: vectors and real guests, every fact compared

  kernel-mm conformance FILE...

  FILE      plain or gzip, by its "format": kernel-mm/walk-vectors@1, kernel-mm/entry-vectors@1,
            oracle-fixture-1 or oracle-dat-1 (their memory is found beside them)
  --help    this text

  Prints a block for each failure, and ends in "N passed, N failed". Exit status 0 only if something ran and nothing
  failed; a file that cannot be read, says what its format does not have, or has not one fact, is a failure.
`;

/** The conformance run. */
export const conformanceCommand: Command = {
  help,
  run(words, coloured) {
    const asked = parseConformance(words);
    if (asked.help) return { out: help, error: '', status: 0 };
    const reports = asked.files.map(checkFile);
    const out = `${conformanceText(reports, painter(coloured))}\n`;
    return { out, error: '', status: allPassed(reports) ? 0 : 1 };
  },
};
