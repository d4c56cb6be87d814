#!/usr/bin/env node
/** The `kernel-mm-prove` command: the laws of definitions, decided for every address and every entry. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '@kernel-mm/pgtable-core';
import { LAWS } from './claim.ts';
import { nameOf, type Proved, prove } from './prove.ts';
import { lawTable, refutations, walkTable } from './report.ts';
import { z3 } from './solver.ts';
import { projectSubjects, subjectsOf } from './subjects.ts';

const HELP = `kernel-mm-prove [FILE…]: the laws of page-table definitions, decided for every address and every entry

  FILE             a definition as JSON, or a module that exports architectures; those of the project without one
  --arch TEXT      only architectures with TEXT in their id
  --law NAME       only this law: ${Object.keys(LAWS).join(', ')}
  --table          the tables alone
  --json           for programs: a claim on each line
  --timeout MS     for each question (default: 10000)
  --help           this text

Exits with 1 where something is neither proved nor refuted. Needs the package z3-solver.`;

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { arch: text, law: text, timeout: text, table: flag, json: flag, help: flag },
  });
  if (values.help) return console.log(HELP);
  const milliseconds = Number(values.timeout ?? 10_000);
  if (!(milliseconds > 0)) throw new UsageError('argument', '--timeout', `milliseconds, not ${values.timeout}`);
  if (values.law !== undefined && !(values.law in LAWS))
    throw new UsageError('argument', '--law', Object.keys(LAWS).join(', '));
  const all = positionals.length ? (await Promise.all(positionals.map(subjectsOf))).flat() : projectSubjects();
  const subjects = all.filter((subject) => nameOf(subject).includes(values.arch ?? ''));
  if (!subjects.length) throw new UsageError('argument', '--arch', all.map(nameOf).join(', '));

  const solvers = await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, z3));
  const results: Proved[] = [];
  const only = values.law === undefined ? {} : { only: ({ law }: { law: string }) => law === values.law };
  const start = performance.now();
  try {
    for await (const one of prove(subjects, { solvers, milliseconds, ...only })) {
      results.push(one);
      if (values.json)
        console.log(JSON.stringify(one, (_, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value)));
    }
  } finally {
    for (const solver of solvers) solver.close();
  }
  const open = results.filter(({ verdict }) => verdict.kind === 'unknown' || verdict.kind === 'timeout');
  if (open.length) process.exitCode = 1;
  if (values.json) return;
  if (!values.table) console.log(refutations(results));
  console.log(`${lawTable(results)}\n\n${walkTable(results)}`);
  const proved = results.filter(({ verdict }) => verdict.kind === 'proved').length;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  if (!values.table)
    console.log(
      `\n${proved} proved, ${results.length - proved - open.length} refuted, ${open.length} not decided, in ${seconds} s by ${solvers[0]?.name}`,
    );
}

main().catch((error: unknown) => {
  console.error(`kernel-mm-prove: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
});
