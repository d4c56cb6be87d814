/** A definition and a stepper of one's own, asked for all their laws. */
import { s390 } from '@kernel-mm/arch-s390';
import { stepperLaws } from '@kernel-mm/gup-fast/testing';
import { pXdAddrEndOf, pXdOffset, type Stepper } from '@kernel-mm/pgtable-core';
import { formatReport, runLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { toy } from './toy.ts';

const mine: Stepper = {
  name: 'mine',
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: pXdAddrEndOf,
};

// #region stepper
describe('mine, on s390', () => {
  for (const law of stepperLaws(mine, s390())) test(law.name, () => law.check());
});
// #endregion stepper

test('a report of the toy', () => {
  // #region report
  const report = formatReport(runLaws(toy, { runs: 20 }));
  expect(report).toMatch(/toy: \d+ of \d+ laws apply, all of them hold$/);
  // #endregion report
});
