/** `judge` and `arch check`: planted mistakes in files of one's own are told with place and picture; bad files end in a line. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { archFromJson, archToJson } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { or1k, WRONG_OR1K } from '../../gup-fast/test/support/or1k.ts';
import { runAsync } from '../src/index.ts';

const root = join(import.meta.dirname, '../../..');
const S390 = join(root, 'fixtures/guests/s390x-1.json.gz');
const ENDLESS = join(root, 'docs/examples/endless.ts');
const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const asked = (...words: string[]) => runAsync(words, false);

describe('arch check', () => {
  test('the right definition keeps every law that applies, and what would make more apply is said', async () => {
    const { out, error, status } = await asked(
      'arch',
      'check',
      write('or1k.json', archToJson(or1k.spec)),
      '--runs',
      '5',
    );
    expect({ error, status }).toEqual({ error: '', status: 0 });
    expect(out).toMatch(/^ {2}pte_basic: say levels\.pte\.mk\.clean, /m);
    expect(out).toMatch(/\nor1k: \d+ of \d+ laws apply, all of them hold\n$/);
  });

  test.each(WRONG_OR1K)('%s', async (what, arch, said) => {
    const file = write(`${what.replace(/\W+/g, '-')}.json`, archToJson(arch.spec));
    const { out, status } = await asked('arch', 'check', file, '--runs', '60');
    expect(status).toBe(1);
    expect(out).toMatch(said);
    expect(out).toMatch(/, [1-9]\d* of them broken\n$/);
  });

  test('a module: each of its architectures once; for programs too', async () => {
    const spec = `JSON.parse(${JSON.stringify(archToJson(or1k.spec))}, (key, one) =>
      key !== 'id' && typeof one === 'string' && /^0x/.test(one) ? BigInt(one) : one)`;
    const file = write('own.mjs', `export const one = ${spec};\nexport default one;\nexport const n = 1;\n`);
    const { out, status } = await asked('arch', 'check', file, '--runs', '2', '--json');
    expect(status).toBe(0);
    const reports = JSON.parse(out);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ arch: 'or1k', results: expect.any(Array) });
  });

  test('--mutants says how many wrong numbers would stand', async () => {
    const spec = archFromJson(archToJson(or1k.spec));
    const { out } = await asked('arch', 'check', write('m.json', archToJson(spec)), '--runs', '1', '--mutants');
    expect(out).toMatch(/; \d+ of \d+ wrong numbers would stand\n$/);
    expect(out).toMatch(/^nothing notices levels\./m);
  });
});

describe('judge', () => {
  const picture = /^level +for +read at +entry +right slot$/m;

  test('a boundary that forgets end: on random spaces, and in the memory of a guest', async () => {
    const range = '0x7fffe000-0x80002000';
    const { out, error, status } = await asked('judge', ENDLESS, range, '--guest', S390, '--runs', '20');
    expect({ error, status }).toEqual({ error: '', status: 1 });
    expect(out).toMatch(/^address-correct is broken: endless, \[0x/m);
    expect(out).toMatch(/^memory is broken: endless, \[0x7fffe000, 0x80002000\):\nlevel /m);
    expect(out).toMatch(picture);
    expect(out).toContain('pte for 0x80002000: beyond the end of the range');
    expect(out).toMatch(/endless on s390: 3 of 3 laws apply, 3 of them broken\n$/);
  });

  test('the forms that were merged and mended, by their names', async () => {
    const variants = join(root, 'packages/gup-fast/src/variants/index.ts');
    const of = (name: string) => asked('judge', variants, '--arch', 's390', '--name', name, '--json');
    const right = await of('inlineTyped');
    expect(right).toMatchObject({ error: '', status: 0 });
    expect(JSON.parse(right.out).results.map(({ kind }: { kind: string }) => kind)).toEqual([
      'holds',
      'holds',
      'holds',
    ]);
    const wrong = await of('stackCopy');
    expect(wrong.status).toBe(1);
    expect(wrong.out).toContain('stack 0x');
  });

  test('a walk that stops says how far it was looked at', async () => {
    const variants = join(root, 'packages/gup-fast/src/variants/index.ts');
    const words = ['judge', variants, '0x0-0x200000', '--name', 'entryAware', '--guest', S390, '--runs', '1'];
    const { out, status } = await asked(...words);
    expect(status).toBe(0);
    expect(out).toMatch(/^memory holds: entryAware, .* as far as the walk went: pte /m);
  });

  const stepper = (descend: string, boundary = '() => 0n'): string =>
    `export default { name: 'mine', descend: ${descend}, boundary: ${boundary} };\n`;

  test.each([
    ['throws', stepper('() => { throw new TypeError("no slot") }')],
    ['hands on nothing', stepper('() => undefined')],
    ['stands still', stepper('(mm, visit) => visit.slot', '(mm, level, entry, addr) => addr')],
    ['gives numbers', stepper('(mm, visit) => visit.slot', '() => 7')],
  ])('a stepper that %s is broken, and no fault of the command', async (what, text) => {
    const file = write(`${what.replaceAll(' ', '-')}.mjs`, text);
    const { out, error, status } = await asked('judge', file, '0x2000-0x5000', '--guest', S390, '--runs', '3');
    expect({ error, status }).toEqual({ error: '', status: 1 });
    expect(out).toContain('memory is broken: mine, [0x2000, 0x5000)');
  });
});

describe('bad files', () => {
  for (const name of ['folder.ts', 'folder.json']) mkdirSync(join(folder, name));
  const CASES: readonly (readonly [what: string, file: string, said: RegExp])[] = [
    ['a folder', join(folder, 'folder.ts'), /folder\.ts: expected a file that can be read/],
    ['nothing', join(folder, 'nowhere.mjs'), /nowhere\.mjs: expected a file that can be read/],
    ['a name that no system has', `${folder}/\0.mjs`, /expected a file that can be read/],
    ['a module that throws', write('throwing.mjs', 'throw new Error("not\\ntoday")'), /it throws Error: not today/],
    ['no JavaScript', write('none.mjs', 'export default {'), /none\.mjs: expected a module that loads, and it throws/],
    ['another kind of file', write('a.txt', 'x'), /a\.txt: expected a \.js, \.mjs or \.ts module/],
  ];

  test.each(CASES)('%s: status 2 and one line, of both commands', async (_what, file, said) => {
    for (const words of [
      ['arch', 'check', file],
      ['judge', file, '--arch', 's390'],
    ]) {
      const { out, error, status } = await asked(...words);
      expect({ out, status }).toEqual({ out: '', status: 2 });
      expect(error).toMatch(said);
      expect(error.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  test.each([
    ['JSON that is none', write('none.json', '{'), /none\.json: expected JSON, plain or gzip/],
    ['JSON that is no definition', write('other.json', '{"id":"x"}'), /pageShift: is not said/],
    ['a folder for a definition', join(folder, 'folder.json'), /a file, not a folder/],
    ['a module without an architecture', write('empty.mjs', 'export const a = 1'), /exports an architecture/],
    ['a definition that is refused', write('bad.mjs', 'export const a = { levels: {}, root: {} }'), /is not said/],
  ])('arch check, %s', async (_what, file, said) => {
    const { error, status } = await asked('arch', 'check', file);
    expect(status).toBe(2);
    expect(error).toMatch(said);
    expect(error.trimEnd().split('\n')).toHaveLength(1);
  });

  test('judge, an export that is not there, or no stepper: those that are there are named', async () => {
    const file = write(
      'named.mjs',
      'export const mine = { name: "m", descend() {}, boundary() {} }; export const n = 1;',
    );
    for (const name of ['default', 'n', 'toString']) {
      const { error, status } = await asked('judge', file, '--arch', 's390', '--name', name);
      expect(status).toBe(2);
      expect(error).toContain(`with name, descend and boundary, not ${name}; those are: mine`);
    }
  });
});

test('without fast-check both commands say what to install', async () => {
  const hook = `export const resolve = (asked, context, next) =>
    next(asked === 'fast-check' ? 'a-package-that-is-not-there' : asked, context);`;
  const data = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
  const hidden = data(`import { register } from 'node:module'; register(${JSON.stringify(data(hook))});`);
  const node = ['--conditions=@kernel-mm/source', '--import', 'tsx'];
  const main = 'packages/cli/src/main.ts';
  for (const words of [
    ['judge', ENDLESS, '--arch', 's390'],
    ['arch', 'check', write('o.json', archToJson(or1k.spec))],
  ]) {
    const run = promisify(execFile)(process.execPath, [...node, '--import', hidden, main, ...words], { cwd: root });
    await expect(run).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('kernel-mm: fast-check: expected the package beside @kernel-mm/cli: npm install'),
    });
  }
});
