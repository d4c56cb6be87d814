/** The house rules that a machine can check: imports point down, files stay short, walkers keep to their port. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const packages = readdirSync(join(root, 'packages'));

const sources = packages.flatMap((name) =>
  readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ name, file, text: readFileSync(join(root, 'packages', name, 'src', file), 'utf8') })),
);

/** The modules that a source imports or re-exports. */
const importsOf = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)].map(
    (match) => match.slice(1).find((from) => from) ?? '',
  );

const lines = (text: string): number => text.trimEnd().split('\n').length;

/** The layers of core, from the ground up; a file may import its own layer's, if no circle comes of it. */
const LAYERS = [
  ['errors', 'brand', 'expr', 'field'],
  ['level', 'entry', 'helpers'],
  ['entry-formats', 'arch', 'cell', 'memory', 'load', 'stack', 'shape'],
  [
    ...['geometry', 'codec', 'check-arch', 'check-numbers', 'bounds', 'tree', 'define-arch', 'json', 'range', 'alloc'],
    ...['doors', 'mm', 'form'],
  ],
  ['fold', 'addr-end', 'reading', 'stepper', 'stepper-of', 'visits', 'lift'],
  ['walk-range', 'walk', 'group', 'engine', 'build', 'map', 'oracles', 'alignment', 'questions', 'mutants'],
  [
    ...['access', 'hardware', 'machine', 'setup', 'untagged', 'step', 'translate', 'linux-mmu', 'protect'],
    ...['listing', 'survey', 'ranges'],
  ],
  ['format', 'what-if', 'tell', 'explain', 'explain-word', 'split', 'picture', 'figure', 'xml', 'svg'],
  ['index', 'testing', 'guest', 'vectors'],
];

describe('core', () => {
  const layerOf = (file: string): number => {
    const module = (file.split('/')[0] ?? '').replace(/\.ts$/, '');
    return LAYERS.findIndex((layer) => layer.includes(module));
  };
  const core = sources.filter(({ name }) => name === 'pgtable-core');
  const targets = ({ file, text }: (typeof core)[number]): string[] =>
    importsOf(text)
      .filter((from) => from.startsWith('.'))
      .map((from) => normalize(join(dirname(file), from)));

  test.each(core.map((source) => [source.file, source] as const))(
    '%s has a layer, and imports nothing above it',
    (file, source) => {
      expect(layerOf(file), `${file} is in no layer`).toBeGreaterThanOrEqual(0);
      for (const target of targets(source))
        expect(layerOf(target), `${file} -> ${target}`).toBeLessThanOrEqual(layerOf(file));
    },
  );

  test('no circles', () => {
    const graph = new Map(core.map((source) => [source.file, targets(source)]));
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `circle ${[...path, file].join(' -> ')}`).not.toContain(file);
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    };
    for (const file of graph.keys()) visit(file, []);
  });

  test('the guest reader needs addresses and memory only', () => {
    for (const source of core.filter(({ file }) => file.startsWith('guest/')))
      for (const target of targets(source))
        expect(target.startsWith('guest/') || layerOf(target) <= 2, `${source.file} -> ${target}`).toBe(true);
  });

  test('fast-check is imported under testing only', () => {
    const users = core.filter(({ text }) => importsOf(text).includes('fast-check')).map(({ file }) => dirname(file));
    expect(new Set(users)).toEqual(new Set(['testing']));
  });
});

describe('packages', () => {
  const MAY: Readonly<Record<string, readonly string[]>> = {
    'pgtable-core': [],
    'arch-s390': ['pgtable-core'],
    'arch-generic': ['pgtable-core'],
    'gup-fast': ['pgtable-core'],
    mm: ['pgtable-core', 'gup-fast'],
    'pgtable-wasm': ['pgtable-core'],
    prove: ['pgtable-core', 'arch-s390', 'arch-generic', 'gup-fast'],
    cli: ['pgtable-core', 'arch-s390', 'arch-generic', 'gup-fast', 'mm', 'prove'],
    bench: ['pgtable-core', 'arch-s390', 'arch-generic', 'gup-fast', 'pgtable-wasm'],
  };

  test.each(packages)('%s imports only what it may', (name) => {
    const used = sources
      .filter((source) => source.name === name)
      .flatMap(({ text }) => importsOf(text))
      .filter((from) => from.startsWith('@kernel-mm/'))
      .map((from) => from.split('/')[1] ?? '')
      // A name that is made up at run time is no import.
      .filter((one) => !one.startsWith('$'));
    expect(MAY[name], `${name} is not in the table`).toBeDefined();
    for (const one of used) expect(MAY[name], `${name} -> ${one}`).toContain(one);
  });

  test('core’s tests know no architecture but their own, and nobody’s tests reach for bench or another’s cli', () => {
    const tests = packages.flatMap((name) =>
      readdirSync(join(root, 'packages', name, 'test'), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => ({ name, file, text: readFileSync(join(root, 'packages', name, 'test', file), 'utf8') })),
    );
    expect(tests.length).toBeGreaterThan(packages.length);
    for (const { name, file, text } of tests)
      for (const from of importsOf(text).filter((module) => module.startsWith('@kernel-mm/'))) {
        expect(name, `${name}/test/${file} -> ${from}`).not.toBe('pgtable-core');
        expect(from.split('/')[1], `${name}/test/${file}`).not.toMatch(/^(bench|cli)$/);
      }
  });

  test('nothing happens at import: no source but a command’s main has a statement that only has effects', () => {
    for (const { name, file, text } of sources) {
      if (file === 'main.ts') continue;
      const loose = text
        .split('\n')
        .filter((line) =>
          /^(?!import|export|const|function|async|interface|type|class|declare|[ })\]/*|&?:.@`]|$)/.test(line),
        );
      expect(loose, relative(root, join('packages', name, 'src', file))).toEqual([]);
    }
  });
});

test('npm run demo leaves the choice of a guest to its options', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(scripts.demo).toMatch(/packages\/cli\/src\/main\.ts demo$/);
});

describe('walkers', () => {
  const walkers = sources.filter(({ name }) => name === 'gup-fast');

  test('gup-fast reads memory through its port only', () => {
    for (const { file, text } of walkers)
      if (file !== 'port.ts') expect(text, file).not.toMatch(/\breadEntry\b|\bmm\.memory\b|\bwalk\(/);
  });

  test('nothing is caught but what giving back throws, and that goes on', () => {
    const catching = walkers.filter(({ text }) => /\bcatch\b/.test(text)).map(({ file }) => file);
    expect(catching).toEqual(['thorough.ts']);
  });

  test('rules of pages and counts are asked of the port: no walker imports mm', () => {
    for (const { file, text } of walkers) expect(importsOf(text), file).not.toContain('@kernel-mm/mm');
  });
});

describe('sizes', () => {
  test('the median source has at most 100 lines, none more than 200', () => {
    const sizes = sources.map(({ text }) => lines(text)).sort((a, b) => a - b);
    expect(sizes[sizes.length >> 1]).toBeLessThanOrEqual(100);
    expect(sizes.at(-1)).toBeLessThanOrEqual(200);
  });

  test('a variant has at most 40 lines', () => {
    const variants = sources.filter(({ name, file }) => name === 'gup-fast' && /^variants\/(?!index)/.test(file));
    expect(variants).toHaveLength(9);
    for (const { file, text } of variants) expect(lines(text), file).toBeLessThanOrEqual(40);
  });

  test('s390’s kernel reading has at most 120 lines, comments included', () => {
    const text = sources.find(({ file }) => file === 's390.ts')?.text ?? '';
    expect(lines(text.slice(text.indexOf('// Entry bits')))).toBeLessThanOrEqual(120);
  });

  test('every source begins by saying its one idea', () => {
    for (const { file, text } of sources) expect(text.replace(/^#!.*\n/, ''), file).toMatch(/^\/\*\*/);
  });
});
