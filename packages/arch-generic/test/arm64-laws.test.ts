import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { ARM64, type Arm64Id, arm64Of } from './support/arm64.ts';
import { keeps, runs } from './support/keeps.ts';

const ids = Object.keys(ARM64) as Arm64Id[];

// Every configuration with the default's helpers, and one with the helpers of other kernels.
const archs = [
  ...ids.map((id) => [id, '6.12'] as const),
  ...(['5.9', '5.10', '6.1', '6.18'] as const).map((linux) => ['arm64-4k-va48', linux] as const),
];

describe.each(archs)('%s, Linux v%s', (id, linux) => {
  const laws = archLaws(arm64Of(id, linux), { runs });
  // A THP under split had no mark before v5.11, and so was not present: a defect that the kernel's self-test found.
  const broken = ['5.9', '5.10'].includes(linux) ? ['pmd_thp'] : [];
  keeps(laws.filter(({ name }) => !broken.includes(name)));
  test.each(broken)('%s was not kept by Linux either', (broke) => {
    expect(() => laws.find(({ name }) => name === broke)?.check()).toThrow(`${broke} is broken`);
  });
});
