/** Measurements made: here, or each in a process of its own, whose call sites have seen one walker only. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Case, Result } from './case.ts';
import type { Yardsticks } from './native.ts';
import { measureRounds, type RoundOptions } from './rounds.ts';

/** Makes one here. */
export async function measureHere(one: Case, yardsticks: Yardsticks, how: RoundOptions): Promise<Result> {
  const { candidates, end } = await one.prepare(yardsticks);
  try {
    const { name, group, unit, pages } = one;
    return { name, group, unit, ...(pages !== undefined && { pages }), timings: measureRounds(candidates, how) };
  } finally {
    await end?.();
  }
}

/** Makes one in a process of its own: this command again, told to make that one alone. */
export async function measureApart(one: Case, how: RoundOptions): Promise<Result> {
  const script = process.argv[1] ?? '';
  const options = [
    '--one',
    `${one.group}: ${one.name}`,
    '--rounds',
    String(how.rounds),
    '--sample',
    String(how.sampleMs),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script, ...options], {
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout) as Result;
}
