/** Every code block of READMEs, guides and doc comments: programs are compiled and run, commands exist, output was printed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mmuOf } from '@kernel-mm/cli';
import { checkWalkVectors } from '@kernel-mm/pgtable-core/vectors';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allBlocks, allTexts, type Block, documented, fenced } from './blocks.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const json = (path: string): { name: string; scripts?: object; bin?: object } => JSON.parse(read(path));
const source = ['--conditions=@kernel-mm/source', '--import', 'tsx'];
const node = (...words: string[]): string =>
  execFileSync(process.execPath, [...source, ...words], { cwd: root, encoding: 'utf8', stdio: 'pipe' });

/** What the command prints, whatever its exit status. */
const answerOf = (...words: string[]): string =>
  spawnSync(process.execPath, [...source, 'packages/cli/src/main.ts', ...words], { cwd: root, encoding: 'utf8' })
    .stdout;

const COMMAND = /^(\$ )?(npm|npx|node|kernel-mm)\b/;
const commands = ({ text }: Block): string[] =>
  text
    .split('\n')
    .flatMap((line) => line.replace(/\s#.*$|^#.*$/, '').split(' && '))
    .map((line) => line.replace(/^\$ /, '').trim())
    .filter((line) => line);

type Kind = 'program' | 'commands' | 'json' | 'drawing' | 'output';
function kindOf({ language, text }: Block): Kind {
  if (/^(ts|typescript|js|javascript|mjs)$/.test(language)) return 'program';
  if (/^(sh|bash|shell|console)$/.test(language) || COMMAND.test(text)) return 'commands';
  if (language === 'json' || text.startsWith('{ "format"')) return 'json';
  return /[─┐┘►]/.test(text) ? 'drawing' : 'output';
}

const blocks = allBlocks();
const of = (kind: Kind): [string, Block][] =>
  blocks.filter((block) => kindOf(block) === kind).map((block) => [`${block.file}:${block.line}`, block]);

/** Inside the repository, so that packages are found as they are by everybody. */
const folder = join(root, 'node_modules/.cache/');
mkdirSync(folder, { recursive: true });
const scratch = mkdtempSync(join(folder, 'blocks-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const programOf = ({ file, line }: Block): string => join(scratch, `${file.replaceAll('/', '_')}_${line}.mts`);

/** A block that imports nothing goes on from the one above it in the same text. */
function wholeOf(block: Block): string {
  const before = of('program')
    .map(([, other]) => other)
    .filter(({ file, line }) => file === block.file && line < block.line);
  const last = before.at(-1);
  return last && !/^import /m.test(block.text) ? `${wholeOf(last)}\n${block.text}` : block.text;
}

describe('programs', () => {
  let program: ts.Program;
  beforeAll(() => {
    const files = of('program').map(([, block]) => {
      writeFileSync(programOf(block), `${wholeOf(block)}\nexport {};\n`);
      return programOf(block);
    });
    const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile).config;
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    program = ts.createProgram(files, { ...options, types: ['node'], isolatedDeclarations: false, declaration: false });
  });

  test.each(of('program'))('%s compiles', (_, block) => {
    const file = program.getSourceFile(programOf(block))!;
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    const told = found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(told).toEqual([]);
  });

  test.each(of('program'))('%s runs', (_, block) => {
    printed.set(block, node(programOf(block)));
  });
});

/** What programs printed, for the blocks that show it. */
const printed = new Map<Block, string>();

describe('commands', () => {
  const packages = readdirSync(join(root, 'packages')).map((name) => json(`packages/${name}/package.json`));
  const names = packages.map(({ name }) => name);
  const bins = packages.flatMap(({ bin }) => Object.keys(bin ?? {}));
  const { scripts, devDependencies } = JSON.parse(read('package.json'));
  const known = new Set([...names, ...Object.keys(devDependencies), 'z3-solver', 'vite']);
  const helps = new Map<string, string>();
  const help = (...words: string[]): string => {
    const key = words.join(' ');
    if (!helps.has(key)) helps.set(key, node('packages/cli/src/main.ts', ...words, '--help'));
    return helps.get(key)!;
  };

  /** The subcommand, or its options, that the command does not tell of. */
  function missingOf([command = '', ...words]: readonly string[]): string[] {
    if (/^(-|$)/.test(command)) return [];
    if (!help().includes(`kernel-mm ${command}`)) return [command];
    const options = words.filter((word) => word.startsWith('--')).map((word) => word.replace(/=.*/, ''));
    return options.filter((option) => !/^--(help|version)$/.test(option) && !help(command).includes(option));
  }

  /** What a command line asks for and is not there. */
  function missing(line: string): string[] {
    const [tool, first = '', ...rest] = line.split(/\s+/);
    const asks = `${tool} ${first}`;
    if (tool === 'kernel-mm') return missingOf([first, ...rest]);
    if (asks === 'npx @kernel-mm/cli' || asks === 'npx kernel-mm') return missingOf(rest);
    if (tool === 'npx') return [...bins, ...names, 'vitest'].includes(first) ? [] : [first];
    if (asks === 'npm ci') return rest;
    if (asks === 'npm test' || asks === 'npm run') return [rest[0] ?? first].filter((name) => !(name in scripts));
    if (asks === 'npm i' || asks === 'npm install') return rest.filter((word) => !/^-/.test(word) && !known.has(word));
    return [line];
  }

  test.each(of('commands'))('%s: what it says is there', (_, block) => {
    expect(commands(block).flatMap(missing)).toEqual([]);
  });

  test('scripts that are named in a sentence are there', () => {
    const named = allTexts().flatMap(([path, text]) =>
      [...text.matchAll(/`npm run ([\w:-]+)/g)].map(([, script]) => [path, script!] as const),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(([, script]) => !(script in scripts))).toEqual([]);
  });
});

test.each(of('json'))('%s is JSON, and vectors pass', (_, { text }) => {
  const parsed = JSON.parse(text);
  if (!String(parsed.format).startsWith('kernel-mm/walk-vectors')) return;
  const outcomes = checkWalkVectors(parsed, (id) => mmuOf(id));
  expect(outcomes.length).toBeGreaterThan(0);
  expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
});

/** What runs print: programs of the same text, examples (whose own test compares them), and what the tests of packages expect. */
describe('output', () => {
  let texts: string;
  beforeAll(() => {
    const examples = readdirSync(join(root, 'docs/examples')).filter((name) => name.endsWith('.txt'));
    const guest = node('packages/cli/src/main.ts', 'demo', '--levels', '3', '--range', '0x7fffe000-0x80002000');
    const asked = of('commands').flatMap(([, block]) => commands(block));
    const answered = asked
      .filter((line) => line.startsWith('npx @kernel-mm/cli ') && line.includes('fixtures/'))
      .map((line) => answerOf(...line.split(/\s+/).slice(2)));
    texts = [guest, ...answered, ...examples.map((name) => read(`docs/examples/${name}`)), ...printed.values()].join(
      '\n',
    );
  });

  test.each(of('output'))('%s was printed', (_, { text }) => {
    const plain = (line: string): string => line.replace(/\s+(<-.*)?$/, '').trim();
    const there = new Set(texts.split('\n').map(plain));
    expect(
      text
        .split('\n')
        .map(plain)
        .filter((line) => line && line !== '...' && !there.has(line)),
    ).toEqual([]);
  });
});

test('blocks are found, of every kind, and in doc comments too', () => {
  expect(new Set(blocks.map(kindOf))).toEqual(new Set(['program', 'commands', 'json', 'drawing', 'output']));
  const block = { language: 'ts', text: 'f(1);' };
  expect(fenced('a.md', 'x\n\n```ts\nf(1);\n```\n')).toEqual([{ file: 'a.md', line: 4, ...block }]);
  expect(documented('a.ts', '/**\n * A.\n * ```ts\n * f(1);\n * ```\n */\n')).toMatchObject([block]);
  expect(documented('a.ts', '/**\n * A.\n * @example\n * f(1);\n * @throws never\n */\n')).toMatchObject([
    { language: 'ts' },
  ]);
  expect(() => fenced('a.md', '```ts\nf(1);\n')).toThrow('a.md:1');
});
