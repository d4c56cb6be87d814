/** `kernel-mm judge`: a stepper of one's own, on random spaces of an architecture and on memory that there is. */
import { formatBroken, formatStop, judge } from '@kernel-mm/gup-fast';
import { type Stepper, UsageError, vaddrWrap } from '@kernel-mm/pgtable-core';
import type { LawResult } from '@kernel-mm/pgtable-core/testing';
import { exportsOf, isStepper } from '@kernel-mm/prove/files';
import { answered, type Command, command } from '../command.ts';
import { JSON_FLAG } from '../common.ts';
import { lawOptionsOf, lawTools, RUNS } from '../law-tools.ts';
import { limitsOf } from '../read-file.ts';
import { mmuAsked, SOURCE, type Source, sourceOf } from '../source.ts';
import { untag } from '../untag.ts';
import { hex, json, range } from '../words.ts';

/** The verdict on a stepper. */
export const judgeCommand: Command = command({
  words: 'judge <file> [range]',
  says: 'judge a form of walking of your own, and say where it goes wrong',
  positionals: {
    file: { type: 'string', demandOption: true, describe: 'a .js, .mjs or .ts module that exports a stepper' },
    range: { type: 'string', describe: 'START-END in hex, whole pages, in the memory that is named' },
  },
  options: {
    ...SOURCE,
    name: { type: 'string', default: 'default', describe: 'the export that is the stepper' },
    ...RUNS,
    ...JSON_FLAG,
  },
  examples: [
    ['judge docs/examples/endless.ts --arch s390 --runs 20', 'random spaces of every depth'],
    [
      'judge docs/examples/endless.ts 0x7fffe000-0x80002000 --guest fixtures/guests/s390x-1.json.gz --runs 20',
      'and the memory of a guest',
    ],
  ],
  ends:
    'The laws: each entry is read where a walk of its address alone reads it, none beyond the end; slot + 1 is the slot ' +
    'of the next address. Exit status 0 if the stepper keeps them, 1 if it breaks one. Needs the package fast-check.',
  run(asked) {
    const hasMemory = [asked.guest, asked.image, asked.root, asked.state, asked.range].some((one) => one !== undefined);
    const source = hasMemory ? sourceOf(asked) : undefined;
    const { arch } = source ?? mmuAsked(asked, limitsOf(asked));
    if (source && asked.range === undefined)
      throw new UsageError('argument', 'range', 'START-END in hex, in the memory that is named');
    const options = lawOptionsOf(asked);
    return async () => {
      const stepper = await stepperIn(asked.file, asked.name);
      const { stepperLaws, lawResult, formatReport } = await lawTools();
      // The memory first: its words may be off, and the laws take seconds.
      const walked = source ? [onMemory(source, stepper, asked.range ?? '')] : [];
      const results = [...stepperLaws(stepper, arch, options).map(lawResult), ...walked];
      const report = { arch: `${stepper.name} on ${arch.id}`, results };
      return answered(
        asked.json ? json(report) : formatReport(report),
        results.every(({ kind }) => kind === 'holds'),
      );
    };
  },
});

async function stepperIn(file: string, name: string): Promise<Stepper> {
  const exports = await exportsOf(file);
  const found = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (isStepper(found)) return found;
  const others = Object.keys(exports).filter((one) => isStepper(exports[one]));
  const instead = others.length ? `; those are: ${others.join(', ')}` : '';
  throw new UsageError(
    'argument',
    '--name',
    `an export of ${file} with name, descend and boundary, not ${name}${instead}`,
  );
}

/** The walk of a range of memory, as a law of its own. */
function onMemory(source: Source, stepper: Stepper, text: string): LawResult {
  const [from, to] = range('range', text);
  if (from === to) throw new UsageError('argument', 'range', 'a range that is not empty');
  const { addr: start } = untag(source, from);
  const end = vaddrWrap(start + to - from);
  const at = `${stepper.name}, [${hex(start)}, ${hex(end)})`;
  const says = (how: string): LawResult => ({
    law: 'memory',
    says: `${at} of the memory that is named${how}`,
    kind: 'holds',
    add: [],
  });
  try {
    const { broken, stop } = judge(source.mmOf(start), stepper, start, end);
    if (broken) return { ...says(''), kind: 'broken', why: `memory is broken: ${at}:\n${formatBroken(broken)}` };
    return says(stop ? `, as far as the walk went: ${formatStop(stop)}` : ', to its end');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // The stepper is a user's own.
    return { ...says(''), kind: 'broken', why: `memory is broken: ${at}: the stepper throws ${String(error)}` };
  }
}
