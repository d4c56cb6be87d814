import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, test } from 'vitest';
import { ARM64, type Arm64Id, arm64Of } from './support/arm64.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 300 : 20;
const ids = Object.keys(ARM64) as Arm64Id[];

// Every configuration with the default's helpers, and one with the helpers of other kernels.
const archs = [
  ...ids.map((id) => [id, '6.12'] as const),
  ...(['5.9', '5.10', '6.1', '6.18'] as const).map((linux) => ['arm64-4k-va48', linux] as const),
];

describe.each(archs)('%s, Linux v%s', (id, linux) => {
  for (const law of archLaws(arm64Of(id, linux), { runs })) test(`${law.name}: ${law.says}`, () => law.check());
});
