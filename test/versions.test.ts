/** Versions: what a change of one package does to the others, by changesets itself, in a copy. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'versions-'));
afterAll(() => rmSync(copy, { recursive: true }));
const names = readdirSync(join(root, 'packages'));

for (const file of ['package.json', '.changeset']) cpSync(join(root, file), join(copy, file), { recursive: true });
for (const name of names) {
  mkdirSync(join(copy, 'packages', name), { recursive: true });
  cpSync(join(root, 'packages', name, 'package.json'), join(copy, 'packages', name, 'package.json'));
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
const git = (...words: string[]): string =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid', ...words], {
    cwd: copy,
    encoding: 'utf8',
  });
git('init', '--quiet', '--initial-branch=main');

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
/** Versions and ranges after the changesets that are there have been used up. */
function versioned(): Readonly<Record<string, Manifest>> {
  git('add', '--all', ':!node_modules');
  git('commit', '--quiet', '--message', 'x');
  execFileSync(join(root, 'node_modules/.bin/changeset'), ['version'], { cwd: copy, stdio: 'pipe' });
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(join(copy, 'packages', name, 'package.json'), 'utf8'))]),
  );
}
const change = (name: string, how: string): void =>
  writeFileSync(join(copy, '.changeset', `${name}-${how}.md`), `---\n'@kernel-mm/${name}': ${how}\n---\n\nA change.\n`);
const dependants = names.filter((name) => {
  const { dependencies = {} } = JSON.parse(
    readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'),
  ) as Manifest;
  return '@kernel-mm/pgtable-core' in dependencies;
});

const isFirst = Object.values(versionsNow()).every((version) => version === '0.0.0');

test('what waits is released: dependants name each other by the new versions, and each tells a person what is in it', () => {
  const found = versioned();
  for (const [name, { version, dependencies = {} }] of Object.entries(found)) {
    if (isFirst) expect([name, version]).toEqual([name, '0.1.0']);
    for (const [other, range] of Object.entries(dependencies).filter(([one]) => one.startsWith('@kernel-mm/')))
      expect([name, other, range]).toEqual([name, other, `^${found[other.replace('@kernel-mm/', '')]?.version}`]);
    if (isFirst) expect(readFileSync(join(copy, 'packages', name, 'CHANGELOG.md'), 'utf8').length).toBeGreaterThan(200);
  }
});

test('a minor change of core is outside the ranges of its dependants: they follow, with a new range', () => {
  expect(dependants.length).toBeGreaterThan(5);
  const before = versionsNow();
  change('pgtable-core', 'minor');
  const found = versioned();
  expect(found[CORE]?.version).toBe(minor(before[CORE]));
  for (const name of dependants) {
    expect([name, found[name]?.version]).toEqual([name, patch(before[name])]);
    expect([name, found[name]?.dependencies?.['@kernel-mm/pgtable-core']]).toEqual([name, `^${minor(before[CORE])}`]);
  }
});

test('a patch of core is within them', () => {
  const before = versionsNow();
  change('pgtable-core', 'patch');
  const found = versioned();
  expect(found[CORE]?.version).toBe(patch(before[CORE]));
  for (const name of dependants)
    expect(found[name]?.dependencies?.['@kernel-mm/pgtable-core'], name).toMatch(
      new RegExp(`^\\^(${before[CORE]}|${patch(before[CORE])})$`),
    );
});

test('a change of a package that nobody needs is its own', () => {
  const before = versionsNow();
  change('bench', 'patch');
  const { bench, ...others } = versioned();
  for (const [name, { version }] of Object.entries(others)) expect([name, version]).toEqual([name, before[name]]);
  expect(bench?.version).toBe(patch(before.bench));
});

const CORE = 'pgtable-core';
const minor = (version = ''): string => version.replace(/(\d+)\.\d+$/, (_, n) => `${Number(n) + 1}.0`);
const patch = (version = ''): string => version.replace(/\d+$/, (n) => `${Number(n) + 1}`);

function versionsNow(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      (JSON.parse(readFileSync(join(copy, 'packages', name, 'package.json'), 'utf8')) as Manifest).version,
    ]),
  );
}
