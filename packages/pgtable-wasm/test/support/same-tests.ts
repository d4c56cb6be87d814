/** The comparison as tests, one for each architecture of a half, so that two workers share it. */
import { describe, expect, test } from 'vitest';
import { archs } from './archs.ts';
import { type Amount, runArch } from './run-arch.ts';

const { KERNEL_MM_RUNS } = process.env;
const isFull = KERNEL_MM_RUNS === 'full';
const AMOUNTS: Readonly<Record<string, Amount>> = {
  /** 10^6 translations and 10^5 ranges for each architecture. */
  full: { spaces: 120, addrs: 8400, lookups: 100, ranges: 280 },
  ci: { spaces: 18, addrs: 1000, lookups: 40, ranges: 24 },
};
const AMOUNT = AMOUNTS[KERNEL_MM_RUNS ?? ''] ?? { spaces: 6, addrs: 200, lookups: 20, ranges: 6 };
const SEED = 20_200_907;

/** Compares every second architecture. */
export function compareHalf(half: 0 | 1): void {
  describe(`compiled as reference (seed ${SEED})`, () => {
    const mine = archs.filter((_, n) => n % 2 === half);
    test.each(mine)('%s: translations, ranges, counts, reasons and the order of reads', (name, arch) => {
      // Each architecture begins with another flavour, so that few spaces of many meet them all.
      const first = archs.findIndex(([one]) => one === name);
      const { translations, ranges, ends } = runArch(arch, AMOUNT, SEED, { first });
      expect(translations).toBe(AMOUNT.spaces * AMOUNT.addrs);
      expect(ranges).toBe(AMOUNT.spaces * AMOUNT.ranges * 3);
      // A comparison of nothing but refusals would prove little.
      if (arch.spec.fastGup !== false) expect(ends.size).toBeGreaterThan(isFull ? 5 : 2);
    });
  });
}
