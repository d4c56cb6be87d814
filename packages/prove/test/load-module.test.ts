/** Files of one's own, read by Node as it is started by a user: without a loader, and with tsx beside the file or not. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const withTsx = join(folder, 'with');
const without = join(folder, 'without');
const STEPPER = '{ name: "mine", descend: () => Kind.one, boundary: () => 1n }';
const TEXTS = {
  // An enum is what Node’s own reading of TypeScript refuses.
  'mine.ts': `enum Kind { one = 1 }\nconst mine: { readonly name: string } = ${STEPPER};\nexport default mine;\nexport { mine };\n`,
  'wrong.ts': 'export const x: = 3;\n',
  'mine.mjs': `const Kind = { one: 1 };\nexport default ${STEPPER};\n`,
  'mine.cjs': `const Kind = { one: 1 };\nmodule.exports = ${STEPPER};\n`,
  'throws.mjs': 'throw new Error("not today");\n',
};
const ASK = `import { exportsOf, isStepper, valuesOf } from '../files.mjs';
try {
  const found = await exportsOf(process.argv[2]);
  console.log(valuesOf(found).filter(isStepper).length, isStepper(found.default));
} catch (error) {
  console.log(error.name + ' ' + error.message);
}`;

beforeAll(async () => {
  const entry = fileURLToPath(new URL('../src/files.ts', import.meta.url));
  const outfile = join(folder, 'files.mjs');
  const as: BuildOptions = {
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    conditions: ['@kernel-mm/source'],
  };
  await build({ entryPoints: [entry], outfile, ...as });
  for (const one of [withTsx, without]) {
    mkdirSync(one);
    for (const [name, text] of Object.entries({ ...TEXTS, 'ask.mjs': ASK })) writeFileSync(join(one, name), text);
  }
  mkdirSync(join(withTsx, 'node_modules'));
  const tsx = fileURLToPath(new URL('../../../node_modules/tsx', import.meta.url));
  symlinkSync(tsx, join(withTsx, 'node_modules/tsx'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const asked = (from: string, file: string): string =>
  execFileSync(process.execPath, [join(from, 'ask.mjs'), file], { cwd: from, encoding: 'utf8' }).trim();

test.each(['mine.mjs', 'mine.cjs', 'mine.ts'])('%s gives its stepper once, whatever names it has', (file) => {
  expect(asked(withTsx, file)).toBe('1 true');
});

test('tsx may lie beside the file, or in the working directory', () => {
  expect(asked(without, join(withTsx, 'mine.ts'))).toBe('1 true');
  expect(asked(withTsx, join(without, 'mine.ts'))).toBe('1 true');
});

test('without tsx it is said what to install', () => {
  expect(asked(without, 'mine.ts')).toBe(
    'UsageError mine.ts: expected JavaScript, or tsx to read TypeScript with: npm install tsx',
  );
});

test.each([
  ['wrong.ts', /^UsageError wrong\.ts: expected a module that loads, and it throws \w*Error: /],
  ['throws.mjs', /^UsageError throws\.mjs: expected a module that loads, and it throws Error: not today$/],
  ['node_modules', /^UsageError node_modules: expected a \.js, \.mjs or \.ts module$/],
  ['nowhere.js', /^UsageError nowhere\.js: expected a file that can be read$/],
])('%s is refused', (file, said) => {
  expect(asked(withTsx, file)).toMatch(said);
});
