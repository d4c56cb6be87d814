import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, test } from 'vitest';
import { arm64, riscv, x86 } from '../src/index.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 300 : 60;

const archs = [
  x86({ paging: '4-level', fold: 'build' }),
  x86({ paging: '4-level', fold: 'boot' }),
  x86({ paging: '5-level' }),
  riscv({ mode: 'sv39' }),
  riscv({ mode: 'sv48' }),
  riscv({ mode: 'sv57' }),
  arm64({ granule: '4k', va: 48 }),
  arm64({ granule: '16k', va: 52, lpa2: false }),
];

describe.each(archs)('$id', (arch) => {
  for (const law of archLaws(arch, { runs })) test(`${law.name}: ${law.says}`, () => law.check());
});
