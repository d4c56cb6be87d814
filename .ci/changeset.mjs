// Every change to a published package is on its way to a release note: either changesets are pending, and they are
// sound, or each package's CHANGELOG.md tells of the version that its package.json has.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const pending = readdirSync('.changeset').filter((f) => f.endsWith('.md') && f !== 'README.md');
if (pending.length === 0) {
  const untold = readdirSync('packages')
    .map((d) => `packages/${d}`)
    .filter((d) => existsSync(`${d}/package.json`))
    .filter((d) => {
      const { version } = JSON.parse(readFileSync(`${d}/package.json`, 'utf8'));
      const log = existsSync(`${d}/CHANGELOG.md`) ? readFileSync(`${d}/CHANGELOG.md`, 'utf8') : '';
      return !log.split('\n').includes(`## ${version}`);
    });
  if (untold.length) {
    console.error(`no changeset is pending, and the version has no CHANGELOG entry in: ${untold.join(', ')}`);
    process.exit(1);
  }
}

// Changed packages are counted from where this branch left main; a clone that has no main (a detached head, one
// fetched by commit) compares with itself, and then only the presence of changesets is checked.
const has = (ref) =>
  spawnSync('git', ['rev-parse', '-q', '--verify', `${ref}^{commit}`], { stdio: 'ignore' }).status === 0 &&
  spawnSync('git', ['merge-base', ref, 'HEAD'], { stdio: 'ignore' }).status === 0;
const base = ['main', 'origin/main'].find(has) ?? 'HEAD';
console.log(`${pending.length} pending, compared with ${base}`);
// a release has used its changesets up
const released = execFileSync('git', ['diff', '--name-only', base, '--', 'packages/*/CHANGELOG.md'], {
  encoding: 'utf8',
});
if (pending.length === 0 && released) process.exit(0);
// without --since it reads every pending changeset, not only those of this branch
const since = base === 'main' ? [] : [`--since=${base}`];
try {
  execFileSync('node_modules/.bin/changeset', ['status', ...since], { stdio: ['ignore', 'inherit', 'inherit'] });
} catch (e) {
  process.exit(e.status ?? 1);
}
