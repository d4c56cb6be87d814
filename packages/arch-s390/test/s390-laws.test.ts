import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, test } from 'vitest';
import { s390 } from '../src/index.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 300 : 60;

describe.each(['classic', 'present'] as const)('s390, layout %s', (layout) => {
  for (const law of archLaws(s390({ layout }), { runs })) test(`${law.name}: ${law.says}`, () => law.check());
});
