/** Every form that its four choices make, also those that nobody proposed: compiled as reference, reads in the same order. */
import { arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import { type Form, stepperOf } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { nested } from '../../../docs/examples/toy.ts';
import { flavoursOf } from './support/flavours.ts';
import { runArch } from './support/run-arch.ts';

const FORMS = (['level', 'entry'] as const).flatMap((boundary) =>
  (['copy', 'lockless', 'slot'] as const).flatMap((descent) =>
    (['memory', 'dummy'] as const).flatMap((read) =>
      (['once', 'again'] as const).map((reads): Form => ({ boundary, descent, read, reads })),
    ),
  ),
);

const ARCHS = [
  s390(),
  x86({ paging: '4-level', fold: 'build' }),
  x86({ paging: '2-level' }),
  riscv({ mode: 'sv39' }),
  arm64({ granule: '4k', va: 39 }),
  arm64({ granule: '16k', va: 52, lpa2: false, linux: '6.9' }),
  arm64({ granule: '4k', va: 52, lpa2: false }),
  // Here a level can be folded above one that is not on the stack, and below one that is.
  nested,
];
const SEED = 20_260_713;

describe.each(ARCHS.map((arch) => [arch.id, arch] as const))('%s', (_, arch) => {
  test(`${FORMS.length} forms (seed ${SEED})`, () => {
    const flavours = flavoursOf(
      arch,
      FORMS.map((form) => stepperOf(form)),
    );
    const amount = { spaces: flavours.length, addrs: 4, lookups: 1, ranges: 6 };
    const { ranges } = runArch(arch, amount, SEED, { flavours });
    expect(ranges).toBe(flavours.length * 18);
  });
});
