/** Mutants: each number of a definition by one, and what notices. What nothing notices is listed, and why. */
import { readFileSync } from 'node:fs';
import type { ArchSpec } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { toy3, toyProcess } from '../../pgtable-core/test/support/toys.ts';
import { fatesOf, mutantsOf, nameOf, projectSubjects, STEPPERS, type Subject } from '../src/index.ts';
import { noticer } from './support/noticed.ts';
import { useSolvers } from './support/solvers.ts';
import { reasonOf } from './support/survivors.ts';

const solvers = useSolvers();
const isFull = process.env.KERNEL_MM_RUNS === 'full';
/** The two forms of which most is proved. */
const steppers = STEPPERS.filter(({ name }) => name === 'entryAware' || name === 'offsetLocklessStrict');
const guide = readFileSync(new URL('../../../docs/guides/mutants.md', import.meta.url), 'utf8');

/** Every number of a definition, by its path. */
const numbersIn = (part: unknown, path: readonly string[] = []): string[] => {
  if (typeof part === 'number' || typeof part === 'bigint') return [path.join('.')];
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, inner]) => numbersIn(inner, [...path, key]));
};
const at = (spec: ArchSpec, path: string): unknown =>
  path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], spec);

test.each([toy3, toyProcess])('each number of $id is mutated, and nothing beside it', ({ spec }) => {
  const mutants = mutantsOf(spec);
  const numbers = numbersIn(spec);
  expect(new Set(mutants.map((one) => one.at))).toEqual(new Set(numbers));
  for (const { at: place, from, to, spec: wrong } of mutants) {
    expect(from).not.toBe(to);
    expect([at(spec, place), at(wrong, place)]).toEqual([from, to]);
    expect(numbersIn(wrong).filter((path) => at(wrong, path) !== at(spec, path))).toEqual([place]);
  }
});

test('what counts bits is one more or one less, and a mask is moved', () => {
  const of = (place: string): unknown[] =>
    mutantsOf(toyProcess.spec).flatMap((one) => (one.at === place ? [one.to] : []));
  expect(of('pageShift')).toEqual([13, 11]);
  expect(of('levels.pgd.covers.2')).toEqual([25n, 23n]);
  expect(of('levels.pte.leaf.base')).toEqual([
    2n * toyProcess.spec.levels.pte.leaf!.base,
    toyProcess.spec.levels.pte.leaf!.base >> 1n,
  ]);
});

/** How many mutants what notices, as a row of the guide; those that survive are explained. */
async function rowOf(subject: Subject, every = 1): Promise<string> {
  const mutants = mutantsOf(subject.arch.spec).filter((_, n) => n % every === 0);
  const notice = noticer(subject, 12);
  const counts = { refused: 0, refuted: 0, tests: 0, survives: 0 };
  for await (const { mutant, fate } of fatesOf({ ...subject, steppers }, { solvers, milliseconds: 60_000 }, mutants)) {
    const survives = fate.kind === 'stands' && notice(fate.arch) === undefined;
    counts[fate.kind === 'stands' ? (survives ? 'survives' : 'tests') : fate.kind]++;
    if (fate.kind === 'stands') expect(fate.open, mutant.at).toBe(0);
    if (survives) expect(reasonOf(subject.arch.spec, mutant), mutant.at).toBeDefined();
  }
  return `| ${[nameOf(subject), mutants.length, ...Object.values(counts)].join(' | ')} |`;
}

test('what notices the mutants of a definition', async () => {
  const row = await rowOf({ arch: toy3, steppers }, isFull ? 1 : 12);
  expect(row).toBe(isFull ? '| toy3 | 252 | 97 | 55 | 8 | 92 |' : '| toy3 | 22 | 10 | 8 | 0 | 4 |');
}, 600_000);

const rows = [...guide.matchAll(/^\| ([^|]+) \|( \d+ \|){5}$/gm)];
test.runIf(process.env.KERNEL_MM_PROVE === 'all').each(rows.map(([row, name]) => [name, row]))(
  'what notices the mutants of %s',
  async (name, row) => {
    const subject = projectSubjects().find((one) => nameOf(one) === name);
    expect(await rowOf(subject!)).toBe(row);
  },
  7_200_000,
);
