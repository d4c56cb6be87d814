/** The command: words in, text out, an exit status. yargs reads the words, and writes help and completion from the same data. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArchError, UsageError } from '@kernel-mm/pgtable-core';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import yargs, { type Argv, type Options } from 'yargs';
import type { Command, Later, Outcome } from './command.ts';
import { archCommand } from './commands/arch.ts';
import { conformanceCommand } from './commands/conformance.ts';
import { demoCommand } from './commands/demo.ts';
import { explainCommand } from './commands/explain.ts';
import { gupCommand } from './commands/gup.ts';
import { judgeCommand } from './commands/judge.ts';
import { neutralCommand } from './commands/neutral.ts';
import { rangesCommand } from './commands/ranges.ts';
import { translateCommand } from './commands/translate.ts';
import { walkCommand } from './commands/walk.ts';
import { completed } from './completed.ts';
import { coloured as paint } from './painter.ts';
import { oneLine, visible } from './visible.ts';

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  ...[walkCommand, translateCommand, explainCommand, rangesCommand, gupCommand, archCommand],
  ...[judgeCommand, conformanceCommand, demoCommand, neutralCommand],
];

/**
 * Runs `kernel-mm` with these words; `coloured` says whether the output is a terminal. What reads a module is for
 * {@link runAsync}, and refused here.
 */
export function run(words: readonly string[], coloured: boolean): Outcome {
  const answer = answerTo(words, coloured);
  if (typeof answer !== 'function') return printable(answer);
  return refusal(new UsageError('argument', words[0] ?? '', 'runAsync, since it reads a module'), words[0]);
}

/** Runs `kernel-mm` with any words; see {@link run}. */
export async function runAsync(words: readonly string[], coloured: boolean): Promise<Outcome> {
  const answer = answerTo(words, coloured);
  try {
    return printable(typeof answer === 'function' ? await answer() : answer);
  } catch (error) {
    return refusal(error, words[0]);
  }
}

const printable = ({ out, error, status }: Outcome): Outcome => ({ out: paint(visible(out)), error, status });

function answerTo(words: readonly string[], coloured: boolean): Outcome | Later {
  let outcome: Outcome | Later | undefined;
  let text = '';
  const asked = words.length ? [...words] : ['--help'];
  const files = completed(words);
  if (files) return { out: files.map((one) => `${one}\n`).join(''), error: '', status: 0 };
  try {
    checkForms(words);
    const cli = COMMANDS.reduce(
      (so, one) =>
        withCommand(so, one, (found) => {
          outcome = one.run(found as never, coloured);
        }),
      frame(),
    );
    cli.parse(asked, {}, (_error, _argv, output) => {
      text = output;
    });
    return outcome ?? { out: text && `${text}\n`, error: '', status: 0 };
  } catch (error) {
    return refusal(error, words[0]);
  }
}

const HOME = dirname(fileURLToPath(import.meta.url));

/** What yargs offers and no command means: nested options, camel case, --no-OPTION, groups of short ones, guessed numbers. */
const PARSER = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'camel-case-expansion': false,
  'boolean-negation': false,
  'short-option-groups': false,
} as const;

const frame = (): Argv =>
  // A working directory that was removed has no name; nothing here is looked for in it.
  yargs([], HOME)
    .scriptName('kernel-mm')
    .usage('$0: page tables, walked, translated and explained\n\n$0 <command>')
    .locale('en')
    .wrap(110)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'a command is needed')
    .parserConfiguration(PARSER)
    .version(
      (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version,
    )
    .completion('completion', 'print a script for bash or zsh: kernel-mm completion >> ~/.bashrc')
    .exitProcess(false)
    .fail((said: string, thrown?: Error) => {
      throw thrown ?? new CallError(said);
    });

const withCommand = (cli: Argv, one: Command, run: (asked: unknown) => void): Argv =>
  cli.command(
    one.words,
    one.says,
    (own) => {
      for (const [name, positional] of Object.entries(one.positionals)) own.positional(name, positional);
      for (const [words, says] of one.examples) own.example(`$0 ${words}`, says);
      // Else an option with nothing behind it would be the file of no name.
      const wordy = Object.keys(one.options).filter((name) => one.options[name]?.type === 'string');
      return own.options(one.options).requiresArg(wordy).epilogue(one.ends);
    },
    run,
  );

/** What yargs has against the words. */
class CallError extends Error {}

/**
 * Forms that yargs takes and nobody means: a value for a flag, no value for what wants one, one value given twice.
 * @throws UsageError
 */
function checkForms(words: readonly string[]): void {
  const own = COMMANDS.find((one) => one.words.split(' ')[0] === words[0]);
  const flags: Readonly<Record<string, Options>> = {
    help: { type: 'boolean' },
    version: { type: 'boolean' },
    ...own?.options,
  };
  const seen = new Set<string>();
  for (const [n, one] of words.entries()) {
    const [, name = '', value] = /^--([^=]+)(=[\s\S]*)?$/.exec(one) ?? [];
    const option = Object.hasOwn(flags, name) ? flags[name] : undefined;
    const next = words[n + 1];
    if (option && !option.array && seen.has(name)) throw new UsageError('argument', `--${name}`, 'one value');
    seen.add(name);
    if (option?.type === 'boolean' && (value !== undefined || next === 'true' || next === 'false'))
      throw new UsageError('argument', `--${name}`, 'no value');
    if (option?.type === 'string' && (value === '=' || (value === undefined && (next === undefined || next === ''))))
      throw new UsageError('argument', `--${name}`, FORMS[name] ?? 'a value');
  }
}

const FORMS: Readonly<Record<string, string>> = { state: 'KEY=VALUE', image: 'FILE, or FILE@PHYSICAL' };

/** What was thrown, as an outcome; a bug goes on as it is. */
function refusal(error: unknown, name: string | undefined): Outcome {
  if (!(error instanceof Error)) throw error;
  const told = `kernel-mm: ${oneLine(error.message)}`;
  if (error instanceof FixtureError) return { out: '', error: `${told}\n`, status: 1 };
  const isCall =
    error instanceof UsageError || error instanceof ArchError || error instanceof CallError || error.name === 'YError'; // yargs throws some of its own past fail()
  if (!isCall) throw error;
  const known = COMMANDS.some(({ words }) => words.split(' ')[0] === name);
  return { out: '', error: `${told} (see kernel-mm ${known ? `${name} ` : ''}--help)\n`, status: 2 };
}
