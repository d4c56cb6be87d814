/** `kernel-mm conformance` as a user calls it: blocks, counts, exit statuses, and files that cannot be used. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { run } from '../src/index.ts';

const guests = join(import.meta.dirname, '../../../fixtures/guests');
const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const file = (name: string, content: object | string | Uint8Array): string => {
  const at = join(folder, name);
  const plain = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
  writeFileSync(at, name.endsWith('.gz') ? gzipSync(plain) : plain);
  return at;
};
const conformance = (...words: string[]) => run(['conformance', ...words], false);

// s390, a 2-level table: segment[1] = page table at 0x2000, page[2] = frame 0x9000.
const CASE = {
  ...{ name: 'a page', root: '0x1000', va: '0x102123', access: 'read', expect: { pa: '0x9123' } },
  entries: [
    ['0x1008', '0x2000'],
    ['0x2010', '0x9000'],
  ],
};
const WALKS = { format: 'kernel-mm/walk-vectors@1', arch: 's390', cases: [CASE] };
const wrong = { ...WALKS, cases: [CASE, { ...CASE, name: 'wrong', expect: { fault: 'protection', code: '0x4' } }] };
const ENTRIES = {
  ...{ format: 'kernel-mm/entry-vectors@1', arch: 's390' },
  cases: [{ name: 'an old page', level: 'pte', raw: '0x9611', expect: { present: true, young: false } }],
};

// What a guest and bare-metal tests must have, and not a fact.
const EMPTY = {
  ...{ name: 'n', guest: { arch: 's390x', release: '6.1', pagesize: 4096 } },
  memory: { pieces: [] },
};
const SILENT = { name: 'p', registers: { cr1: '0x7', cr13: '0x7' }, facts: [{ v: '0x0' }] };
const NO_TESTS = { ram_size: 4096, data_frames: { start: '0x0', end: '0x0' }, tests: [] };

describe('what passes', () => {
  test('plain or gzip, several files, and what was checked', () => {
    const { out, error, status } = conformance(file('walks.json', WALKS), file('entries.json.gz', ENTRIES));
    expect({ error, status }).toEqual({ error: '', status: 0 });
    expect(out.trimEnd().split('\n').slice(1)).toEqual([
      expect.stringMatching(/entries\.json\.gz: 1 passed, 0 failed \(1 entry\)$/),
      'checked: 1 walk, 1 entry',
      '2 passed, 0 failed',
    ]);
  });

  test('a guest, its memory beside it: plain too, and under the name that it says', () => {
    const json = gunzipSync(readFileSync(join(guests, 's390x-upgrade-1-up-l3.json.gz'))).toString();
    const memory = gunzipSync(readFileSync(join(guests, 's390x-upgrade-1-up-l3.mem.gz')));
    file('s390x-upgrade-1-up-l3.mem.gz', memory);
    const { out, status } = conformance(file('renamed.json', json));
    expect(out).toContain('checked: 175 pagemap, 28 content, 55 head, 182 qemu_gpa, 73 kernel\n513 passed, 0 failed\n');
    expect(status).toBe(0);
    file('other.mem', memory);
    expect(conformance(file('other.json', json.replaceAll('s390x-upgrade-1-up-l3', 'nowhere'))).status).toBe(0);
  });

  test('what cannot be compared is counted, with its reason', () => {
    const { out } = conformance(join(guests, 's390x-1.json.gz'));
    expect(out).toMatch(/^not checked: 48 a leaf size beyond what the tables translate, /m);
    expect(out).toContain(', 514 the signals of s390x do not carry the CPU’s code');
  });
});

describe('what fails', () => {
  test('one block: the case, what was expected, what came, the walk', () => {
    const at = file('wrong.json', wrong);
    const { out, error, status } = conformance(at);
    expect({ error, status }).toEqual({ error: '', status: 1 });
    const [title, expected, got, ...rest] = out.trimEnd().split('\n');
    expect(title).toBe(`FAIL ${at}: walk: case "wrong": read 0x102123`);
    expect(expected).toBe('  expected  protection 0x4');
    expect(got).toBe('  got       physical 0x9123 (physical 0x9123 instead of a fault)');
    expect(rest.join('\n')).toMatch(/^ {4}.*pmd\[1\] = 0x1008 .*0x2000 .*pte\[2\] = 0x2010 .*0x9000 /s);
    expect(rest.slice(-4)).toEqual(['', `${at}: 1 passed, 1 failed (2 walk)`, 'checked: 2 walk', '1 passed, 1 failed']);
  });

  test('an entry, with what it is', () => {
    const cases = [{ ...ENTRIES.cases[0], expect: { present: true, young: true } }];
    const { out, status } = conformance(file('old.json', { ...ENTRIES, cases }));
    expect(status).toBe(1);
    expect(out).toContain('expected  present, young\n  got       present, not young\n');
  });

  test('a case that is malformed, alone: the others run', () => {
    const cases = [{ ...CASE, note: '' }, null, { ...CASE, name: 'b' }];
    const at = file('malformed.json', { ...WALKS, cases });
    const { out, status } = conformance(
      at,
      file('none.json', { ...ENTRIES, cases: [{ ...ENTRIES.cases[0], raw: 0 }] }),
    );
    expect(status).toBe(1);
    const blocks = [
      `FAIL ${at}: walk: case "a page": note\n  expected  only keys that the format has\n  got       a case that cannot be run\n`,
      `FAIL ${at}: walk: case 2 of 3\n  expected  Object\n  got       a case that cannot be run\n`,
      `${at}: 1 passed, 2 failed (3 walk)\n`,
    ];
    expect(out.startsWith(blocks.join('\n'))).toBe(true);
    expect(out).toContain('none.json: entry: case "an old page": raw\n');
    expect(out.endsWith('checked: 3 walk, 1 entry\n1 passed, 3 failed\n')).toBe(true);
  });

  test('colours only where asked', () => {
    const at = file('wrong.json', wrong);
    expect(run(['conformance', at], true).out).toContain('\u001b[31mFAIL');
    expect(conformance(at).out).not.toContain('\u001b[');
  });

  test('the layout of an entry file: a name of the architecture’s own, or a Linux version', () => {
    const pgd = {
      arch: 'arm64-4k-va48',
      cases: [{ name: 'n', level: 'pte', raw: '0x800', expect: { present: true } }],
    };
    const of = (layout: string, more: object = {}) =>
      conformance(file('layout.json', { ...ENTRIES, ...more, layout }))
        .out.trimEnd()
        .split('\n')
        .at(-1);
    // The present-invalid bit (11) of arm64 came with v6.11.
    expect(of('6.12', pgd)).toBe('1 passed, 0 failed');
    expect(of('6.1', pgd)).toBe('0 passed, 1 failed');
    expect(of('present')).toBe('1 passed, 0 failed');
    expect(of('v6.12')).toBe('1 passed, 0 failed');
    expect(of('sun4u')).toBe('0 passed, 1 failed');
    expect(of('new', pgd)).toBe('0 passed, 1 failed');
  });
});

describe('a file that cannot be used is a failure, and the others still run', () => {
  test.each<[string, () => string, string]>([
    ['not there', () => join(folder, 'nowhere.json'), 'nowhere.json: expected a file that can be read'],
    ['no JSON', () => file('none.json', 'x'), 'expected JSON, plain or gzip'],
    ['null', () => file('null.json', 'null'), 'format: expected one of kernel-mm/walk-vectors@1'],
    [
      'half a gzip',
      () => file('half.json', gzipSync(JSON.stringify(WALKS)).subarray(0, 60)),
      'expected a whole gzip file',
    ],
    ['another format', () => file('f.json', { format: 'x' }), 'oracle-dat-1, not x'],
    ['a list of formats', () => file('f.json', { format: [WALKS.format] }), 'not ["kernel-mm/walk-vectors@1"]'],
    ['a key of every object', () => file('f.json', { format: 'toString' }), 'not toString'],
    [
      'an unknown architecture',
      () => file('vax.json', { ...WALKS, arch: 'vax' }),
      'arch: expected an architecture that is known, not vax',
    ],
    ['an unknown key', () => file('k.json', { ...WALKS, era: '' }), 'era: expected only keys that the format has'],
    [
      'another’s state',
      () => file('c.json', { ...WALKS, context: { user: true } }),
      'context.user: expected a key of s390: edat1, edat2, iep',
    ],
    [
      'no memory',
      () => file('lost.json', gunzipSync(readFileSync(join(guests, 's390x-1.json.gz')))),
      'lost.mem.gz: expected a file that can be read',
    ],
    ['a guest of another kind', () => file('g.json', { format: 'oracle-fixture-1' }), 'g.mem.gz: expected'],
    ['leaves', () => join(guests, 'x86_64-l4-1.infotlb.json.gz'), 'a list of leaves is compared with its guest'],
    [
      'a memory image',
      () => join(folder, 's390x-1.vmcore.elf.xz'),
      'a whole memory image is for readers of such images',
    ],
    ['the memory itself', () => join(guests, 's390x-1.mem.gz'), 'memory is found by the .json beside it'],
    ['a folder', () => folder, 'expected a file, not a folder'],
  ])('%s', (_, make, message) => {
    const at = make();
    const { out, error, status } = conformance(at, file('good.json', WALKS));
    expect({ error, status }).toEqual({ error: '', status: 1 });
    expect(out).toContain(`FAIL ${at}\n`);
    expect(out).toContain(message);
    expect(out).toContain('good.json: 1 passed, 0 failed (1 walk)');
    expect(out.endsWith('\n1 passed, 1 failed\n')).toBe(true);
  });

  test.each<[string, object]>([
    ['a guest without processes', { ...EMPTY, format: 'oracle-fixture-1', processes: [] }],
    ['one that says nothing of its pages', { ...EMPTY, format: 'oracle-fixture-1', processes: [SILENT] }],
    ['no tests', { ...EMPTY, ...NO_TESTS, format: 'oracle-dat-1' }],
  ])('a file without a fact, which is no success of anything: %s', (_, json) => {
    file('empty.mem', '');
    const at = file('empty.json', json);
    const lines = [
      `FAIL ${at}`,
      '  empty.json: expected at least one fact',
      '',
      `${at}: 0 passed, 1 failed (nothing checked)`,
    ];
    const alone = conformance(at);
    expect(alone.out).toBe(`${[...lines, 'checked: nothing', '0 passed, 1 failed'].join('\n')}\n`);
    expect(alone.status).toBe(1);
    const beside = conformance(file('good.json', WALKS), at);
    expect(beside.out).toContain(lines.join('\n'));
    expect(beside.out.endsWith('\n1 passed, 1 failed\n')).toBe(true);
    expect(beside.status).toBe(1);
  });
});

describe('a call that is off', () => {
  test.each([
    [[], 'Not enough non-option arguments: got 0, need at least 1'],
    [['x', '--json'], 'Unknown argument: json'],
  ])('%j', (words, message) => {
    const { out, error, status } = conformance(...words);
    expect({ out, status }).toEqual({ out: '', status: 2 });
    expect(error).toContain(message);
    expect(error).toContain('(see kernel-mm conformance --help)');
  });

  test('--help', () => {
    const { out, status } = conformance('--help');
    expect([status, out.replace(/\s+/g, ' ')]).toEqual([0, expect.stringContaining('ends in "N passed, N failed"')]);
    expect(run(['--help'], false).out).toContain('kernel-mm conformance');
  });
});
