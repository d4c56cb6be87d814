/** What files of one's own hold, and how much of a definition is asked. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archToJson, linuxMmu } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { toyLinux } from '../../pgtable-core/test/support/toy-linux.ts';
import { toy3 } from '../../pgtable-core/test/support/toys.ts';
import {
  coverage,
  nameOf,
  type Proved,
  projectSubjects,
  prove,
  STEPPERS,
  type Subject,
  subjectsOf,
  unclaimed,
} from '../src/index.ts';
import { ownArch } from '../src/own.ts';
import { useSolvers } from './support/solvers.ts';

const solvers = useSolvers();
const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const json = write('toy.json', archToJson(toy3.spec));
const mine = write(
  'mine.mjs',
  'export const mine = { name: "mine", descend() {}, boundary() {} }; export { mine as default };',
);

test('a definition as JSON is proved with the forms of gup_fast', async () => {
  const [subject, ...more] = await subjectsOf(json);
  expect(more).toEqual([]);
  expect([subject!.arch.spec, subject!.steppers]).toEqual([toy3.spec, STEPPERS]);
});

test('a stepper is judged instead of them, beside a definition or on the whole project', async () => {
  const names = (of: readonly Subject[]): string[][] => of.map(({ steppers }) => steppers.map(({ name }) => name));
  expect(names(await subjectsOf(json, mine))).toEqual([['mine']]);
  const all = await subjectsOf(mine);
  expect(all.map(nameOf)).toEqual(projectSubjects().map(nameOf));
  expect(new Set(names(all).flat())).toEqual(new Set(['mine']));
});

test('what an export can be: an architecture, a definition, an MMU', () => {
  expect(ownArch(toy3)).toEqual({ arch: expect.objectContaining({ id: toy3.id }) });
  expect(ownArch(toy3.spec)?.arch.spec).toEqual(toy3.spec);
  const mmu = linuxMmu(toy3);
  expect(ownArch(mmu)).toEqual({ arch: toy3, mmu });
  for (const other of [undefined, null, 1, 'x', {}, [], () => 1]) expect(ownArch(other)).toBeUndefined();
});

test.each([
  [write('none.json', '{'), /none\.json: expected JSON that can be read: .*is no JSON/],
  [folder, /expected a \.js, \.mjs or \.ts module/],
  [write('empty.mjs', 'export const a = 1;'), /a file that exports an architecture, a definition, an MMU or a stepper/],
])('%s is refused', async (file, said) => {
  await expect(subjectsOf(file)).rejects.toThrow(said);
});

/** Everything but walks, decided or not: what counts is what was asked. */
async function asked(subject: Subject): Promise<Proved[]> {
  const found: Proved[] = [];
  const only = ({ law }: { law: string }): boolean => law !== 'codec' && law !== 'kinds' && law !== 'hardware';
  for await (const one of prove([subject], { solvers, milliseconds: 60_000, small: false, only })) found.push(one);
  return found;
}

test('a law that nothing was claimed of is told, and what would make a claim', async () => {
  const found = await asked({ arch: toy3, steppers: [] });
  const laws = unclaimed(found).map(({ law }) => law);
  expect(laws).toEqual(expect.arrayContaining(['address-correct', 'law', 'changes', 'hardware']));
  expect(coverage(found)).toMatch(/^These laws ask nothing of toy3:\n(.*\n)* {2}changes: say levels\.pte\.mk, /);
  expect(coverage(found)).toMatch(/\ntoy3: \d+ of 13 laws apply$/);
  // What is said to be missing makes the law apply.
  const steppers = STEPPERS.filter(({ name }) => name === 'entryAware');
  const more = unclaimed(await asked({ arch: toyLinux, steppers })).map(({ law }) => law);
  for (const law of ['address-correct', 'law', 'changes', 'questions', 'leaf-is-bad']) expect(more).not.toContain(law);
});

test('a stepper that was not looked at makes no claim', () => {
  const verdict = { kind: 'not-looked-at', why: '' } as const;
  const one: Proved = { arch: 'a', law: 'law', at: 'mine, every step', verdict, milliseconds: 0 };
  expect(unclaimed([one]).map(({ law }) => law)).toContain('law');
  expect(unclaimed([{ ...one, verdict: { kind: 'proved' } }]).map(({ law }) => law)).not.toContain('law');
});
