/** Entry vectors: only what is asked is compared, and each slip is an error with the name of its case. */
import { describe, expect, test } from 'vitest';
import { checkEntryVectors, FixtureError } from '../../src/vectors/index.ts';
import { malformed, ran } from '../support/outcomes.ts';
import { refused } from '../support/refused.ts';
import { toy3, toy32, toyProcess } from '../support/toys.ts';

const CASE = { name: 'a page', level: 'pte', raw: '0x902d', expect: { present: true, write: true, none: false } };
const FILE = { format: 'kernel-mm/entry-vectors@1', arch: 'toy3', cases: [CASE] };
const archs = { toy3, toy32, toyProcess };
const check = (file: unknown) =>
  checkEntryVectors(file, (id, layout) => (layout === 'other' ? undefined : archs[id as 'toy3']));
const one = (changes: object, file: object = {}) =>
  ran(check({ ...FILE, ...file, cases: [{ ...CASE, ...changes }] })[0]);

test('a case that is as it should be', () => {
  expect(check(FILE)).toEqual([
    expect.objectContaining({
      ...{ name: 'a page', passed: true, level: 'pte', raw: 0x902dn },
      got: { present: true, write: true, none: false },
    }),
  ]);
});

test.each([
  ['present', { present: false }, { present: true }],
  ['a predicate that the definition leaves out is never true', { special: true }, { special: false }],
  ['bad and leaf', { level: 'pmd', raw: '0x3', expect: { leaf: false } }, { leaf: true }],
])('%s', (_, wrong, got) => {
  const changes = 'expect' in wrong ? wrong : { expect: wrong };
  expect(one(changes)).toMatchObject({ passed: false, got });
  expect(one({ ...changes, expect: got })).toMatchObject({ passed: true, got });
});

test('one wrong answer of many is a failure', () => {
  expect(one({ expect: { present: true, write: false } }).passed).toBe(false);
});

test('above a folded level the answers are constants', () => {
  expect(one({ level: 'pgd', raw: '0x0', expect: { none: false, present: true } }).passed).toBe(true);
});

test('the layout says whose helpers', () => {
  expect(one({}, { layout: '6.1' }).passed).toBe(true);
  const error = refused(FixtureError, () => one({}, { layout: 'other' }));
  expect(error).toMatchObject({ code: 'unknown', where: 'arch' });
  expect(error.message).toContain('toy3, layout other');
});

describe('what the format does not have is an error: of the file, or of its case', () => {
  const file = (changes: object): unknown => ({ ...FILE, ...changes });
  const withCase = (changes: object): unknown => file({ cases: [{ ...CASE, ...changes }] });
  test.each<[string, unknown, string, string]>([
    ['the other format', file({ format: 'kernel-mm/walk-vectors@1' }), 'format', 'format'],
    ['an unknown key of the file', file({ context: {} }), 'unknown', 'context'],
    ['no cases', file({ cases: [] }), 'malformed', 'cases'],
    ['an architecture that nobody knows', file({ arch: 'vax' }), 'unknown', 'arch'],
  ])('of the file: %s', (_, json, code, where) => {
    expect(refused(FixtureError, () => check(json))).toMatchObject({ code, where });
  });

  test.each<[string, unknown, string, string]>([
    ['an unknown key', withCase({ va: '0x0' }), 'unknown', 'case "a page": va'],
    ['an unknown predicate', withCase({ expect: { huge: true } }), 'unknown', 'case "a page": expect.huge'],
    ['nothing asked', withCase({ expect: {} }), 'malformed', 'case "a page": expect'],
    ['an answer that is none', withCase({ expect: { none: 0 } }), 'malformed', 'case "a page": expect.none'],
    ['an unknown level', withCase({ level: 'pxd' }), 'malformed', 'case "a page": level'],
    ['a bad word', withCase({ raw: '12' }), 'malformed', 'case "a page": raw'],
    [
      'a word too wide',
      { ...FILE, arch: 'toy32', cases: [{ ...CASE, raw: '0x100000000' }] },
      'malformed',
      'case "a page": raw',
    ],
    ['a name twice', file({ cases: [CASE, CASE] }), 'duplicate', 'case "a page"'],
  ])('of a case: %s', (_, json, code, where) => {
    expect(malformed(check(json))).toMatchObject({ code, where });
  });

  test.each(['constructor', 'prototype', '__proto__'])('a key %s', (key) => {
    const keyed = (object: object): object => JSON.parse(JSON.stringify(object).replace(/.$/, `,"${key}":true}`));
    expect(malformed(check(file({ cases: [keyed(CASE)] })))).toMatchObject({ where: `case "a page": ${key}` });
    const asked = withCase({ expect: keyed(CASE.expect) });
    expect(malformed(check(asked))).toMatchObject({ where: `case "a page": expect.${key}` });
  });

  test('the cases beside it are still asked', () => {
    const outcomes = check(
      file({
        cases: [
          { ...CASE, name: '' },
          { ...CASE, level: 'pxd' },
          { ...CASE, name: 'b' },
        ],
      }),
    );
    expect(outcomes).toMatchObject([
      { kind: 'malformed', name: 'case 1 of 3', passed: false, error: { where: 'case 1 of 3: name' } },
      { kind: 'malformed', name: 'a page', passed: false, error: { where: 'case "a page": level' } },
      { kind: 'ran', name: 'b', passed: true },
    ]);
  });
});
