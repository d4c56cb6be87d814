#!/usr/bin/env node
/** The `kernel-mm-prove` command: the laws of definitions, decided for every address and every entry. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '@kernel-mm/pgtable-core';
import { LAWS, type LawName } from './claim.ts';
import { nameOf } from './prove.ts';
import { runClaims } from './run-claims.ts';
import { runMutants } from './run-mutants.ts';
import { z3 } from './solver.ts';
import { projectSubjects, subjectsOf } from './subjects.ts';

const HELP = `kernel-mm-prove [FILE…]: the laws of page-table definitions, decided for every address and every entry

  FILE             a definition as JSON, or a .js, .mjs or .ts module that exports architectures or steppers;
                   without one: the architectures of the project
  --arch TEXT      only architectures with TEXT in their name
  --law NAME       only this law: ${Object.keys(LAWS).join(', ')}
  --table          the tables alone
  --json           for programs: a claim on each line
  --cases DIR      write each walk that breaks a law to DIR, for kernel-mm demo --replay
  --mutants        move each number of a definition by one, and say which of the wrong ones no law notices
  --timeout MS     for each question (default: 10000)
  --help           this text

Exits with 1 where something is neither proved nor refuted. Needs the package z3-solver.`;

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ...{ arch: text, law: text, timeout: text, cases: text },
      ...{ table: flag, json: flag, mutants: flag, help: flag },
    },
  });
  if (values.help) return console.log(HELP);
  const milliseconds = Number(values.timeout ?? 10_000);
  if (!(milliseconds > 0)) throw new UsageError('argument', '--timeout', `milliseconds, not ${values.timeout}`);
  if (values.law !== undefined && !Object.hasOwn(LAWS, values.law))
    throw new UsageError('argument', '--law', Object.keys(LAWS).join(', '));
  const all = positionals.length ? await subjectsOf(...positionals) : projectSubjects();
  const subjects = all.filter((subject) => nameOf(subject).includes(values.arch ?? ''));
  if (!subjects.length) throw new UsageError('argument', '--arch', all.map(nameOf).join(', '));

  const solvers = await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, z3));
  try {
    const options = { solvers, milliseconds, ...values, law: values.law as LawName | undefined };
    const isDone = await (values.mutants ? runMutants : runClaims)(subjects, options);
    if (!isDone) process.exitCode = 1;
  } finally {
    for (const solver of solvers) solver.close();
  }
}

main().catch((error: unknown) => {
  const told = error instanceof Error ? error.message : String(error);
  console.error(`kernel-mm-prove: ${told.replace(/\s*\n\s*/g, ' ')}`);
  process.exitCode = 2;
});
