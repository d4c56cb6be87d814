/** What the compiler makes of rules: simplified or merged, they answer as core's evaluator does wherever the facts hold. */
import { type Expr, evaluator, wrap64 } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exprEmitter, swapped } from '../src/emit/expr.ts';
import { bitTest, type Facts, learn, NOTHING, simplify } from '../src/emit/facts.ts';
import { wasmMemory } from '../src/index.ts';
import { newInstance, newModule } from '../src/platform.ts';
import { type Code, get, i64 } from '../src/wasm/code.ts';
import { encode } from '../src/wasm/encode.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20_000 : 1500;
const word = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.nat(63).map((n) => 1n << BigInt(n)),
  fc.constantFrom(0n, 1n, 3n, 0xfffn, 64n, 63n, 2n ** 64n - 1n),
);
const leaf: fc.Arbitrary<Expr> = fc.oneof({ weight: 2, arbitrary: fc.constant<Expr>('entry') }, word);
const ops = fc.constantFrom('and', 'or', 'xor', 'add', 'shl', 'shr', 'eq', 'lt' as const);
const mask = word.map((m): Expr => ['and', 'entry', m]);
const tests: fc.Arbitrary<Expr> = fc.oneof(
  fc.tuple(mask, word).map(([m, v]): Expr => ['eq', m, v]),
  mask.map((m): Expr => ['eq', ['eq', m, 0n], 0n]),
);
const { expression } = fc.letrec<{ expression: Expr }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    leaf,
    tests,
    mask,
    fc.tuple(ops, tie('expression'), tie('expression')).map(([op, a, b]): Expr => [op, a, b] as Expr),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map((all): Expr => ['select', ...all]),
  ),
}));

const evaluated = (e: Expr, entry: bigint): bigint => evaluator(e)({ entry });
const holds = ({ mask, value, some }: Facts, entry: bigint): boolean =>
  (entry & mask) === value && some.every((bits) => (entry & bits) !== 0n);

describe('rules', () => {
  test('simplified under what is known, they have the same value', () => {
    fc.assert(
      fc.property(expression, fc.array(expression, { maxLength: 3 }), word, (e, asked, entry) => {
        // What is learned from conditions as this entry answers them holds of it.
        const facts = asked.reduce(
          (known, one) => learn(known, simplify(one, known), evaluated(one, entry) !== 0n),
          NOTHING,
        );
        expect(holds(facts, entry)).toBe(true);
        expect(evaluated(simplify(e, facts), entry)).toBe(evaluated(e, entry));
      }),
      { numRuns },
    );
  });

  test('that are bit tests, they are exactly those', () => {
    fc.assert(
      fc.property(fc.oneof(tests, expression), fc.boolean(), word, (e, truth, entry) => {
        const found = bitTest(simplify(e), truth);
        if (found) expect((entry & found.mask) === found.value).toBe((evaluated(e, entry) !== 0n) === truth);
      }),
      { numRuns },
    );
  });
});

/** A module with one function for each expression. */
function run(codes: readonly Code[]): ((entry: bigint, raw: bigint) => bigint)[] {
  const functions = codes.map((code, n) => ({
    name: `$f${String.fromCharCode(97 + (n >> 5))}${String.fromCharCode(97 + (n & 15))}${n & 16 ? 'x' : ''}`,
    params: [
      ['$e', 'i64'],
      ['$raw', 'i64'],
    ] as const,
    result: 'i64' as const,
    locals: [],
    body: [code],
    exported: true,
  }));
  const bytes = encode({ shared: false, constants: [], imports: [], variables: [], functions });
  const instance = newInstance<Record<string, (entry: bigint, raw: bigint) => bigint>>(newModule(bytes), {
    memory: wasmMemory({ bytes: 1 }),
  });
  return functions.map(({ name }) => instance[name.slice(1)]!);
}

describe('compiled', () => {
  test.each([8, 4] as const)(
    'entries of %i bytes: a rule has its value, and its truth, in either byte order',
    (bytes) => {
      const emitter = exprEmitter(bytes);
      const all = 2n ** BigInt(8 * bytes) - 1n;
      const cases = fc.sample(fc.tuple(expression, word), { numRuns: 400, seed: 7 });
      const names = { entry: get('$e') };
      const codes = cases.flatMap(([e]): Code[] => [
        emitter.value(simplify(e), names),
        ['i64.extend_i32_u', emitter.truth(simplify(e), names)],
        ['i64.extend_i32_u', emitter.truth(simplify(e), { ...names, raw: get('$raw') })],
      ]);
      const compiled = [];
      for (let n = 0; n < codes.length; n += 96) compiled.push(...run(codes.slice(n, n + 96)));
      for (const [n, [e, given]] of cases.entries()) {
        const entry = given & all;
        const wanted = evaluated(e, entry);
        const [value, truth, turned] = compiled.slice(3 * n).map((f) => wrap64(f(entry, swapped(entry, bytes))));
        expect([value, truth, turned]).toEqual([wanted, wanted ? 1n : 0n, wanted ? 1n : 0n]);
      }
    },
  );

  test('constants of every length are encoded as they are', () => {
    const words = [0n, 63n, 64n, 127n, 128n, -1n, -64n, -65n, 2n ** 31n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n];
    expect(run(words.map((w) => i64(w))).map((f) => wrap64(f(0n, 0n)))).toEqual(words.map(wrap64));
  });
});
