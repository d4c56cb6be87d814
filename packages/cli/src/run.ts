/** The command: words in, text out, an exit status. */
import { ArchError, UsageError } from '@kernel-mm/pgtable-core';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import type { Command, Outcome } from './command.ts';
import { conformanceCommand } from './conformance-command.ts';
import { demoCommand } from './demo-command.ts';
import { neutralCommand } from './neutral-command.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  demo: demoCommand,
  conformance: conformanceCommand,
  neutral: neutralCommand,
};

const HELP = Object.values(COMMANDS)
  .map(({ help }) => help)
  .join('\n');

/** Runs `kernel-mm` with these words; `coloured` says whether the output is a terminal. */
export function run([name, ...words]: readonly string[], coloured: boolean): Outcome {
  if (name === undefined || name === '--help' || name === 'help') return { out: HELP, error: '', status: 0 };
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  try {
    if (!command) throw new UsageError('argument', 'command', `${Object.keys(COMMANDS).join(', ')}, not ${name}`);
    return command.run(words, coloured);
  } catch (error) {
    if (error instanceof FixtureError) return { out: '', error: `kernel-mm: ${error.message}\n`, status: 1 };
    if (error instanceof UsageError || error instanceof ArchError)
      return { out: '', error: `kernel-mm: ${error.message}\n\n${command?.help ?? HELP}`, status: 2 };
    throw error;
  }
}
