/** The examples that print: what they print is what the guides show. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

afterEach(() => vi.restoreAllMocks());

const printing = {
  'first-walk': () => import('./first-walk.ts'),
  'two-questions': () => import('./two-questions.ts'),
  'every-variant': () => import('./every-variant.ts'),
  'own-stepper': () => import('./own-stepper.ts'),
  'counting-port': () => import('./counting-port.ts'),
  hardware: () => import('./hardware.ts'),
  image: () => import('./image.ts'),
  'one-call': () => import('./one-call.ts'),
  'address-space': () => import('./address-space.ts'),
  'two-forms': () => import('./two-forms.ts'),
  compiled: () => import('./compiled.ts'),
  alias: () => import('./alias.ts'),
  'prove-s390': () => import('./prove-s390.ts'),
};

test.each(Object.entries(printing))('%s prints what the guides show', async (name, run) => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
  await run();
  expect(`${lines.join('\n')}\n`).toBe(read(`${name}.txt`));
});

test('the first walk takes no more than 12 lines, and is the example of the README', () => {
  const [, ...code] = read('first-walk.ts').trimEnd().split('\n');
  expect(code.filter((line) => line.trim()).length).toBeLessThanOrEqual(12);
  expect(read('../../README.md')).toContain(code.join('\n'));
});

test('the example of pgtable-wasm is the one that runs here', () => {
  const [, code] = /#region compiled\n(.*?)\/\/ #endregion/s.exec(read('compiled.ts')) ?? [];
  expect(read('../../packages/pgtable-wasm/README.md')).toContain(code!.trim());
});

test('the walk that the solver finds on s390 is the one that is kept for the demo', async () => {
  const { cases } = await import('./prove-s390.ts');
  const kept = JSON.parse(read('prove-s390.json'));
  const { entries: _, root: __, ...same } = kept;
  expect(cases).toEqual([expect.objectContaining(same)]);
});
