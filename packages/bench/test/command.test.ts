/** The command: what it lists, what it refuses, what it writes. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { casesOf, GROUPS, markdown, measureHere, plot, plots, type Report, type Result, sizes } from '../src/index.ts';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const command = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--conditions=@kernel-mm/source', '--import', 'tsx', main, ...args]);

test('every kind of measurement is made by default, and no name is given twice', () => {
  const names = casesOf(true).map(({ group, name }) => `${group}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(casesOf(false).map(({ group }) => group))).toEqual(new Set(GROUPS));
  expect(casesOf(false).length).toBeLessThan(casesOf(true).length);
});

test('--list names what --only chooses from; what is wrong is said, and ends with 2', async () => {
  const { stdout } = await command('--list', '--only', 'pin: x86-64');
  expect(stdout).toContain('pin: x86-64, 64 pages, atomic loads and CAS');
  expect(stdout).not.toContain('s390');
  for (const [args, words] of [
    [['--only', 'nothing has this name'], '--list'],
    [['--rounds=-1'], 'a number above 0'],
    [['--one', 'no such case'], 'the name of a measurement'],
    [['--no-such-option'], 'no-such-option'],
  ] as const) {
    const failure = await command(...args).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 2 });
    expect((failure as { stderr: string }).stderr).toContain(words);
  }
});

test('one measurement in a process of its own is written as JSON, Markdown and plots', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    await command('--only', 'pin: x86-64, 64 pages', '--rounds', '2', '--sample', '0.1', '--out', folder);
    const report = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as Report;
    expect(report.results).toHaveLength(2);
    expect(report.machine.node).toBe(process.version);
    const text = readFileSync(join(folder, 'results.md'), 'utf8');
    expect(text).toContain('x86-64, 64 pages');
    expect(readdirSync(folder)).toContain('growth.svg');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(['forms: s390, 3 levels, 64 pages, compiled', 'sparse: x86-64', 'writer: s390, 3 levels'])(
  '%s: its candidates agree, and are timed',
  async (name) => {
    const [one] = casesOf(false, name);
    const { timings } = await measureHere(
      one!,
      { compiler: 'none', notes: [] },
      { rounds: 2, sampleMs: 0.1, warmMs: 1 },
    );
    expect(timings[0]?.ratio).toBe(1);
    for (const { ns } of timings) expect(ns).toBeGreaterThan(0);
  },
);

const timing = (name: string, ratio: number) => ({
  ...{ name, ns: 2 * ratio, quiet: ratio, ratio, spread: [ratio / 2, 2 * ratio] as const },
});
const pin = (pages: number, ratio: number): Result => ({
  ...{ name: `x86-64, ${pages} pages`, group: 'pin', unit: 'page', pages },
  timings: [timing('native C', 1), timing('wasm', ratio)],
});

test('the report puts the ratio first, and says what was left out', () => {
  const machine = { cpu: 'a CPU', cores: 2, memoryGiB: 1, node: 'v20', v8: '11', compiler: 'none', notes: ['no C'] };
  const text = markdown({ machine, results: [pin(64, 1.25)], together: [], sizes: sizes(1), bundles: [] });
  expect(text).toContain('|  | wasm | x1.25 | 2.50 | 1.25 | 0.63 … 2.50 |');
  expect(text).toContain('Note: no C.');
  expect(text).toMatch(/\| x86-64 \| .* \| \+0 \|/);
});

test('plots have a line for each kind, a point for each length, and every name escaped', () => {
  const { 'growth.svg': growth, 'ratios.svg': ratios } = plots([pin(1, 2), pin(64, 1.1), pin(1024, 1)]);
  expect(growth?.match(/<circle/g)).toHaveLength(3);
  expect(ratios).toContain('1Ki');
  expect(plot('a < b', [{ name: 'x & y', points: [{ x: 1, y: 1 }] }], 'ns')).toContain('x &amp; y');
  expect(plots([])).toEqual({});
});
