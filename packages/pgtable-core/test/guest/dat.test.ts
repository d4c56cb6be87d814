/** Bare-metal tests: what a file says of each, and the data frames that it leaves to be generated. */
import { describe, expect, test } from 'vitest';
import { FixtureError, readDat } from '../../src/guest/index.ts';
import { paddr } from '../../src/index.ts';
import { refused } from '../support/refused.ts';

const state = { edat1: false, edat2: false, iep: true };
const TESTS = [
  { group: 'g', asce: '0x1003', ...state, v: '0x10', access: 'r', ok: true, pa: '0x2010', lrag: '0x2010', teid: '0x1' },
  { group: 'g', asce: '0x1003', ...state, v: '0x20', access: 'x', ok: true, pa: null, lrag: '0x0' },
  { group: 'g', asce: '0x1003', ...state, v: '0x30', access: 'w', ok: false, code: 4, lrag_cc: 3 },
  { group: 'g', asce: '0x20', ...state, v: '0x0', access: 'r', ok: true, pa: '0x0', content: '0x7' },
];
const GOOD = {
  ...{ format: 'oracle-dat-1', name: 'toy', ram_size: 0x4000, tests: TESTS },
  data_frames: { start: '0x2000', end: '0x2020' },
  memory: { pieces: [['0x1000', 8, 0]] },
};
const TABLES = Uint8Array.from({ length: 8 }, (_, i) => i);
const read = (changes: object = {}, tables = TABLES) => readDat({ ...GOOD, ...changes }, tables);

test('a file that is as it should be', () => {
  const { name, tests, storage } = read();
  expect({ name, storage }).toEqual({ name: 'toy', storage: 0x4000n });
  expect(tests).toEqual([
    { group: 'g', asce: 0x1003n, ...state, addr: 0x10n, access: 'r', paddr: 0x2010n, real: 0x2010n },
    { group: 'g', asce: 0x1003n, ...state, addr: 0x20n, access: 'x', real: 0n },
    { group: 'g', asce: 0x1003n, ...state, addr: 0x30n, access: 'w', code: 4n },
    { group: 'g', asce: 0x20n, ...state, addr: 0n, access: 'r', paddr: 0n, content: 7n },
  ]);
});

test('the data frames hold their own addresses, and what a branch arrives at', () => {
  const { memory } = read();
  const words = [0x2000n, 0x2008n, 0x2010n, 0x2018n, 0x2020n].map((at) => memory.read(paddr(at), 8, 'big'));
  expect(words).toEqual([0x2000n, 0x0a42_0a42_0a42_0a42n, 0x2010n, 0x0a42_0a42_0a42_0a42n, undefined]);
  expect(memory.read(paddr(0x1000n), 8, 'big')).toBe(0x0001_0203_0405_0607n);
});

describe('errors', () => {
  const changed = (changes: object) => ({ tests: [{ ...TESTS[0], ...changes }] });
  test.each<[string, object, string, string]>([
    ['another format', { format: 'oracle-fixture-1' }, 'format', 'format'],
    ['no tests', { tests: undefined }, 'missing', 'tests'],
    ['an unknown access', changed({ access: 'rw' }), 'malformed', 'tests.0.access'],
    ['neither ok nor a code', changed({ ok: false }), 'malformed', 'tests.0'],
    ['ok and a code', changed({ code: 4 }), 'malformed', 'tests.0'],
    ['a facility that is no flag', changed({ iep: 'yes' }), 'malformed', 'tests.0.iep'],
    ['frames that end before they begin', { data_frames: { start: '0x2', end: '0x1' } }, 'malformed', 'data_frames'],
    [
      'more frames than there is room',
      { data_frames: { start: '0x0', end: '0xffffffffffffffff' } },
      'malformed',
      'data_frames',
    ],
    ['frames over the tables', { data_frames: { start: '0x1000', end: '0x1010' } }, 'malformed', 'memory.pieces'],
  ])('%s', (_, changes, code, where) => {
    expect(refused(FixtureError, () => read(changes))).toMatchObject({ code, where });
  });

  test('tables cut short', () => {
    expect(refused(FixtureError, () => read({}, TABLES.subarray(0, 7))).code).toBe('truncated');
  });
});
