/** Hostile calls, each as a process: an answer within a second or so of its own time, one line, the status of the help, no trace. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { run } from '../src/run.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const NODE = [`--conditions=@kernel-mm/source`, '--import', `file://${root}/node_modules/tsx/dist/esm/index.mjs`];
const MAIN = join(root, 'packages/cli/src/main.ts');
const shell = (script: string, ...words: string[]) =>
  spawnSync('sh', ['-c', script, 'sh', process.execPath, ...NODE, MAIN, ...words], { cwd: folder, encoding: 'utf8' });
const write = (name: string, bytes: Uint8Array | string): string => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
};
const S390 = join(root, 'fixtures/guests/s390x-1.json.gz');
const image = write('image.bin', new Uint8Array(0x10000));
const from = ['--image', image, '--arch', 'x86-64', '--root', '0x1000'];

/** One line that the command says, and no trace. */
const LINE = /^kernel-mm: [^\n]{1,800}\n$/;

describe('streams', () => {
  test('a reader that has seen enough', () => {
    const { stdout, stderr } = shell('"$@" | head -1', 'ranges', '--guest', S390, '--merge', 'page', '--limit', '9999');
    expect([stdout.length > 10, stderr]).toEqual([true, '']);
  });

  test('a disk that is full', () => {
    const { status, stderr } = shell('"$@" > /dev/full', 'arch', 'list');
    expect([status, LINE.test(stderr), stderr]).toEqual([1, true, expect.stringContaining('cannot be written')]);
    expect(shell('"$@" 2> /dev/full', 'wlak').status).toBe(2);
  });

  // The loader of the sources asks for the directory itself, so that a process of the tests would not get as far.
  test('a working directory that was removed', () => {
    const cwd = vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw new Error('ENOENT: no such file or directory, uv_cwd');
    });
    try {
      expect(run(['arch', 'show', 's390'], false)).toMatchObject({ error: '', status: 0 });
    } finally {
      cwd.mockRestore();
    }
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends it without a trace: status %i to a shell', async (signal, status) => {
    const child = spawn('sh', ['-c', '"$@"; echo $?', 'sh', process.execPath, ...NODE, MAIN, 'neutral'], {
      ...{ cwd: root, detached: true },
    });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    let error = '';
    child.stderr.on('data', (text) => {
      error += text;
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    // The command itself, which the shell waits for.
    const inner = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).trim();
    process.kill(Number(inner), signal);
    await ended;
    expect([said.trim(), /\bat .*:\d+/.test(error)]).toEqual([String(status), false]);
  });
});

describe('files', () => {
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  const zeros = gzipSync(Buffer.alloc(2 ** 26));
  write('bomb.gz', Buffer.concat(Array.from({ length: 16 }, () => zeros)));
  truncateSync(write('big.bin', ''), 5 * 2 ** 30);
  write('empty.json', '');
  write('not-json.json', '{ this is not json');
  write('deep.json', '['.repeat(100_000) + ']'.repeat(100_000));
  write('bom.json', '\ufeff{}');

  test.each([
    ['walk 0 --guest fifo', 1, 'a regular file'],
    ['arch show --definition fifo', 1, 'a regular file'],
    ['translate 0 --image fifo --arch x86-64 --root 0', 1, 'a regular file'],
    ['translate 0 --image /dev/zero --arch x86-64 --root 0', 1, 'a regular file'],
    ['translate 0 --image /dev/urandom --arch x86-64 --root 0', 1, 'a regular file'],
    ['translate 0 --image bomb.gz --arch x86-64 --root 0', 1, '67108864 bytes (--max-size), unpacked'],
    ['demo --guest bomb.gz', 1, '67108864 bytes'],
    ['demo --fixtures image.bin', 1, 'a guest; name one'],
    ['arch show --definition empty.json', 1, 'expected JSON'],
    ['arch show --definition not-json.json', 1, 'expected JSON'],
    ['arch show --definition deep.json', 1, 'expected JSON'],
    ['arch show --definition bom.json', 1, 'expected JSON'],
    ['arch show --definition image.bin', 1, 'expected JSON'],
    ['arch show --definition /dev/null', 1, 'a regular file'],
    ['arch show --definition .', 1, 'a file, not a folder'],
  ])('%s', (words, status, says) => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      const outcome = run(words.split(' '), false);
      expect([outcome.out, outcome.status]).toEqual(['', status]);
      expect(outcome.error).toMatch(LINE);
      expect(outcome.error).toContain(says);
    } finally {
      process.chdir(before);
    }
  });

  test.each([
    [['conformance', 'bomb.gz'], 1],
    [['translate', '0', '--image', 'big.bin', '--arch', 'x86-64', '--root', '0x1000'], 1],
  ])('%j stays below 256 MB', (words, status) => {
    const script = `process.on('exit', () => process.stderr.write(String(process.resourceUsage().maxRSS)))`;
    const watch = write('watch.mjs', script);
    const found = spawnSync(process.execPath, [...NODE, '--import', watch, MAIN, ...words], {
      ...{ cwd: folder, encoding: 'utf8' },
    });
    expect(found.status).toBe(status);
    expect(Number(found.stderr)).toBeGreaterThan(10_000);
    expect(Number(found.stderr)).toBeLessThan(256_000);
  });
});

describe('letters', () => {
  const ESC = '\u001b';
  const good = JSON.parse(run(['arch', 'show', 'x86-64', '--json'], false).out);
  good.id = `${ESC}]0;title\u0007${ESC}[2J\r\n9 passed, 0 failed\u202e`;
  const fields = good.levels.pte.leaf.fields;
  good.levels.pte.leaf.fields = Object.fromEntries(
    Object.entries(fields).map(([name, of]) => [`${name}${ESC}[31m`, of]),
  );
  const file = write('control-letters.json', JSON.stringify(good));

  test.each([
    [['arch', 'show', '--definition', file]],
    [['arch', 'show', '--definition', file, '--json']],
    [['explain', '--entry', '0x8067', '--level', 'pte', '--definition', file]],
    [['explain', '0', '--image', image, '--root', '0x1000', '--definition', file]],
    [['walk', '0x1', `--${ESC}[2J`]],
    [['walk', `${ESC}[2J\n9 passed`, ...from]],
    [[`${ESC}c`]],
    [['conformance', `${ESC}[2J\r\n9 passed, 0 failed\r\n`]],
  ])('%j', (words) => {
    const { out, error } = run(words, false);
    expect(out + error).not.toMatch(/[^\n\P{Cc}]|\p{Cf}|^9 passed/mu);
  });
});

describe('calls that are off: one line, status 2', () => {
  test.each([
    [['walk', '0x1', '--no-json']],
    [['walk', '0x1', '--json=maybe', ...from]],
    [['walk', '0x1', '--json', 'false', ...from]],
    [['walk', '0x1', '--json', '--json', ...from]],
    [['walk', '0x1', '--guest.x=1']],
    [['walk', '0x1', '--__proto__.x=1']],
    [['walk', '0x1', '--maxSize', '5', ...from]],
    [['walk', '0x1', '-abc', ...from]],
    [['walk', '0x1', '--max-size', '0', ...from]],
    [['walk', '0x1', '--max-size', '9G', ...from]],
    [['walk', '0x1', '--root=', ...from]],
    [['walk', '0x1', '--root', ...from]],
    [['walk', '0x1', ...from, '--state']],
    [['walk', '0x1', ...from, '--state=']],
    [['walk', '0x1', ...from, '--state', 'nonsense=1']],
    [['walk', '0x1', ...from, '--linux', 'six']],
    [['translate', '0', '--image']],
    [['walk', '0x1', '--process', '99', '--guest', S390]],
    [['walk', `0x${'f'.repeat(100_000)}`, ...from]],
    [['gup', '0x1', ...from]],
    [['x'.repeat(100_000)]],
  ])('%j', (words) => {
    const { out, error, status } = run(words, false);
    expect([out, status]).toEqual(['', 2]);
    expect(error).toMatch(LINE);
  });
});
