/** The bug of 2020, asked of a solver: the form of Linux v5.2 on s390 with three levels. */
import { s390 } from '@kernel-mm/arch-s390';
import { VARIANTS } from '@kernel-mm/gup-fast';
import { proveArch, z3 } from '@kernel-mm/prove';

/** The walks that break the law, for `npm run demo -- --replay`. */
export const cases: unknown[] = [];

// #region prove
const solver = await z3();
const steppers = [VARIANTS.stackCopy.stepper];
const only = ({ law, at }: { law: string; at: string }) => law === 'address-correct' && at.includes('pud on top');
const all = proveArch({ arch: s390(), steppers }, { solvers: [solver], only, milliseconds: 60_000 });
for await (const { at, verdict } of all) {
  console.log(`${at}: ${verdict.kind}`);
  if (verdict.kind !== 'refuted') continue;
  const { values, replays, case: found } = verdict.counterexample; // story tells it step by step
  cases.push(found); // npm run demo -- --replay FILE runs it
  console.log(`  the least range: 0x${values['addr at pgd']?.toString(16)} to 0x${values.end?.toString(16)}`);
  console.log(`  on the reference engine too: ${replays}`);
}
solver.close();
// #endregion prove
