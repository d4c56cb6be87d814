import { expect, test } from 'vitest';
import {
  FORMS,
  formatDifference,
  formText,
  type Lifted,
  liftStepper,
  pXdAddrEnd,
  pXdAddrEndOf,
  pXdOffset,
  type Stepper,
  stepperOf,
  type Vaddr,
} from '../src/index.ts';
import { toy3, toyBoot, toyProcess } from './support/toys.ts';

const formOf = (lifted: Lifted) => (lifted.kind === 'form' ? lifted.form : undefined);
const right = stepperOf({ boundary: 'entry', descent: 'slot' });
const ofFunctions = ({ descend, boundary }: Stepper, name = 'mine'): Stepper => ({ name, descend, boundary });

test.each(FORMS.map((form) => [formText(form), form] as const))('%s is found from its functions', (_, form) => {
  // Where levels fold per process no two forms are the same, but for lockless: the toy's folds are of the middle style.
  const found = formOf(liftStepper(ofFunctions(stepperOf(form)), toyProcess));
  expect(found?.boundary).toBe(form.boundary);
  expect(found?.descent === 'copy').toBe(form.descent === 'copy');
  for (const arch of [toy3, toyBoot, toyProcess])
    expect(liftStepper(stepperOf(form), arch)).toMatchObject({ kind: 'form', form });
});

test('a form that its functions do not keep is named, with the least visit', () => {
  const claims: Stepper = { ...stepperOf({ boundary: 'level', descent: 'slot' }), form: right.form! };
  const lifted = liftStepper(claims, toyProcess);
  if (lifted.kind === 'form') throw new Error('not seen');
  expect(lifted.difference).toMatchObject({ asked: 'boundary', form: right.form });
  expect(formatDifference(lifted.difference)[1]).toContain('the form (entry, slot)');
});

/** Functions that are of no form: each of them is right most of the time. */
let last: Vaddr | undefined;
const NONE: readonly Stepper[] = [
  {
    name: 'forgets the end',
    descend: right.descend,
    boundary: (mm, level, _entry, addr) => pXdAddrEnd(mm, level, addr, 0n as Vaddr),
  },
  {
    name: 'indexes by the address before',
    boundary: pXdAddrEndOf,
    descend(mm, { slot, entry }, addr) {
      const stale = last ?? addr;
      last = addr;
      return pXdOffset(mm, slot, entry, stale);
    },
  },
  {
    name: 'reads memory',
    boundary: right.boundary,
    descend(mm, { slot, entry }, addr) {
      if (!mm.memory.read(mm.pgd, 8, 'little')) throw new Error('nothing there');
      return pXdOffset(mm, slot, entry, addr);
    },
  },
  {
    name: 'hands the copy down at one level alone',
    boundary: right.boundary,
    descend: (mm, { slot, copy, entry }, addr) => pXdOffset(mm, slot.level === 'pud' ? copy : slot, entry, addr),
  },
  {
    name: 'forgets that 0 is 2^64',
    descend: right.descend,
    boundary: (mm, level, entry, addr, end) =>
      (end === mm.arch.spec.root.tops.pgd?.limit ? addr : pXdAddrEndOf(mm, level, entry, addr, end)) as Vaddr,
  },
];

test.each(NONE)('$name: of no form', (stepper) => {
  const lifted = liftStepper(stepper, toyProcess);
  expect(lifted.kind).toBe('none');
  if (lifted.kind === 'none') expect(formatDifference(lifted.difference).join('\n')).toMatch(/0x[0-9a-f]+/);
});
