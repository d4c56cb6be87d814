/** Walk vectors: what a case may say, each expectation with the twin that must fail, and each slip an error of its own. */
import { describe, expect, test } from 'vitest';
import { defineArch, type Mmu } from '../../src/index.ts';
import { checkWalkVectors, FixtureError } from '../../src/vectors/index.ts';
import { malformed, ran } from '../support/outcomes.ts';
import { refused } from '../support/refused.ts';
import { toyMmu } from '../support/toy-mmu.ts';
import { toy3Spec, toy32 } from '../support/toys.ts';

// pgd[1] = table at 0x1000, pmd[2] = table at 0x2000, pte[3] = page 0x9000: address 0x93000 + 0x123.
const PAGE: readonly (readonly [string, string])[] = [
  ['0x8', '0x1001'],
  ['0x1010', '0x2001'],
  ['0x2018', '0x902d'],
];
const CASE = { name: 'a page', root: '0x0', va: '0x93123', access: 'read', entries: PAGE, expect: { pa: '0x9123' } };
const FILE = { format: 'kernel-mm/walk-vectors@1', title: 't', source: 's', note: 'n', arch: 'toy3', cases: [CASE] };

const mmus: Readonly<Record<string, Mmu>> = { toy3: toyMmu };
const check = (file: unknown) => checkWalkVectors(file, (id) => mmus[id]);
const one = (changes: object) => ran(check({ ...FILE, cases: [{ ...CASE, ...changes }] })[0]);
const leaf = (value: string) => [...PAGE.slice(0, 2), ['0x2018', value]];

test('a case that is as it should be, and what comes of it', () => {
  expect(check(FILE)).toEqual([
    expect.objectContaining({
      ...{ name: 'a page', passed: true, differences: [], expected: { pa: 0x9123n } },
      query: { root: 0n, addr: 0x93123n, access: 'read' },
      got: expect.objectContaining({ kind: 'address', paddr: 0x9123n }),
    }),
  ]);
});

describe('expectations: each holds, and its twin does not', () => {
  const young = { at: '0x2018', value: '0x902d' };
  test.each<[string, object, object, string]>([
    ['the address', {}, { expect: { pa: '0x9124' } }, 'physical 0x9123 instead of 0x9124'],
    [
      'a write too',
      { expect: { pa: '0x9123', write: true } },
      { expect: { pa: '0x9123', write: false } },
      'write is allowed',
    ],
    [
      'no fetch',
      { entries: leaf('0x903d'), expect: { pa: '0x9123', execute: false } },
      { entries: leaf('0x903d'), expect: { pa: '0x9123', execute: true } },
      'execute is not allowed',
    ],
    [
      'the bits that the walk sets',
      { entries: leaf('0x900d'), expect: { pa: '0x9123', updates: [[young.at, young.value]] } },
      { entries: leaf('0x900d'), expect: { pa: '0x9123', updates: [] } },
      'updates 0x2018 = 0x902d instead of none',
    ],
    [
      'no bits to set',
      { expect: { pa: '0x9123', updates: [] } },
      { expect: { pa: '0x9123', updates: [[young.at, young.value]] } },
      'updates none instead of 0x2018 = 0x902d',
    ],
    [
      'a fault and its code',
      { entries: leaf('0x0'), expect: { fault: 'hole', code: '0x1' } },
      { entries: leaf('0x0'), expect: { fault: 'no-right', code: '0x1' } },
      'fault hole instead of no-right',
    ],
    [
      'the code alone',
      { entries: leaf('0x0'), expect: { fault: '*', code: '0x1' } },
      { entries: leaf('0x0'), expect: { fault: '*', code: '0x2' } },
      'code 0x1 instead of 0x2',
    ],
    [
      'any fault',
      { entries: [], expect: { fault: '*' } },
      { expect: { fault: '*' } },
      'physical 0x9123 instead of a fault',
    ],
    [
      'a fault without a code',
      { context: { poison: '0x20' }, expect: { fault: 'poison' } },
      { context: { poison: '0x20' }, expect: { fault: 'poison', code: '0x0' } },
      'code none instead of 0x0',
    ],
    ['a page where there is one', {}, { entries: leaf('0x0') }, 'fault hole instead of physical 0x9123'],
  ])('%s', (_, holds, fails, difference) => {
    expect(one(holds)).toMatchObject({ passed: true, differences: [] });
    expect(one(fails)).toMatchObject({ passed: false, differences: [difference] });
  });
});

test('an entry that is not listed lies outside memory', () => {
  expect(one({ entries: PAGE.slice(0, 2), expect: { fault: 'bus', code: '0x4' } }).passed).toBe(true);
  expect(one({ entries: PAGE.slice(0, 2) }).differences).toEqual(['fault bus instead of physical 0x9123']);
});

test('an entry that is listed twice is one entry', () => {
  expect(one({ entries: [...PAGE, ...PAGE] }).passed).toBe(true);
});

test('a case’s context is merged over the file’s', () => {
  const file = { ...FILE, context: { user: true, limit: 21 }, cases: [{ ...CASE, entries: leaf('0x9025') }] };
  expect(ran(check(file)[0]).differences).toEqual(['fault no-right instead of physical 0x9123']);
  const forgiving = { ...file, cases: [{ ...file.cases[0], context: { user: false } }] };
  expect(check(forgiving)[0]?.passed).toBe(true);
  expect(one({ context: { limit: 19 }, expect: { fault: 'hole' } }).passed).toBe(true);
});

describe('deviations', () => {
  const lax = {
    of: 'EMU',
    says: 'it takes 0 for a page',
    hardware: () => ({ ...toyMmu.hardware(toyMmu.defaults), begin: anywhere }),
  };
  const anywhere = () => ({ kind: 'page', base: 0x9000n, shift: 12 }) as const;
  const mmu: Mmu = { ...toyMmu, deviations: [lax] };
  const run = (source: string, changes: object = {}) =>
    ran(checkWalkVectors({ ...FILE, source, cases: [{ ...CASE, entries: leaf('0x0'), ...changes }] }, () => mmu)[0]);

  test('a row that the manual contradicts passes as its source does it, and says so', () => {
    expect(run('executed on EMU 1.0')).toMatchObject({
      passed: true,
      deviation: 'it takes 0 for a page',
      differences: [],
    });
  });

  test.each([
    ['of another source', run('by hand')],
    ['that holds neither way', run('executed on EMU 1.0', { expect: { pa: '0x1' } })],
  ])('not one %s', (_, outcome) => {
    expect(outcome).toMatchObject({ passed: false });
    expect(outcome).not.toHaveProperty('deviation');
    expect(outcome.differences[0]).toContain('fault hole'); // what the manual says
  });

  test('the manual first: a row that holds by it does not deviate', () => {
    expect(run('executed on EMU 1.0', { entries: PAGE })).not.toHaveProperty('deviation');
  });
});

test('RISC-V’s root is the physical address of the root table, and satp holds its frame and a mode', () => {
  const arch = defineArch({
    ...toy3Spec,
    id: 'riscv-toy',
    root: {
      fields: { ppn: { kind: 'address', lo: 0, hi: 20, to: 12 }, mode: { kind: 'type', lo: 60, hi: 63 } },
      tops: { pgd: { base: 8n << 60n, limit: 0n } },
    },
  });
  const asked: bigint[] = [];
  const riscv: Mmu = {
    ...{ arch, defaults: {} },
    hardware: () => ({
      ...toyMmu.hardware(toyMmu.defaults),
      begin: ({ root }) => {
        asked.push(root);
        return { kind: 'page', base: 0n, shift: 12 };
      },
      settle: () => ({ kind: 'done', updates: [] }),
    }),
  };
  const run = (root: string) =>
    checkWalkVectors({ ...FILE, arch: 'riscv-toy', cases: [{ ...CASE, root, expect: { pa: '0x123' } }] }, () => riscv);
  expect(run('0x5000')[0]?.passed).toBe(true);
  expect(asked).toEqual([(8n << 60n) | 5n]);
  // No table of RISC-V lies there.
  expect(malformed(run('0x5008'))).toMatchObject({ code: 'malformed', where: 'case "a page": root' });
});

describe('what the format does not have is an error: of the file, or of its case', () => {
  const file = (changes: object): unknown => ({ ...FILE, ...changes });
  const withCase = (changes: object): unknown => file({ cases: [{ ...CASE, ...changes }] });
  const without = (key: string): unknown => {
    const { [key as 'va']: _, ...rest } = CASE;
    return file({ cases: [rest] });
  };

  test.each<[string, unknown, string, string]>([
    ['no object', null, 'format', 'format'],
    ['another version', file({ format: 'kernel-mm/walk-vectors@2' }), 'format', 'format'],
    ['an unknown key of the file', file({ author: 'x' }), 'unknown', 'author'],
    ['no cases', file({ cases: [] }), 'malformed', 'cases'],
    ['no list of cases', file({ cases: undefined }), 'missing', 'cases'],
    ['an architecture that nobody knows', file({ arch: 'vax' }), 'unknown', 'arch'],
    ['no architecture', file({ arch: undefined }), 'missing', 'arch'],
    ['an unknown state of the file', file({ context: { pan: true } }), 'unknown', 'context.pan'],
  ])('of the file: %s', (_, json, code, where) => {
    expect(refused(FixtureError, () => check(json))).toMatchObject({ code, where });
  });

  test.each<[string, unknown, string, string]>([
    ['an unknown key of a case', withCase({ skip: true }), 'unknown', 'case "a page": skip'],
    [
      'an unknown key of an expectation',
      withCase({ expect: { pa: '0x9123', read: true } }),
      'unknown',
      'case "a page": expect.read',
    ],
    [
      'both a page and a fault',
      withCase({ expect: { pa: '0x9123', fault: '*' } }),
      'unknown',
      'case "a page": expect.pa',
    ],
    ['no name', file({ cases: [{ ...CASE, name: undefined }] }), 'missing', 'case 1 of 1: name'],
    ['a name twice', file({ cases: [CASE, CASE] }), 'duplicate', 'case "a page"'],
    ['no root', without('root'), 'missing', 'case "a page": root'],
    ['no address', without('va'), 'missing', 'case "a page": va'],
    ['no access', without('access'), 'missing', 'case "a page": access'],
    ['no entries', without('entries'), 'missing', 'case "a page": entries'],
    ['no expectation', without('expect'), 'missing', 'case "a page": expect'],
    ['an empty expectation', withCase({ expect: {} }), 'missing', 'case "a page": expect.pa'],
    ['an unknown access', withCase({ access: 'fetch' }), 'malformed', 'case "a page": access'],
    ['hex without 0x', withCase({ va: '93123' }), 'malformed', 'case "a page": va'],
    ['hex of 65 bits', withCase({ va: '0x10000000000000000' }), 'malformed', 'case "a page": va'],
    ['a number for a word', withCase({ root: 0 }), 'malformed', 'case "a page": root'],
    ['a bad entry', withCase({ entries: [['0x8', 'x']] }), 'malformed', 'case "a page": entries.0.1'],
    ['half an entry', withCase({ entries: [['0x8']] }), 'missing', 'case "a page": entries.0.1'],
    ['an entry too much', withCase({ entries: [['0x8', '0x1', '0x2']] }), 'unknown', 'case "a page": entries.0.2'],
    [
      'entries that overlap',
      withCase({
        entries: [
          ['0x8', '0x1'],
          ['0xc', '0x1'],
        ],
      }),
      'malformed',
      'case "a page": entries',
    ],
    [
      'two values at one address',
      withCase({ entries: [...PAGE, ['0x8', '0x1003']] }),
      'malformed',
      'case "a page": entries',
    ],
    [
      'a right that is no flag',
      withCase({ expect: { pa: '0x9123', write: 1 } }),
      'malformed',
      'case "a page": expect.write',
    ],
    [
      'a bad update',
      withCase({ expect: { pa: '0x0', updates: [['0x1', 2]] } }),
      'malformed',
      'case "a page": expect.updates.0.1',
    ],
    ['a fault without a name', withCase({ expect: { fault: '' } }), 'malformed', 'case "a page": expect.fault'],
    ['a bad code', withCase({ expect: { fault: '*', code: '4' } }), 'malformed', 'case "a page": expect.code'],
    ['an unknown state', withCase({ context: { pan: true } }), 'unknown', 'case "a page": context.pan'],
    [
      'a state of every object',
      withCase({ context: { toString: true } }),
      'unknown',
      'case "a page": context.toString',
    ],
    ['a flag that is none', withCase({ context: { user: 1 } }), 'malformed', 'case "a page": context.user'],
    ['a number that is none', withCase({ context: { limit: '21' } }), 'malformed', 'case "a page": context.limit'],
    [
      'more bits than an address has',
      withCase({ context: { limit: 65 } }),
      'malformed',
      'case "a page": context.limit',
    ],
    ['a word that is none', withCase({ context: { poison: 1 } }), 'malformed', 'case "a page": context.poison'],
    ['a context that is a list', withCase({ context: [] }), 'malformed', 'case "a page": context'],
  ])('of a case: %s', (_, json, code, where) => {
    expect(malformed(check(json))).toMatchObject({ code, where });
  });

  test('the cases beside it still run, each in its place', () => {
    const cases = [CASE, null, { ...CASE, name: 'bad', extra: 1 }, { ...CASE, name: 'wrong', expect: { pa: '0x1' } }];
    const outcomes = check(file({ cases }));
    expect(outcomes).toMatchObject([
      { kind: 'ran', name: 'a page', passed: true },
      { kind: 'malformed', name: 'case 2 of 4', passed: false, error: { where: 'case 2 of 4', expected: 'Object' } },
      { kind: 'malformed', name: 'bad', passed: false, error: { where: 'case "bad": extra' } },
      { kind: 'ran', name: 'wrong', passed: false },
    ]);
  });

  // JSON may have keys that every object of JavaScript has too, and libraries like to look away from them.
  test.each(['constructor', 'prototype', '__proto__', 'toString'])('a key %s', (key) => {
    const keyed = (object: object): object => JSON.parse(JSON.stringify(object).replace(/.$/, `,"${key}":true}`));
    expect(malformed(check(file({ cases: [keyed(CASE)] })))).toMatchObject({ where: `case "a page": ${key}` });
    expect(malformed(check(withCase({ expect: keyed(CASE.expect) })))).toMatchObject({
      where: `case "a page": expect.${key}`,
    });
    const context = keyed({ user: true });
    expect(malformed(check(withCase({ context })))).toMatchObject({
      ...{ code: 'unknown', where: `case "a page": context.${key}` },
    });
    expect(refused(FixtureError, () => check(keyed(FILE)))).toMatchObject({ code: 'unknown', where: key });
    expect(refused(FixtureError, () => check(file({ context })))).toMatchObject({ where: `context.${key}` });
  });

  test('an entry that is wider than the machine’s', () => {
    const narrow: Mmu = { ...toyMmu, arch: toy32 };
    const json = { ...FILE, cases: [{ ...CASE, entries: [['0x8', '0x100000000']] }] };
    expect(malformed(checkWalkVectors(json, () => narrow))).toMatchObject({
      code: 'malformed',
      where: 'case "a page": entries',
    });
  });
});

test('the keys of the format are those of its ids: s390’s MMU knows a prefix, its vectors do not', () => {
  const s390: Mmu = {
    ...toyMmu,
    arch: { ...toyMmu.arch, id: 's390' },
    defaults: { ...toyMmu.defaults, edat1: false, prefix: 0n },
  };
  const run = (context: object) => checkWalkVectors({ ...FILE, context }, () => s390);
  expect(run({ edat1: true })).toHaveLength(1);
  expect(refused(FixtureError, () => run({ prefix: '0x0' }))).toMatchObject({
    code: 'unknown',
    where: 'context.prefix',
  });
});
