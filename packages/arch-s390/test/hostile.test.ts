/** s390 tables that an enemy has been at, with every depth and both sets of facilities. */

import { hostileLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, test } from 'vitest';
import { s390, s390Mmu } from '../src/index.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 400 : 4;
const seed = 20200907;
const states = [{}, { edat1: true, edat2: true, iep: true }];

describe.each(['classic', 'present'] as const)('%s', (layout) => {
  for (const law of hostileLaws(s390Mmu(s390({ layout })), states, { runs, seed }))
    test(`${law.name}, ${250 * runs} addresses, seed ${seed}: ${law.says}`, () => law.check(), 300_000);
});
