#!/usr/bin/env node
/** The `kernel-mm-bench` command: every case, every variant, ratios in one run. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '@kernel-mm/pgtable-core';
import { cases } from './cases.ts';
import { measure } from './measure.ts';
import { table } from './report.ts';

const HELP = `kernel-mm-bench: entry reads and time of the six forms of gup_fast

  --pages N,N   pages in a range (default: 4,512)
  --ms N        milliseconds for each form and case (default: 300)
  --json        for programs
  --help        this text`;

function positive(option: string, word: string): number {
  if (/^[1-9][0-9]{0,5}$/.test(word)) return Number(word);
  throw new UsageError('argument', option, `whole numbers from 1 to 999999, not ${word}`);
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { pages: text, ms: text, json: flag, help: flag } });
  if (values.help) return console.log(HELP);
  const all = (values.pages ?? '4,512').split(',').flatMap((word) => cases(positive('--pages', word)));
  const ms = positive('--ms', values.ms ?? '300');
  const say = (line: string): void => (values.json ? undefined : console.log(line));
  const results = [];
  say(`Node ${process.version}, ${cpus()[0]?.model}; ratios are to offsetLockless in the same run.`);
  for (const one of all) {
    const rows = await measure(one, ms);
    results.push({ case: one.name, pages: one.pages, rows });
    say(`\n${table(one, rows)}`);
  }
  if (values.json) console.log(JSON.stringify(results, undefined, 2));
}

main().catch((error: unknown) => {
  console.error(`kernel-mm-bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
});
