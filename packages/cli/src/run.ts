/** The command: words in, text out, an exit status. */
import { ArchError, UsageError } from '@kernel-mm/pgtable-core';
import { FixtureError, type Guest } from '@kernel-mm/pgtable-core/guest';
import { type DemoArguments, HELP, parseDemo } from './arguments.ts';
import { runDemo } from './demo/demo.ts';
import { demoJson } from './demo/json.ts';
import { demoText } from './demo/text.ts';
import { guestFiles, loadGuest } from './load-guest.ts';
import { painter } from './painter.ts';

/** What a run of the command leaves. */
export interface Outcome {
  readonly out: string;
  readonly error: string;
  /** 0 done, 1 the fixture cannot be read, 2 the call is off. */
  readonly status: 0 | 1 | 2;
}

/** Runs `kernel-mm` with these words; `coloured` says whether the output is a terminal. */
export function run(words: readonly string[], coloured: boolean): Outcome {
  try {
    return { out: answer(words, coloured), error: '', status: 0 };
  } catch (error) {
    if (error instanceof FixtureError) return { out: '', error: `kernel-mm: ${error.message}\n`, status: 1 };
    if (error instanceof UsageError || error instanceof ArchError)
      return { out: '', error: `kernel-mm: ${error.message}\n\n${HELP}`, status: 2 };
    throw error;
  }
}

function answer([command, ...words]: readonly string[], coloured: boolean): string {
  if (command === undefined || command === '--help' || command === 'help') return HELP;
  if (command !== 'demo') throw new UsageError('argument', 'command', `demo, not ${command}`);
  const asked = parseDemo(words);
  if (asked.help) return HELP;
  const found = runDemo(guestOf(asked), asked);
  if (found.processes.length === 0) throw new UsageError('argument', '--levels', 'levels that a process here has');
  return `${asked.json ? demoJson(found) : demoText(found, painter(coloured))}\n`;
}

function guestOf({ guest, fixtures, arch }: DemoArguments): Guest {
  const file = guest ?? guestFiles(fixtures, arch)[0];
  if (!file) throw new FixtureError('missing', `${fixtures}/${arch}*.json.gz`, 'a guest; name one with --guest FILE');
  return loadGuest(file);
}
