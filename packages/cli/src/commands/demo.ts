/** `kernel-mm demo`: the bug of 2020 on a guest's memory. */
import { UsageError } from '@kernel-mm/pgtable-core';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import { answered, type Command, command } from '../command.ts';
import { JSON_FLAG, NEIGHBOUR } from '../common.ts';
import { runDemo } from '../demo/demo.ts';
import { demoJson } from '../demo/json.ts';
import { replayCase } from '../demo/replay.ts';
import { demoText } from '../demo/text.ts';
import { guestFiles, loadGuest, loadJson } from '../load-guest.ts';
import { painter } from '../painter.ts';
import { LIMITS, limitsOf } from '../read-file.ts';
import { range } from '../words.ts';

/** The demo. */
export const demoCommand: Command = command({
  words: 'demo',
  says: 'Linux’s 2020 gup_fast bug, on memory of a real guest',
  positionals: {},
  options: {
    guest: { type: 'string', describe: 'a guest’s .json.gz, its .mem.gz beside it' },
    fixtures: { type: 'string', default: 'fixtures/guests', describe: 'a folder of guests' },
    arch: { type: 'string', default: 's390', describe: 'the first guest there whose name begins so' },
    replay: { type: 'string', describe: 'a kernel-mm/range-case@1 instead, as kernel-mm-prove --cases writes them' },
    levels: { type: 'string', describe: 'only processes with so many levels, for example 2,3' },
    range: { type: 'string', describe: 'walk START-END instead (hex, page aligned; END 0 is 2^64)' },
    ...NEIGHBOUR,
    ...LIMITS,
    ...JSON_FLAG,
  },
  examples: [
    ['demo', 'the first s390 guest'],
    ['demo --levels 3 --range 0x7fffe000-0x80002000', 'four pages across 2 GiB'],
    ['demo --replay docs/examples/prove-s390.json', 'the counterexample of a solver'],
  ],
  ends: 'Exit status 0 if there was something to show.',
  run(asked, coloured) {
    const { guest, fixtures, arch, replay, levels, range: between, neighbour, json } = asked;
    const limits = limitsOf(asked);
    const options = {
      neighbour,
      ...(levels !== undefined && { levels: levels.split(',').map(levelCount) }),
      ...(between !== undefined && { range: range('--range', between) }),
    };
    const found =
      replay === undefined
        ? runDemo(loadGuest(guest ?? firstOf(fixtures, arch), limits), options)
        : replayCase(loadJson(replay, limits), options);
    if (found.processes.length === 0) throw new UsageError('argument', '--levels', 'levels that a process here has');
    return answered(json ? demoJson(found) : demoText(found, painter(coloured)));
  },
});

function firstOf(fixtures: string, arch: string): string {
  const [file] = guestFiles(fixtures, arch);
  if (!file) throw new FixtureError('missing', `${fixtures}/${arch}*.json.gz`, 'a guest; name one with --guest FILE');
  return file;
}

function levelCount(text: string): number {
  if (!/^[2-5]$/.test(text)) throw new UsageError('argument', '--levels', 'numbers from 2 to 5, with commas');
  return Number(text);
}
