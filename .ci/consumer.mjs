#!/usr/bin/env node
// Pack every published package, install the tarballs in an empty project with no registry, and use them as a consumer
// would: ESM, require(esm), types under nodenext and bundler, tree-shaking, the commands. Needs a build.
// What the consumer writes is in .ci/consumer/; entry points and commands are read from each package.json.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSync, transformSync } from 'esbuild';
import { build as viteBuild } from 'vite';

const root = path.resolve(import.meta.dirname, '..');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'consumer-'));
const exec = (cmd, ...args) => execFileSync(cmd, args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' });
const npm = (...args) => exec('npm', ...args, '--loglevel=error', '--ignore-scripts');
const manifest = (p) => JSON.parse(fs.readFileSync(path.join(p, 'package.json'), 'utf8'));
const write = (file, text) => fs.writeFileSync(path.join(dir, file), text);

const tally = { step: process.env.TALLY_STEP, passed: 0, failed: 0 };
const check = (name, f) => {
  try {
    f();
    tally.passed++;
    console.log(`ok   ${name}`);
  } catch (e) {
    tally.failed++;
    console.log(`FAIL ${name}\n${e.stdout ?? ''}${e.stderr ?? ''}${e.message}`);
  }
};
const expect = (ok, message) => {
  if (!ok) throw new Error(message);
};

// --- pack ---
const pack = (from) => JSON.parse(npm('pack', from, '--json'))[0];
const packages = fs
  .readdirSync(path.join(root, 'packages'))
  .map((d) => path.join(root, 'packages', d))
  .filter((d) => fs.existsSync(path.join(d, 'package.json')) && !manifest(d).private)
  .map((at) => ({ ...manifest(at), at, info: pack(at) }));
const own = new Map(packages.map((p) => [p.name, `file:./${p.info.filename}`]));

const entryPoints = (p) =>
  Object.keys(p.exports)
    .filter((e) => e !== './package.json')
    .map((e) => p.name + e.slice(1));
const entries = packages.flatMap(entryPoints);
const libraries = packages.filter((p) => !p.bin).flatMap(entryPoints);
const commands = packages.flatMap((p) => Object.keys(p.bin ?? {}));

for (const { name, exports, bin, info } of packages) {
  check(`${name}: packs what it should, and nothing else`, () => {
    const files = info.files.map((f) => f.path);
    const odd = files.filter(
      (f) => !/^(dist\/|src\/|native\/|(package\.json|README\.md|CHANGELOG\.md|LICENSE)$)/.test(f),
    );
    expect(odd.length === 0, `unexpected: ${odd}`);
    const targets = Object.values(exports).flatMap((e) => (typeof e === 'string' ? [e] : Object.values(e)));
    const named = [...targets, ...Object.values(bin ?? {})].map((f) => f.replace(/^\.\//, ''));
    const lacking = ['README.md', 'LICENSE', ...named].filter((f) => !files.includes(f));
    expect(lacking.length === 0, `not packed: ${lacking}`);
  });
}

/** Where `from` finds the package `name`, as Node looks for it. */
const find = (name, from) => {
  const at = path.join(from, 'node_modules', name);
  if (fs.existsSync(at)) return at;
  expect(from !== root, `${name} is not installed`);
  return find(name, path.dirname(from));
};
/** The tarballs of what `from` needs and does not come from here, and of what that needs, from the root's own install. */
const vendor = (names, from, specs = {}) => {
  for (const name of names) {
    if (own.has(name) || specs[name]) continue;
    const at = find(name, from);
    specs[name] = `file:./${pack(at).filename}`;
    vendor(Object.keys(manifest(at).dependencies ?? {}), at, specs);
  }
  return specs;
};
const vendored = (field) => Object.assign({}, ...packages.map((p) => vendor(Object.keys(p[field] ?? {}), p.at)));
const install = (specs) => {
  write('package.json', JSON.stringify({ name: 'consumer', private: true, dependencies: specs }));
  // Two versions of one dependency have one tarball here: the other comes from the cache, or the registry.
  npm('install', '--prefer-offline');
};
const needed = { ...Object.fromEntries(own), ...vendored('dependencies') };

for (const f of fs.readdirSync(path.join(root, '.ci/consumer')))
  fs.copyFileSync(path.join(root, '.ci/consumer', f), path.join(dir, f));

// --- without the optional peers ---
check('installs', () => install(needed));
check('works without the optional peers', () => exec('node', 'no-peers.mjs'));

// --- with them ---
check('installs, peers too', () =>
  install({ ...needed, ...vendored('peerDependencies'), ...vendor(['@types/node'], root) }),
);
for (const e of entries) {
  check(`import ${e}`, () =>
    exec(
      'node',
      '--input-type=module',
      '-e',
      `if (!Object.keys(await import('${e}')).length) throw new Error('empty')`,
    ),
  );
  check(`require ${e}`, () =>
    exec('node', '--input-type=commonjs', '-e', `if (!Object.keys(require('${e}')).length) throw new Error('empty')`),
  );
}
check('ESM consumer', () => exec('node', 'esm.mjs'));
check('CommonJS consumer', () => exec('node', 'cjs.cjs'));

const tsc = (file, module, resolution, types) =>
  exec(
    path.join(root, 'node_modules/.bin/tsc'),
    ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2024'],
    ...['--module', module, '--moduleResolution', resolution, ...types, file],
  );
// the libraries compile with no types of Node or of a browser
for (const [name, types] of [
  ['library', []],
  ['tools', ['--types', 'node']],
]) {
  for (const [ext, module, resolution] of [
    ['mts', 'nodenext', 'nodenext'],
    ['cts', 'nodenext', 'nodenext'],
    ['ts', 'esnext', 'bundler'],
  ]) {
    fs.copyFileSync(path.join(root, `.ci/consumer/${name}.ts`), path.join(dir, `${name}.${ext}`));
    check(`types: ${name}.${ext} under ${resolution}`, () => tsc(`${name}.${ext}`, module, resolution, types));
  }
}

// --- READMEs: their programs, as they are printed ---
const programs = (text) => {
  const blocks = [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);
  // a block that imports nothing goes on from the one above
  return blocks.map((code, n) => (/^import /m.test(code) ? code : `${blocks[n - 1] ?? ''}${code}`));
};
for (const { name } of packages) {
  const text = fs.readFileSync(path.join(dir, 'node_modules', name, 'README.md'), 'utf8');
  programs(text).forEach((code, n) => {
    check(`${name}: README, program ${n + 1}`, () => {
      write('readme.mjs', transformSync(code, { loader: 'ts', target: 'node20' }).code);
      const out = exec('node', 'readme.mjs');
      const shown = text.slice(text.indexOf(code.slice(-40)) + 40).match(/^[^#]*?```text\n(.*?)```/s)?.[1];
      if (shown) expect(out.includes(shown.trim().split('\n')[0]), `prints ${out}`);
    });
  });
}

// --- bundles ---
/** For a browser, where an import of a Node module does not resolve. */
const bundle = (source) =>
  buildSync({
    stdin: { contents: source, resolveDir: dir },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  }).outputFiles[0].text;
const imports = libraries.map((e, i) => `import * as m${i} from '${e}';`).join('\n');
check('bundles for a browser', () => bundle(`${imports}\nconsole.log(${libraries.map((_, i) => `m${i}`)});`));
const shake = fs.readFileSync(path.join(dir, 'shake.mjs'), 'utf8');
write('index.html', '<!doctype html><title>consumer</title><script type="module" src="./shake.mjs"></script>');
const vite = await viteBuild({
  root: dir,
  configFile: false,
  logLevel: 'silent',
  build: { write: false, modulePreload: false },
}).catch((error) => error);
check('a Vite bundle for browsers, and it runs', () => {
  if (vite instanceof Error) throw vite;
  write('vite.mjs', vite.output.find(({ isEntry }) => isEntry).code);
  expect(exec('node', 'vite.mjs') === exec('node', 'shake.mjs'), 'the bundle prints something else');
});
check('an unused import leaves nothing in a bundle', () => {
  const text = bundle(`${imports}\nconsole.log('alone');`).replace(/^\/\/.*\n/gm, '');
  expect(text.trim() === 'console.log("alone");', `${text.length} characters: ${text.slice(0, 500)}`);
});
check('tree-shakes', () => {
  const text = bundle(shake);
  const absent = [...shake.matchAll(/^\/\/ absent: (.*)$/gm)].flatMap(([, names]) => names.split(/,\s*/));
  const kept = absent.filter((name) => text.includes(name));
  expect(kept.length === 0, `kept: ${kept}`);
});

// --- commands ---
for (const c of commands) {
  check(`${c} --help`, () => expect(exec(`${dir}/node_modules/.bin/${c}`, '--help').trim(), 'prints nothing'));
}

if (tally.failed) console.log(`kept: ${dir}`);
else fs.rmSync(dir, { recursive: true });
if (process.env.TALLY_DIR) fs.writeFileSync(path.join(process.env.TALLY_DIR, 'consumer.json'), JSON.stringify(tally));
else console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed ? 1 : 0;
