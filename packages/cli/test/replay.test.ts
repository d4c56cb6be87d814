/** Range cases on the demo: the walk that a solver found strays where it said, and a file that is none is refused. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../src/index.ts';

const file = join(import.meta.dirname, '../../../docs/examples/prove-s390.json');
const good = JSON.parse(readFileSync(file, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const demo = (json: object, ...words: string[]) => {
  const path = join(folder, 'case.json');
  writeFileSync(path, JSON.stringify(json));
  return run(['demo', '--replay', path, ...words], false);
};

test('the least counterexample of 3 levels crosses 2 GiB, and only stackCopy strays', () => {
  const { out, status } = run(['demo', '--replay', file, '--json'], false);
  expect(status).toBe(0);
  const [{ levels, topSize, ranges }] = JSON.parse(out).processes;
  expect([levels, topSize]).toEqual([3, '0x80000000']);
  expect(ranges).toHaveLength(1);
  expect([ranges[0].start, ranges[0].end]).toEqual(['0x7ffff000', '0x80001000']);
  for (const [variant, pages] of Object.entries<{ status: string }[]>(ranges[0].variants)) {
    const [first, second] = pages.map(({ status }) => status);
    expect([variant, first]).toEqual([variant, 'right']);
    expect([variant, second]).toEqual([
      variant,
      variant === 'stackCopy' ? expect.stringMatching(/^(lucky|wrong|stack-read)$/) : 'right',
    ]);
  }
});

test('it says whose memory it is, and who knows the frames', () => {
  const { out } = demo(good);
  expect(out).toMatch(/^A range case of s390 \(address-correct, stackCopy, pud on top/);
  expect(out).toContain('the frame that a walk of each address alone names');
});

test('pages that are not there are not told as reached', () => {
  const { out } = demo({ ...good, start: '0x1000', end: '0x2000' });
  expect(out.trimEnd().split('\n').at(-1)).toMatch(/^You saw no form step off a copy/);
});

test.each([
  ['a guest', { format: 'oracle-fixture-1' }, /format/],
  ['an architecture that is not known', { ...good, arch: 'vax' }, /arch/],
  ['a range that ends before it begins', { ...good, end: '0x1000' }, /end/],
])('%s is refused', (_what, json, said) => {
  const { out, error, status } = demo(json);
  expect([out, status]).toEqual(['', 1]);
  expect(error).toMatch(said);
});
