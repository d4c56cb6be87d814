/** Laws as tests: each by its name, skipped where the definition says nothing of what it asks. */
import type { Law } from '@kernel-mm/pgtable-core/testing';
import { test } from 'vitest';

/** How many cases a law looks at here. */
export const runs = process.env.KERNEL_MM_RUNS === 'full' ? 60 : 20;

/** A test for each law. */
export function keeps(laws: readonly Law[]): void {
  for (const law of laws) test.skipIf(!law.applies)(`${law.name}: ${law.says}`, () => law.check());
}
