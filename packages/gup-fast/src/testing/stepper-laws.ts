/** What must hold for every stepper, ours or yours: its form is what its functions do, and no walk goes wrong. */
import {
  type Arch,
  formatDifference,
  liftStepper,
  type Mm,
  type Stepper,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import { arbitrarySpace, type Law, type LawOptions, lawMaker } from '@kernel-mm/pgtable-core/testing';
import fc from 'fast-check';
import { formatBroken, type Judgement, judge } from '../judge.ts';

/** A space, and a range of pages in it. */
interface Case {
  readonly mm: Mm;
  readonly start: Vaddr;
  readonly end: Vaddr;
}

/**
 * The laws of a stepper on one architecture: random spaces of every depth, and ranges over what is mapped there. What
 * breaks one is made small, and told with the walker's slots beside the right ones.
 * `for (const law of stepperLaws(mine, arch)) test(law.name, () => law.check())`
 */
export function stepperLaws(stepper: Stepper, arch: Arch, options: LawOptions = {}): Law[] {
  const law = lawMaker(options);
  const walks = (keeps: (judgement: Judgement) => boolean) => (one: Case) => {
    const found = judge(one.mm, stepper, one.start, one.end);
    if (keeps(found) || !found.broken) return;
    throw new Error(
      `${stepper.name}, [0x${one.start.toString(16)}, 0x${one.end.toString(16)}):\n${formatBroken(found.broken)}`,
    );
  };
  return [
    ...(stepper.form ? [law('form', 'its functions do what its form says', fc.constant(stepper), once(arch))] : []),
    law(
      'address-correct',
      'each entry is read where a walk of its address alone reads it, none beyond the end',
      cases(arch),
      walks(({ addressCorrect }) => addressCorrect),
    ),
    law(
      'law',
      'whenever a loop goes on, slot + 1 is what pXd_offset of the parent gives for next',
      cases(arch),
      walks((found) => found.law),
    ),
  ];
}

/** Holds functions and form together: the visits are the same each time, so one look is enough. */
function once(arch: Arch): (stepper: Stepper) => void {
  let lifted: ReturnType<typeof liftStepper> | undefined;
  return (stepper) => {
    lifted ??= liftStepper(stepper, arch);
    if (lifted.kind === 'none') throw new Error(formatDifference(lifted.difference).join('\n'));
  };
}

/** Ranges from within a mapping, to some pages behind: across its end, or across the borders of the levels. */
const cases = (arch: Arch): fc.Arbitrary<Case> =>
  arbitrarySpace(arch).chain(({ mm, top, mappings }) => {
    const shift = BigInt(arch.spec.pageShift);
    const limit = (arch.spec.root.tops[top]?.limit || 1n << 64n) >> shift;
    return fc
      .record({
        mapping: fc.nat(mappings.length - 1),
        from: fc.nat(520),
        pages: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 8 }) }, fc.integer({ min: 1, max: 600 })),
      })
      .map(({ mapping, from, pages }) => {
        const { addr, size } = mappings[mapping]!;
        const first = (addr >> shift) + (BigInt(from) % (size >> shift));
        const start = first < limit ? first : 0n;
        const last = start + BigInt(pages);
        return { mm, start: vaddrWrap(start << shift), end: vaddrWrap((last < limit ? last : limit) << shift) };
      });
  });
