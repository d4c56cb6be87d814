/** A form of walking of your own, judged by both oracles: real pointers, and every slot ends where its entry says. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { formatBroken, judge, VARIANTS } from '@kernel-mm/gup-fast';
import { pXdAddrEndOf, pXdOffset, type Stepper, vaddr } from '@kernel-mm/pgtable-core';
import { spaceWith } from './space.ts';

// #region stepper
const mine: Stepper = {
  name: 'mine',
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: pXdAddrEndOf,
};
// #endregion stepper

const mm = spaceWith(s390(), topOf(3), [0n, 0x7fff_e000n]);

// #region judge
for (const stepper of [VARIANTS.stackCopy.stepper, VARIANTS.offsetLockless.stepper, mine]) {
  const { addressCorrect, law, broken } = judge(mm, stepper, vaddr(0x7fff_e000n), vaddr(0x8000_2000n));
  console.log(`${stepper.name.padEnd(14)}  correct: ${addressCorrect}  law: ${law}`);
  if (!addressCorrect && broken) console.log(formatBroken(broken));
}
// #endregion judge
