#!/usr/bin/env node
/** The `kernel-mm-bench` command: compiled and reference engine beside native C, in one run, as ratios. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '@kernel-mm/pgtable-core';
import { bundles } from './bundles.ts';
import { type Result, ROUNDS } from './case.ts';
import { CASES, casesOf } from './cases.ts';
import { machineFacts } from './machine.ts';
import { yardsticks } from './native.ts';
import { plots } from './plot.ts';
import { markdown, type Report } from './report.ts';
import { measureApart, measureHere } from './run.ts';
import { sizes } from './sizes.ts';

const HELP = `kernel-mm-bench: page table walks of the compiled and the reference engine beside native C

  --full          everything: 64 GiB of address space, every length, the reference engine's forms
  --only TEXT     only the measurements with TEXT in their name, for example "pin: x86-64"
  --list          their names
  --together      all in one process, instead of one process each
  --rounds N      rounds of each measurement (default: ${ROUNDS.rounds})
  --sample MS     milliseconds of a sample at least (default: ${ROUNDS.sampleMs})
  --out DIR       writes results.json, results.md and the plots there
  --json          for programs
  --help          this text`;

function number(option: string, word: string | undefined, fallback: number): number {
  if (word === undefined) return fallback;
  const value = Number(word);
  if (value > 0 && value <= 1e6) return value;
  throw new UsageError('argument', option, `a number above 0, not ${word}`);
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      ...{ full: flag, list: flag, together: flag, json: flag, help: flag },
      ...{ only: text, rounds: text, sample: text, out: text, one: text },
    },
  });
  const how = {
    ...ROUNDS,
    rounds: Math.ceil(number('--rounds', values.rounds, ROUNDS.rounds)),
    sampleMs: number('--sample', values.sample, ROUNDS.sampleMs),
  };
  if (values.help) return console.log(HELP);
  const tools = yardsticks();
  if (values.one !== undefined) {
    const one = CASES.find(({ group, name }) => `${group}: ${name}` === values.one);
    if (!one) throw new UsageError('argument', '--one', 'the name of a measurement');
    return console.log(JSON.stringify(await measureHere(one, tools, how)));
  }
  const chosen = casesOf(values.full, values.only);
  if (!chosen.length) throw new UsageError('argument', '--only', 'part of a name that --list shows');
  if (values.list) return console.log(chosen.map(({ group, name }) => `${group}: ${name}`).join('\n'));

  const bar = progress(chosen.length);
  const results: Result[] = [];
  for (const one of chosen) {
    bar(results.length, one.name);
    results.push(values.together ? await measureHere(one, tools, how) : await measureApart(one, how));
  }
  bar(results.length, '');
  // The cheapest of each kind once more, with all that ran before them in the same process.
  const mixed = chosen.filter(({ name, full }) => !full && /16 MiB|, 64 pages/.test(name)).slice(0, 6);
  const together: Result[] = [];
  if (!values.together) for (const one of mixed) together.push(await measureHere(one, tools, how));
  const isWhole = values.only === undefined;
  const report: Report = {
    ...{ machine: machineFacts(tools), results, together },
    sizes: isWhole ? sizes() : [],
    bundles: isWhole
      ? await bundles(process.execArgv.includes('--conditions=@kernel-mm/source') ? ['@kernel-mm/source'] : [])
      : [],
  };
  if (values.out !== undefined) write(values.out, report);
  console.log(values.json ? JSON.stringify(report, undefined, 2) : markdown(report));
}

function write(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  const files = {
    'results.json': `${JSON.stringify(report, undefined, 2)}\n`,
    'results.md': markdown(report),
    ...plots(report.results),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}

/** A line that is written anew, where somebody watches. */
function progress(all: number): (done: number, name: string) => void {
  if (!process.stderr.isTTY) return () => undefined;
  return (done, name) => {
    const width = 24;
    const filled = Math.round((done / all) * width);
    const line = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${all} ${name}`;
    process.stderr.write(`\r\x1b[2K${done === all ? '' : line}`);
  };
}

main().catch((error: unknown) => {
  console.error(`kernel-mm-bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
});
