/** Both readings of tables that Linux builds agree, for every architecture: the MMU's in user mode, and the kernel's. */
import { mmuLaws } from '@kernel-mm/pgtable-core/testing';
import { describe } from 'vitest';
import { ARCHITECTURES } from '../src/index.ts';
import { keeps } from './support/keeps.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 40 : 10;

describe.each(Object.entries(ARCHITECTURES))('%s', (_, make) => {
  const user: object = { user: true };
  keeps(mmuLaws(make(), user, { runs }));
});
