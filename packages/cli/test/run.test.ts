/** The command as a user calls it: words in, text out, exit status. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { run } from '../src/index.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures/guests');
const demo = (...words: string[]) => run(['demo', '--fixtures', fixtures, ...words], false);
const json = (...words: string[]) => JSON.parse(demo('--json', ...words).out);

/** The statuses of a variant's pages in the first range of the first process. */
const statuses = (found: ReturnType<typeof json>, variant: string): string[] =>
  found.processes[0].ranges[0].variants[variant].map((page: { status: string }) => page.status);

describe('demo', () => {
  test('tells example A on the 3-level process, and how the wrong page came about', () => {
    const { out, error, status } = demo();
    expect({ error, status }).toEqual({ error: '', status: 0 });
    expect(out).toContain('process l3: 3 levels, one entry of its top table covers 2 GiB');
    expect(out).toContain('stackCopy              right right | ✗0x0 ✗0x1000 ✗0x2000 stop · ·');
    expect(out).toContain('the other eight        right right | right right right right right right');
    expect(out).toMatch(/pud +0x80000000 +&p4d \+ 8 = stack 0x38000007f88 +0x26d8007 +table at 0x26d8000/);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(
      /^You saw stackCopy, .* 35 pages of other addresses, while 8 other forms/,
    );
    expect(out).not.toContain('\u001b[');
  });

  test('with 5 levels nothing is folded, and all nine are right', () => {
    const found = json('--levels', '5');
    expect(found.processes).toHaveLength(1);
    const pages = found.processes[0].ranges.flatMap((range: { variants: object }) =>
      Object.values(range.variants).flat(),
    );
    expect(pages.length).toBeGreaterThan(300);
    expect(new Set(pages.map((page: { status: string }) => page.status))).toEqual(new Set(['right']));
  });

  test('colours only where asked', () => {
    expect(run(['demo', '--fixtures', fixtures, '--levels', '3'], true).out).toContain('\u001b[31m✗0x0');
  });

  test('a range of one’s own, its frames for programs', () => {
    const found = json('--levels', '3', '--range', '0x7fffe000-0x80002000');
    expect(statuses(found, 'stackCopy')).toEqual(['right', 'right', 'wrong', 'wrong']);
    expect(found.processes[0].ranges[0].variants.stackCopy[2]).toEqual({
      addr: '0x80000000',
      expected: '0x1265000',
      status: 'wrong',
      got: '0x126c000',
      victim: '0x0',
    });
    expect(statuses(found, 'offsetLockless')).toEqual(['right', 'right', 'right', 'right']);
  });

  test('beside a zero the walk goes on to a read at physical 0', () => {
    const found = json('--levels', '3', '--neighbour', 'zero');
    expect(statuses(found, 'stackCopy').slice(0, 4)).toEqual(['right', 'right', 'stack-read', 'unreached']);
    const [, , read] = found.processes[0].ranges[0].variants.stackCopy;
    expect(read.stop).toMatchObject({ kind: 'outside-memory', level: 'pte', slot: { space: 'memory', addr: '0x0' } });
    expect(demo('--levels', '3', '--neighbour', 'zero').out).toContain(
      'pte read at physical 0x0 for 0x80000000: outside memory',
    );
  });

  test('a page that is right by luck is not called right', () => {
    const { ranges } = json('--levels', '3').processes[0];
    const alias = ranges.find((range: { region: string }) => range.region === 'alias2');
    expect(alias.variants.stackCopy.map((page: { status: string }) => page.status)).toEqual([
      'right',
      'right',
      'lucky',
      'lucky',
    ]);
  });

  test('another architecture: no level is iterated on the stack', () => {
    const { out, status } = demo('--arch', 'x86_64-l5');
    expect(status).toBe(0);
    expect(out).toContain('all nine');
    expect(out).toContain('no walk advanced a pointer on its stack');
  });
});

describe('what is not understood', () => {
  test.each([
    [['wlak'], 2, 'Did you mean walk?'],
    [['constructor'], 2, 'Unknown argument: constructor'],
    [['demo', '--levels', '7'], 2, '--levels: expected numbers from 2 to 5'],
    [
      ['demo', '--neighbour', 'ones'],
      2,
      'Argument: neighbour, Given: "ones", Choices: "same", "zero", "poison", "garbage"',
    ],
    [['demo', '--range', '12'], 2, '--range: expected START-END, both in hex'],
    [['demo', '--range', '0x1001-0x3000'], 2, 'addr, end: expected multiples of 2^12'],
    [['demo', '--range', '0x3000-0x1000'], 2, 'end: expected an end that is not before addr'],
    [['demo', '--colour'], 2, 'Unknown argument: colour'],
    [['demo', '--levels', '2'], 2, '--levels: expected levels that a process here has'],
    [['demo', '--arch', 'vax'], 1, 'expected a guest; name one with --guest FILE'],
    [['demo', '--guest', 'nowhere.json.gz'], 1, 'nowhere.json.gz: expected a file that can be read'],
  ] as const)('%j: status %i', (words, status, message) => {
    const outcome = run(
      [words[0], '--fixtures', fixtures, ...words.slice(1)].filter((w) => words[0] === 'demo' || w === words[0]),
      false,
    );
    expect(outcome.status).toBe(status);
    expect(outcome.error).toContain(message);
    expect(outcome.out).toBe('');
  });

  test('--help, and no word at all, print the help', () => {
    for (const words of [[], ['--help'], ['demo', '--help']])
      expect(run(words, false)).toMatchObject({ status: 0, error: '' });
  });
});

describe('guest files that are broken', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
  const write = (name: string, json: unknown, memory: Uint8Array) => {
    writeFileSync(join(folder, `${name}.json.gz`), gzipSync(typeof json === 'string' ? json : JSON.stringify(json)));
    writeFileSync(join(folder, `${name}.mem.gz`), memory);
    return run(['demo', '--guest', join(folder, `${name}.json.gz`)], false);
  };
  const good = readFileSync(join(fixtures, 's390x-upgrade-1-up-l3.mem.gz'));

  test.each([
    ['of another format', { format: 'oracle-dat-1' }, good, 'format: expected oracle-fixture-1, not oracle-dat-1'],
    ['no JSON', '{', good, 'expected JSON'],
    ['memory cut short', { format: 'oracle-fixture-1' }, good.subarray(0, 1000), 'expected a whole gzip file'],
    ['without its keys', { format: 'oracle-fixture-1' }, good, 'name: expected the key to be there'],
  ] as const)('%s', (name, json, memory, message) => {
    const outcome = write(name.replaceAll(' ', '-'), json, memory);
    expect(outcome).toMatchObject({ out: '', status: 1 });
    expect(outcome.error).toContain(message);
  });

  test('of an architecture that is not known', () => {
    const guest = { arch: 'vax', release: '1', pagesize: 512 };
    const process = { name: 'p', registers: {}, facts: [] };
    const fixture = { format: 'oracle-fixture-1', name: 'vax', guest, memory: { pieces: [] }, processes: [process] };
    expect(write('vax', fixture, gzipSync(''))).toMatchObject({
      status: 1,
      error: expect.stringContaining('guest.arch: expected one of s390x'),
    });
  });
});
