import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  and,
  clear,
  type Env,
  type Expr,
  eq,
  evaluator,
  has,
  is,
  lacks,
  lt,
  not,
  or,
  select,
  set,
  shl,
  shr,
  varsOf,
  xor,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { property } from './support/runs.ts';

const TOP = (1n << 64n) - 1n;
const run = (e: Expr, env: Env = {}): bigint => evaluator(e)(env);

test.each<[string, Expr, bigint]>([
  ['a constant', 0x2cn, 0x2cn],
  ['and', and(0b1100n, 0b1010n), 0b1000n],
  ['or', or(0b1100n, 0b1010n), 0b1110n],
  ['xor', xor(0b1100n, 0b1010n), 0b0110n],
  ['add', add(0xffn, 1n), 0x100n],
  ['add at the top', add(TOP, 2n), 1n],
  ['shl', shl(0b11n, 4n), 0b110000n],
  ['shl past the top', shl(0b11n, 63n), 1n << 63n],
  ['shl by 63', shl(1n, 63n), 1n << 63n],
  ['shl by 64', shl(1n, 64n), 0n],
  ['shl by 2^64-1', shl(1n, TOP), 0n],
  ['shr', shr(0b110000n, 4n), 0b11n],
  ['shr is unsigned', shr(TOP, 63n), 1n],
  ['shr by 64', shr(TOP, 64n), 0n],
  ['shr by 2^64-1', shr(TOP, TOP), 0n],
  ['eq', eq(5n, 5n), 1n],
  ['eq of others', eq(5n, 6n), 0n],
  ['lt', lt(5n, 6n), 1n],
  ['lt of equals', lt(6n, 6n), 0n],
  ['lt is unsigned', lt(1n, 1n << 63n), 1n],
  ['select, yes', select(1n, 7n, 8n), 7n],
  ['select, any value but 0 is yes', select(1n << 63n, 7n, 8n), 7n],
  ['select, no', select(0n, 7n, 8n), 8n],
  ['not of 0', not(0n), 1n],
  ['not of anything else', not(2n), 0n],
])('%s', (_name, e, expected) => {
  expect(run(e)).toBe(expected);
});

test('set and clear change bits of the entry', () => {
  expect(run(set(0x11n), { entry: 0x20n })).toBe(0x31n);
  expect(run(clear(0x11n), { entry: TOP })).toBe(TOP - 0x11n);
});

test('is, has and lacks look at bits of the entry', () => {
  expect(run(is(0x201n, 0x200n), { entry: 0x6fen })).toBe(1n);
  expect(run(is(0x201n, 0x200n), { entry: 0x601n })).toBe(0n);
  expect(run(has(0x11n), { entry: 0x10n })).toBe(1n);
  expect(run(has(0x11n), { entry: 0xeen })).toBe(0n);
  expect(run(lacks(0x11n), { entry: 0xeen })).toBe(1n);
  expect(run(lacks(0x11n), { entry: 0x01n })).toBe(0n);
});

test('each variable has a value of its own, and one left out is 0', () => {
  const env = { entry: 1n, root: 2n, addr: 3n, slot: 4n };
  expect((['entry', 'root', 'addr', 'slot'] as const).map((v) => run(v, env))).toEqual([1n, 2n, 3n, 4n]);
  expect(run(or('slot', 0x10n), { addr: 1n })).toBe(0x10n);
});

test('the variables of an expression, wherever they stand', () => {
  expect([...varsOf(add('slot', shl(shr('addr', 12n), 3n)))].sort()).toEqual(['addr', 'slot']);
  expect([...varsOf(select('entry', 'root', 'entry'))].sort()).toEqual(['entry', 'root']);
  expect(varsOf(5n).size).toBe(0);
});

describe('what is no expression is refused when it is built, not when it is asked', () => {
  test.each<[string, unknown, string]>([
    ['an unknown operation', ['nand', 1n, 2n], 'unknown operation nand'],
    ['an unknown operation deep inside', ['and', 1n, ['mul', 1n, 2n]], 'unknown operation mul'],
    ['an unknown variable', 'pte', 'not an expression: pte'],
    ['a number', 5, 'not an expression: 5'],
    ['nothing', undefined, 'not an expression: undefined'],
    ['null', null, 'not an expression: null'],
    ['an operation without operands', ['and'], 'not an expression: and'],
    ['an operation with one operand', ['shl', 1n], 'not an expression: shl,1'],
  ])('%s', (_name, e, message) => {
    expect(refused(TypeError, () => evaluator(e as Expr)).message).toBe(message);
  });

  test.each<[string, unknown]>([
    ['a select without its last branch', ['select', 1n, 2n]],
    ['an operation with an operand too many', ['and', 1n, 2n, 3n]],
    ['a constant below 0', ['and', 'entry', -1n]],
    ['a constant above 2^64-1', 1n << 64n],
  ])('%s', (_name, e) => {
    refused(TypeError, () => evaluator(e as Expr));
  });
});

test('every expression gives a word of 64 bits', () => {
  const word = fc.bigInt(0n, TOP);
  const leaf = fc.oneof(word, fc.constantFrom<Expr>('entry', 'root', 'addr', 'slot'));
  const ops = fc.constantFrom('and', 'or', 'add', 'shl', 'shr', 'eq', 'lt');
  const grow = (below: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> =>
    fc.oneof(
      leaf,
      fc.tuple(ops, below, below).map((e) => e as Expr),
      fc.tuple(below, below, below).map((e) => select(...e)),
    );
  const tree = grow(grow(grow(leaf)));
  fc.assert(
    fc.property(tree, word, word, (e, entry, addr) => {
      const value = run(e, { entry, addr });
      expect(value).toBe(BigInt.asUintN(64, value));
    }),
    property,
  );
});
