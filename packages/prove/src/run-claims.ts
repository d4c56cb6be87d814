/** `kernel-mm-prove`: every claim of some definitions, printed as tables or as lines for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LawName } from './claim.ts';
import { coverage } from './coverage.ts';
import { type Proved, prove, type Subject } from './prove.ts';
import { lawTable, refutations, walkTable } from './report.ts';
import type { Solver } from './solver.ts';
import { json } from './tell.ts';

/** What the command was asked for. */
export interface RunOptions {
  readonly solvers: readonly Solver[];
  readonly milliseconds: number;
  readonly law?: LawName | undefined;
  readonly table: boolean;
  readonly json: boolean;
  /** A folder for the walks that break a law. */
  readonly cases?: string | undefined;
}

/** Decides and prints; whether everything was decided. */
export async function runClaims(subjects: readonly Subject[], options: RunOptions): Promise<boolean> {
  const { solvers, milliseconds, law } = options;
  const results: Proved[] = [];
  const only = (claim: { law: string }): boolean => law === undefined || claim.law === law;
  const start = performance.now();
  for await (const one of prove(subjects, { solvers, milliseconds, only })) {
    results.push(one);
    if (options.json) console.log(json(one));
    if (options.cases !== undefined) keep(one, options.cases);
  }
  const count = (...kinds: string[]): number => results.filter(({ verdict }) => kinds.includes(verdict.kind)).length;
  const open = count('unknown', 'timeout', 'not-looked-at');
  if (options.json) return open === 0;
  if (!options.table) console.log(refutations(results));
  console.log(`${lawTable(results)}\n\n${walkTable(results)}`);
  // Of one law alone all others would ask nothing.
  if (!options.table && law === undefined) console.log(`\n${coverage(results)}`);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const told = `${count('proved')} proved, ${count('refuted')} refuted, ${open} not decided`;
  if (!options.table) console.log(`\n${told}, in ${seconds} s by ${solvers[0]?.name}`);
  return open === 0;
}

/** Writes the walk of a counterexample, if it has one, to a file of its own. */
function keep({ arch, law, at, verdict }: Proved, folder: string): void {
  const found = verdict.kind === 'refuted' ? verdict.counterexample.case : undefined;
  if (!found) return;
  mkdirSync(folder, { recursive: true });
  const name = `${arch} ${law} ${at}`.replace(/[^\w-]+/g, '-');
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(found, undefined, 2)}\n`);
}
