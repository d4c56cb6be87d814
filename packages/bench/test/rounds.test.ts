/** Medians, ratios and turns are exact; what is timed is only looked at for being a time. */
import { expect, test } from 'vitest';
import { measureRounds, median } from '../src/index.ts';

test('a median is the middle of the sorted numbers, or between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

const spin = (ms: number): number => {
  const start = performance.now();
  while (performance.now() - start < ms);
  return 1;
};

test('ratios are to the first, which is 1; the quiet time is no more than the median; everyone has every turn', () => {
  const seen = new Map<string, Set<number>>();
  const candidate = (name: string, ms: number) => ({
    name,
    run(n: number) {
      seen.set(name, (seen.get(name) ?? new Set()).add(n));
      return spin(ms);
    },
  });
  const turns: number[] = [];
  const timings = measureRounds(
    [candidate('a', 0.2), candidate('b', 0.6)],
    { rounds: 6, sampleMs: 1, warmMs: 2 },
    (n) => {
      turns.push(n);
    },
  );
  expect(turns).toEqual([0, 1, 2, 3, 4, 5]);
  const [a, b] = timings;
  expect([a?.name, b?.name, a?.ratio]).toEqual(['a', 'b', 1]);
  for (const { ns, quiet, spread, ratio } of timings) {
    expect(quiet).toBeGreaterThan(0);
    expect(quiet).toBeLessThanOrEqual(ns);
    expect(spread[0]).toBeLessThanOrEqual(ratio);
    expect(spread[1]).toBeGreaterThanOrEqual(ratio);
  }
  // Slices go on from round to round: no two samples begin with the same one.
  expect(Math.min(...[...seen.values()].map((of) => of.size))).toBeGreaterThan(6);
});
