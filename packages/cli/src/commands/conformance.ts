/** `kernel-mm conformance`: vector files and real guests against the definitions and MMUs that there are. */
import { answered, type Command, command } from '../command.ts';
import { checkFile } from '../conformance/check-file.ts';
import { allPassed, conformanceText } from '../conformance/text.ts';
import { painter } from '../painter.ts';
import { LIMITS, limitsOf } from '../read-file.ts';

/** The conformance run. */
export const conformanceCommand: Command = command({
  words: 'conformance <file..>',
  says: 'compare every fact of vector files and real guests',
  positionals: {
    file: {
      ...{ type: 'string', array: true, demandOption: true },
      describe: 'plain or gzip: kernel-mm/walk-vectors@1, kernel-mm/entry-vectors@1, oracle-fixture-1, oracle-dat-1',
    },
  },
  options: LIMITS,
  examples: [['conformance fixtures/vectors/x86-64.json fixtures/guests/s390x-1.json.gz', 'one of each kind']],
  ends:
    'Prints a block for each failure, and ends in "N passed, N failed". Exit status 0 only if something ran and nothing ' +
    'failed; a file that cannot be read, says what its format does not have, or has not one fact, is a failure.',
  run(asked, coloured) {
    const limits = limitsOf(asked);
    const reports = asked.file.map((file) => checkFile(file, limits));
    return answered(conformanceText(reports, painter(coloured)), allPassed(reports));
  },
});
