/** The commands on real guests: what they answer is what the guests' own kernels recorded; and what is not understood. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { guestFiles, loadGuest, PresentPages, run, runAsync } from '../src/index.ts';
import { COMMANDS } from '../src/run.ts';

const root = join(import.meta.dirname, '../../..');
const fixtures = join(root, 'fixtures/guests');
const S390 = join(fixtures, 's390x-1.json.gz');
const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const hex = (value: bigint): string => `0x${value.toString(16)}`;
const asked = (...words: string[]) => {
  const { out, error, status } = run([...words, '--json'], false);
  expect(error).toBe('');
  return { status, found: JSON.parse(out) };
};

describe.each(['s390x-1', 'x86_64-l4-1', 'riscv64-sv48-1', 'arm64-1', 'ppc64le-1'])('%s', (name) => {
  const file = join(fixtures, `${name}.json.gz`);
  const guest = loadGuest(file);
  const [process] = guest.processes;
  const pages = new PresentPages(guest, process!);
  const some = pages
    .runs()
    .slice(0, 12)
    .map(([start]) => start);

  test('walk and translate end at the frames that the guest’s kernel names', () => {
    expect(some.length).toBeGreaterThan(3);
    const words = some.map(hex);
    const walked = asked('walk', ...words, '--guest', file);
    expect(walked.status).toBe(0);
    const translated = asked('translate', ...words, '--guest', file);
    for (const [n, addr] of some.entries()) {
      const frame = pages.frame(addr);
      if (frame === undefined) continue;
      expect([words[n], walked.found[n].result.paddr]).toEqual([words[n], hex(frame)]);
      expect([words[n], translated.found[n].result.kind, translated.found[n].result.paddr]).toEqual([
        words[n],
        'address',
        hex(frame),
      ]);
    }
  });

  test('ranges lists every page that is present, and no other frame', () => {
    const { found } = asked('ranges', '--guest', file, '--limit', '100000', '--merge', 'any');
    const mapped = found.filter(({ kind }: { kind: string }) => kind === 'mapped');
    for (const addr of some) {
      const frame = pages.frame(addr);
      const range = mapped.find(
        ({ start, end }: { start: string; end: string }) =>
          BigInt(start) <= addr && (addr < BigInt(end) || end === '0x0'),
      );
      expect(range, hex(addr)).toBeDefined();
      if (frame !== undefined) expect(BigInt(range.paddr) + addr - BigInt(range.start)).toBe(frame);
    }
  });
});

describe('raw images', () => {
  test('answer as the guest that they are of', () => {
    const guest = loadGuest(join(fixtures, 'x86_64-l4-1.json.gz'));
    const bytes = gunzipSync(readFileSync(join(fixtures, 'x86_64-l4-1.mem.gz')));
    const images = guest.memory.pieces.map(({ at, length, offset }, n) => {
      const file = join(folder, `piece${n}.gz`);
      writeFileSync(file, gzipSync(bytes.subarray(offset, offset + length)));
      return `${file}@${hex(at)}`;
    });
    const [process] = guest.processes;
    const addr = hex(new PresentPages(guest, process!).runs()[0]![0]);
    const from = [
      '--arch',
      'x86-64',
      '--root',
      hex(process!.registers.cr3!),
      ...images.flatMap((one) => ['--image', one]),
    ];
    const { found } = asked('walk', addr, ...from);
    expect(found).toEqual(asked('walk', addr, '--guest', join(fixtures, 'x86_64-l4-1.json.gz')).found);
  });

  test('of noise end in words, whatever is asked', () => {
    let seed = 1;
    const noise = Uint8Array.from({ length: 1 << 16 }, () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed >> 16;
    });
    const image = join(folder, 'noise');
    writeFileSync(image, noise);
    for (const arch of ['s390', 'x86-64', 'riscv-sv39', 'arm64-4k-va48', 'arm-short', 'powerpc-radix-64k'])
      for (const at of ['0x0', '0x1000', '0x8000000000000000', '0xffffffffffffffff']) {
        const from = ['--arch', arch, '--image', image, '--root', at];
        for (const words of [
          ['walk', '0x1234'],
          ['translate', '0x1234'],
          ['explain', '0x1234'],
          ['ranges', '--budget', '5000'],
          ['gup', '0x0-0x10000'],
        ]) {
          const { out, error, status } = run([...words, ...from], false);
          expect([arch, at, words[0], error]).toEqual([arch, at, words[0], '']);
          expect(out.length).toBeGreaterThan(1);
          expect(status).toBeLessThan(2);
        }
      }
  });
});

test.each([0, 1, 7, 4095])('an image that is cut after %i bytes ends in words', (length) => {
  const image = join(folder, `cut${length}`);
  writeFileSync(image, new Uint8Array(length).fill(0xff));
  for (const name of ['walk', 'translate', 'explain', 'ranges', 'gup']) {
    const words = name === 'ranges' ? [] : [name === 'gup' ? '0x0-0x10000' : '0x0'];
    const { out, error, status } = run([name, ...words, '--arch', 's390', '--image', image, '--root', '0x7'], false);
    expect([name, error, out.length > 1, status]).toEqual([name, '', true, name === 'ranges' ? 0 : 1]);
  }
});

describe('definitions', () => {
  test('arch show --json is what --definition reads', () => {
    const file = join(folder, 'sv39.json');
    writeFileSync(file, run(['arch', 'show', 'riscv-sv39', '--json'], false).out);
    expect(run(['arch', 'show', '--definition', file, '--json'], false).out).toBe(readFileSync(file, 'utf8'));
    // The same but for the machine, which a definition does not have.
    const words = ['explain', '--entry', '0x200000d7', '--level', 'pmd'];
    const { out } = run([...words, '--arch', 'riscv-sv39'], false);
    expect(run([...words, '--definition', file], false).out).toBe(out.slice(0, out.indexOf('  the machine: ')));
  });

  test('arch list has every one', () => {
    const { found } = asked('arch', 'list');
    expect(found.length).toBeGreaterThan(30);
    const levels = found.map(({ id, levels }: { id: string; levels: { least: number; most: number } }) => [
      ...[id, levels.least, levels.most],
    ]);
    expect(levels).toEqual(
      expect.arrayContaining([
        ['s390', 2, 5],
        ['x86-64', 4, 4],
        ['riscv-sv39', 3, 3],
      ]),
    );
    for (const { id } of found) expect(run(['arch', 'show', id], false).out).toContain(`${id}: pages of`);
  });
});

describe('gup', () => {
  const across = (variant: string) => asked('gup', '0x7fffe000-0x80002000', '--variant', variant, '--guest', S390);

  test('stackCopy leaves its copy across 2 GiB; the form that was merged does not', () => {
    const { status, found } = across('stackCopy');
    expect([status, found.addressCorrect, found.law, found.strays.length]).toEqual([1, false, false, 1]);
    expect(found.read.map(({ pointer }: { pointer: string }) => pointer)).toContain('&p4d + 8');
    const mended = across('offsetLockless');
    expect([mended.status, mended.found.addressCorrect, mended.found.leaves.length]).toEqual([0, true, 4]);
    expect(mended.found.pinned.frames).toEqual([0x1267, 0x1266, 0x1265, 0x1264]);
  });

  test('--write pins only what may be written', () => {
    const file = join(fixtures, 'x86_64-l4-1.json.gz');
    const text = ['gup', '0x401000-0x404000', '--guest', file]; // a program's text
    const { status, found } = asked(...text);
    expect([status, found.pinned.ret]).toEqual([0, 3]);
    const writing = asked(...text, '--write');
    expect([writing.status, writing.found.addressCorrect, writing.found.pinned.ret]).toEqual([1, true, 0]);
    expect(writing.found.pinned.stop).toMatchObject({ kind: 'refused', addr: '0x401000' });
    expect(run([...text, '--write'], false).out).toMatch(/pinned for writing: 0 of 3 pages: pte .*0x401000/);
  });
});

test('explain says what would change a refusal', () => {
  const { out, status } = run(['explain', '0x0', '--access', 'execute', '--guest', S390], false);
  expect(status).toBe(1);
  expect(out).toContain('what would change it:');
  expect(out).toContain('taken away:');
});

test('an entry where it lies is the entry that the walk read', () => {
  const { steps } = asked('walk', '0x7fffe000', '--guest', S390).found[0];
  expect(steps).toHaveLength(5);
  for (const { level, slot, entry, says } of steps) {
    const { found } = asked('explain', '--at', slot.addr, '--level', level, '--guest', S390);
    expect(found).toMatchObject({ arch: 's390', level, entry, says });
  }
});

test('every example of the help runs', async () => {
  const before = process.cwd();
  process.chdir(root);
  try {
    for (const { examples } of COMMANDS)
      for (const [words] of examples.filter(([one]) => !one.startsWith('neutral'))) {
        const { out, error, status } = await runAsync(words.split(' '), false);
        expect([words, error]).toEqual([words, '']);
        expect(out.length, words).toBeGreaterThan(10);
        expect(status, words).toBeLessThan(2);
      }
  } finally {
    process.chdir(before);
  }
}, 60_000);

test('the help of each command has its options, its examples, and its exit status', () => {
  for (const { words, examples, options, ends } of COMMANDS) {
    const [name = ''] = words.split(' ');
    const { out, status } = run([name, '--help'], false);
    expect(status).toBe(0);
    for (const option of Object.keys(options)) expect(out).toContain(`--${option}`);
    const flat = out.replace(/\s+/g, ' ');
    expect(flat).toContain(ends.replace(/\s+/g, ' '));
    expect(examples.length).toBeGreaterThan(0);
  }
});

test('completion: a script, commands, options, and their values', () => {
  expect(run(['completion'], false).out).toContain('complete -o bashdefault');
  const words = (...typed: string[]) => run(['--get-yargs-completions', 'kernel-mm', ...typed], false).out.split('\n');
  expect(words('')).toEqual(expect.arrayContaining(['walk', 'translate', 'ranges', 'explain', 'gup', 'arch']));
  expect(words('walk', '--')).toEqual(expect.arrayContaining(['--guest', '--image', '--root']));
  expect(words('gup', '--variant', '')).toEqual(expect.arrayContaining(['stackCopy', 'offsetLockless']));
  expect(words('walk', '--arch', '')).toContain('s390');
  expect(words('arch', 'show', 's')).toEqual(['sparc64', 's390', '']);
  const own = (...typed: string[]) => words(...typed, join(root, 'docs/examples/first-')).map((one) => basename(one));
  expect(own('judge')).toEqual(['first-walk.ts', '']);
  expect(own('arch', 'check')).toEqual(['first-walk.ts', '']);
  expect(words('arch', 'check', join(root, 'pack'))).toEqual(
    expect.arrayContaining([join(root, 'package.json'), join(root, 'package-lock.json')]),
  );
  expect(words('judge', join(root, 'pack'))).toEqual(['']);
  expect(words('judge', '/nowhere/')).toEqual(['']);
  expect(words('judge', '--na')).toContain('--name');
  for (const option of ['--guest', '--image', '--definition']) expect(words('walk', option, '')).toEqual(['']);
});

test.each([
  [['wlak'], 2, 'Did you mean walk?'],
  [['walk'], 2, 'Not enough non-option arguments'],
  [['walk', '0x1'], 2, '--guest: expected a guest'],
  [['walk', 'here', '--guest', S390], 2, 'addr: expected a number of 64 bits, not here'],
  [['walk', '0x10000000000000000', '--guest', S390], 2, 'a number of 64 bits'],
  [['walk', '0x1', '--guest', S390, '--guest', S390], 2, '--guest: expected one value'],
  [['walk', '0x1', '--guest', S390, '--process', 'init'], 2, '--process: expected one of 0 '],
  [['walk', '0x1', '--guest', S390, '--root', '0x1'], 2, 'mutually exclusive'],
  [['walk', '0x1', '--image', S390, '--arch', 's390'], 2, '--root: expected the root register'],
  [['walk', '0x1', '--image', S390, '--root', '0x1'], 2, '--arch: expected an architecture'],
  [['walk', '0x1', '--image', '/nowhere', '--arch', 's390', '--root', '0x1'], 1, 'expected a file that can be read'],
  [
    ['walk', '0x1', '--image', S390, '--image', S390, '--arch', 's390', '--root', '0x1'],
    2,
    '--image: expected images that do not overlap',
  ],
  [['translate', '0x1', '--guest', S390, '--access', 'look'], 2, 'Choices: "read", "write", "execute"'],
  [['translate', '0x1', '--guest', S390, '--state', 'edat1'], 2, '--state: expected KEY=VALUE'],
  [['translate', '0x1', '--guest', S390, '--state', 'nxe=true'], 2, '--state.nxe: expected a key of s390'],
  [['translate', '0x1', '--guest', S390, '--state', 'edat1=7'], 2, '--state.edat1: expected true or false'],
  [['explain', '--guest', S390], 2, 'addr: expected an address, or --entry'],
  [['explain', '--entry', '0x1', '--arch', 's390'], 2, '--level: expected pgd, p4d, pud, pmd, pte'],
  [['explain', '--entry', '0x100000000', '--level', 'pte', '--arch', 'riscv-sv32'], 2, '--entry: expected 32 bits'],
  [['ranges', '--guest', S390, '--limit', '0'], 2, '--limit: expected a whole number above 0'],
  [
    ['ranges', '--guest', S390, '--from', '0x2000', '--to', '0x1000'],
    2,
    'end: expected an end that is not before start',
  ],
  [['walk', '0x1', '--guest'], 2, '--guest: expected a value'],
  [['walk', '0x1', '--image', S390, '--process', '1'], 2, 'process -> guest'],
  [['walk', '0x1', '--image', S390, '--kernel'], 2, 'kernel -> guest'],
  [['walk', '0x1', '--guest', S390, '--kernel', '--process', '1'], 2, 'mutually exclusive'],
  [['walk', '0x1', '--guest', S390, '--linux', '6.1'], 2, 'mutually exclusive'],
  [['walk', '0x1', '--guest', S390, '--definition', S390], 2, 'mutually exclusive'],
  [['arch', 'show', '--definition', import.meta.filename], 1, 'expected JSON, plain or gzip'],
  [['arch', 'show', '--definition', '/nowhere'], 1, 'expected a file that can be read'],
  [['arch', 'list', 's390'], 2, 'id: expected nothing behind arch list'],
  [['explain', '0x1', '--entry', '0x1', '--level', 'pte', '--arch', 's390'], 2, 'mutually exclusive'],
  [['explain', '--at', '0x0', '--level', 'pte'], 2, '--guest: expected a guest'],
  [
    ['explain', '--at', '0xfffffffffffffff8', '--level', 'pte', '--guest', S390],
    2,
    '--at: expected an entry of 8 bytes',
  ],
  [['gup', '0x0-0', '--guest', S390], 2, 'range: expected a range that is not empty'],
  [['gup', '0x1000', '--guest', S390], 2, 'range: expected START-END'],
  [['gup', '0x1001-0x2000', '--guest', S390], 2, 'expected multiples of'],
  [['arch', 'show'], 2, 'id: expected one of arch list'],
  [['arch', 'show', 'vax'], 2, 'id: expected one of x86-32, '],
  [['arch', 'show', 's390', '--runs', '3'], 2, '--mutants, --runs: expected arch check before them'],
  [['arch', 'check'], 2, 'id: expected a FILE behind arch check'],
  [['arch', 'check', 'a.json', '--linux', '6.1'], 2, 'id: expected a FILE behind arch check'],
  [['arch', 'check', 'a.json'], 2, 'arch: expected runAsync, since it reads a module'],
  [['judge'], 2, 'Not enough non-option arguments'],
  [['judge', 'a.js'], 2, '--arch: expected an architecture'],
  [['judge', 'a.js', '--arch', 's390', '--root', '0x0'], 2, '--guest: expected a guest'],
  [['judge', 'a.js', '0x0-0x1000', '--arch', 's390'], 2, '--guest: expected a guest'],
  [['judge', 'a.js', '--guest', S390], 2, 'range: expected START-END in hex, in the memory that is named'],
  [['judge', 'a.js', '--arch', 's390', '--runs', '0'], 2, '--runs: expected a whole number above 0'],
  [['arch', 'show', '--definition', S390], 2, 'id: is not said'],
] as const)('%j: status %i', (words, status, message) => {
  const outcome = run(words, false);
  expect(outcome.error).toContain(message);
  expect([outcome.out, outcome.status]).toEqual(['', status]);
});

test('guests that can be named', () => {
  expect(guestFiles(fixtures, '').length).toBeGreaterThan(10);
});
