/** The guide's table is what the command prints, and the command says that all are neutral. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run } from '../src/run.ts';

const guide = readFileSync(new URL('../../../docs/guides/neutral.md', import.meta.url), 'utf8');

test('the table of the guide is generated', () => {
  const { out, error, status } = run(['neutral', '--table'], false);
  expect([error, status]).toEqual(['', 0]);
  expect(guide).toContain(`\n${out}`);
  expect(out).not.toContain('NOT');
});

test.runIf(process.env.KERNEL_MM_RUNS === 'full')('a line for each walker and architecture, and the sum', () => {
  const lines = run(['neutral'], false).out.trimEnd().split('\n');
  expect(lines.slice(0, -1).every((line) => / on .*: same, \d+( -> \d+)? reads; static: correct, /.test(line))).toBe(
    true,
  );
  expect(lines.at(-1)).toBe(`${lines.length - 1} of ${lines.length - 1} are neutral`);
});

test('what it cannot read, it says', () => {
  expect(run(['neutral', '--tables'], false)).toMatchObject({ out: '', status: 2 });
  expect(run(['neutral', '--help'], false).out).toContain('--table');
});
