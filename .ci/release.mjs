#!/usr/bin/env node
// The release. `--pack DIR` writes what is to be published into DIR: a tarball of each package, the bill of materials, and
// checksums of both; the release workflow uploads these from a job that has no other code. The versions must stand in
// package.json already. `--dry-run` does all of it but the upload, in a clone, from what is committed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { billOfMaterials } from './bill.mjs';

const root = path.resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false }, pack: { type: 'string' } } });
const json = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const packages = (at) =>
  fs.readdirSync(path.join(at, 'packages')).map((name) => json(path.join(at, 'packages', name, 'package.json')));
const runIn =
  (cwd) =>
  (command, ...args) => {
    console.log(`$ ${command} ${args.join(' ')}`);
    execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  };

/** Built, looked at from outside, and within its sizes. */
function check(run) {
  run('npx', 'turbo', 'run', 'build', 'publint', 'attw', '--output-logs=errors-only');
  run('npm', 'run', '--silent', 'size');
  run('npm', 'run', '--silent', 'consumer');
}

/** The files of a release. */
function pack(at, dir) {
  fs.mkdirSync(dir, { recursive: true });
  runIn(at)('npm', 'pack', '--workspaces', '--ignore-scripts', '--loglevel=error', '--pack-destination', dir);
  fs.writeFileSync(path.join(dir, 'sbom.cdx.json'), `${JSON.stringify(billOfMaterials(), null, 2)}\n`);
  const sums = fs.readdirSync(dir).map((file) => {
    const sum = createHash('sha256').update(fs.readFileSync(path.join(dir, file)));
    return `${sum.digest('hex')}  ${file}\n`;
  });
  fs.writeFileSync(path.join(dir, 'SHA256SUMS'), sums.join(''));
  runIn(dir)('sha256sum', '--check', '--quiet', 'SHA256SUMS');
}

/** Different versions within their ranges: a patched core under the others as they are. */
function mixed(at) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mixed-'));
  const run = runIn(dir);
  const packed = (name) =>
    JSON.parse(
      execFileSync('npm', ['pack', path.join(at, 'packages', name), '--json', '--ignore-scripts', '--loglevel=error'], {
        cwd: dir,
        encoding: 'utf8',
      }),
    )[0].filename;
  const others = ['gup-fast', 'arch-s390'].map(packed);
  const file = path.join(at, 'packages/pgtable-core/package.json');
  const before = fs.readFileSync(file, 'utf8');
  const { version } = JSON.parse(before);
  const patched = version.replace(/\d+$/, (n) => String(Number(n) + 1));
  fs.writeFileSync(file, before.replace(`"version": "${version}"`, `"version": "${patched}"`));
  const core = packed('pgtable-core');
  fs.writeFileSync(file, before);
  fs.writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ name: 'mixed', private: true, type: 'module' }));
  run(
    'npm',
    'install',
    '--prefer-offline',
    '--ignore-scripts',
    '--loglevel=error',
    ...[core, ...others].map((one) => `./${one}`),
  );
  const copies = execFileSync('npm', ['ls', '@kernel-mm/pgtable-core', '--all', '--parseable'], {
    cwd: dir,
    encoding: 'utf8',
  });
  const found = new Set(copies.trim().split('\n'));
  if (found.size !== 1) throw new Error(`pgtable-core is there ${found.size} times:\n${copies}`);
  fs.writeFileSync(
    path.join(dir, 'mixed.js'),
    `import { judge, VARIANTS } from '@kernel-mm/gup-fast';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { bumpAllocator, createMm, flatMemory, map, paddr, vaddr } from '@kernel-mm/pgtable-core';
const tables = bumpAllocator(paddr(0x4000n), paddr(0x100000n));
const mm = createMm(s390(), flatMemory(new ArrayBuffer(2 ** 20)), tables, topOf(3));
const prot = { read: true, write: true, exec: false, user: true };
map(mm, tables, { addr: vaddr(0x7fffe000n), paddr: paddr(0x9000n), size: 0x4000n, prot });
const right = (name) => judge(mm, VARIANTS[name].stepper, vaddr(0x7fffe000n), vaddr(0x80002000n)).addressCorrect;
if (right('stackCopy') || !right('offsetLockless')) throw new Error('the walk is another');
`,
  );
  run('node', 'mixed.js');
  fs.rmSync(dir, { recursive: true });
  console.log(`pgtable-core ${patched} under gup-fast and arch-s390 ${version}: one copy, the same walk`);
}

function dryRun() {
  const at = fs.mkdtempSync(path.join(os.tmpdir(), 'release-'));
  const dirty = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).trim();
  if (dirty) console.log(`what is not committed is not in it:\n${dirty}`);
  runIn(root)('git', 'clone', '--quiet', root, at);
  const run = runIn(at);
  run('npm', 'ci', '--prefer-offline', '--loglevel=error');
  run('npx', 'changeset', 'version');
  run('npm', 'install', '--package-lock-only', '--prefer-offline', '--ignore-scripts', '--loglevel=error');
  check(run);
  mixed(at);
  pack(at, path.join(at, 'release'));
  run('npm', 'publish', '--dry-run', '--workspaces', '--loglevel=error');
  const old = new Map(packages(root).map(({ name, version }) => [name, version]));
  console.log('\nwould be published:');
  for (const { name, version } of packages(at)) console.log(`  ${name.padEnd(26)} ${old.get(name)} -> ${version}`);
  fs.rmSync(at, { recursive: true });
}

if (values['dry-run']) dryRun();
else if (values.pack === undefined) throw new Error('expected --dry-run, or --pack DIR');
else {
  check(runIn(root));
  pack(root, path.resolve(values.pack));
}
