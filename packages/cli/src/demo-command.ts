/** `kernel-mm demo`: the bug of 2020 on a guest's memory. */
import { UsageError } from '@kernel-mm/pgtable-core';
import { FixtureError, type Guest } from '@kernel-mm/pgtable-core/guest';
import { type DemoArguments, parseDemo } from './arguments.ts';
import type { Command } from './command.ts';
import { runDemo } from './demo/demo.ts';
import { demoJson } from './demo/json.ts';
import { replayCase } from './demo/replay.ts';
import { demoText } from './demo/text.ts';
import { guestFiles, loadGuest, loadJson } from './load-guest.ts';
import { painter } from './painter.ts';

const help = `kernel-mm demo: Linux's 2020 gup_fast bug, on memory of a real guest

  kernel-mm demo [--guest FILE.json.gz | --fixtures DIR [--arch NAME] | --replay FILE] [options]

  --guest FILE        a guest's .json.gz, its .mem.gz beside it
  --fixtures DIR      a folder of guests (default: fixtures/guests)
  --arch NAME         the first guest there whose name begins so (default: s390)
  --replay FILE       a kernel-mm/range-case@1 instead, as kernel-mm-prove --cases writes them
  --levels N,N        only processes with so many levels
  --range START-END   walk this range instead (hex, page aligned; END 0 is 2^64)
  --neighbour KIND    what lies beside the copy on the stack: same, zero, poison, garbage
  --json              the findings for programs
  --help              this text
`;

/** The demo. */
export const demoCommand: Command = {
  help,
  run(words, coloured) {
    const asked = parseDemo(words);
    if (asked.help) return { out: help, error: '', status: 0 };
    const found =
      asked.replay === undefined ? runDemo(guestOf(asked), asked) : replayCase(loadJson(asked.replay), asked);
    if (found.processes.length === 0) throw new UsageError('argument', '--levels', 'levels that a process here has');
    const out = asked.json ? demoJson(found) : demoText(found, painter(coloured));
    return { out: `${out}\n`, error: '', status: 0 };
  },
};

function guestOf({ guest, fixtures, arch }: DemoArguments): Guest {
  const file = guest ?? guestFiles(fixtures, arch)[0];
  if (!file) throw new FixtureError('missing', `${fixtures}/${arch}*.json.gz`, 'a guest; name one with --guest FILE');
  return loadGuest(file);
}
