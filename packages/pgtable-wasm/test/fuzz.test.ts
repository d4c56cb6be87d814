/**
 * The differential fuzzer: definitions made from nothing, and three readings of tables that change. `npm run nightly`
 * runs it for an hour; KERNEL_MM_FUZZ says another number of seconds, KERNEL_MM_SEED a seed.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fuzz } from './support/fuzz/run.ts';

const { KERNEL_MM_RUNS, KERNEL_MM_FUZZ, KERNEL_MM_SEED } = process.env;
const seconds = Number(KERNEL_MM_FUZZ ?? (/^(ci|full)$/.test(KERNEL_MM_RUNS ?? '') ? 60 : 5));
const seed = Number(KERNEL_MM_SEED ?? Date.now() % 2 ** 31);

test(`reference, compiled and linuxMmu: seed ${seed}`, { timeout: 1000 * (2 * seconds + 300) }, () => {
  const { failure, ...did } = fuzz(seed, seconds, join(import.meta.dirname, '../../../reports/fuzz'));
  console.info(JSON.stringify(did));
  expect(failure).toBeUndefined();
  expect(did.accepted).toBeGreaterThan(0);
  expect(did.lookups).toBeGreaterThan(0);
});
