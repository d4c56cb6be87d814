/** From a form to its functions: the one place where each choice becomes a call. */
import { pXdAddrEnd, pXdAddrEndOf } from './addr-end.ts';
import type { Space } from './entry.ts';
import { isAlwaysFolded, pXdOffset } from './fold.ts';
import { type Form, formText, handsSlot } from './form.ts';
import { below } from './level.ts';
import type { Stepper } from './stepper.ts';

/** The stepper that does what `form` says; what its reads answer, `walkRange` takes from the form itself. */
export const stepperOf = (form: Form, name: string = formText(form)): Stepper => ({
  name,
  form,
  descend(mm, { slot, copy, entry }, addr, readOnce) {
    const next = below(slot.level);
    const readsAgain = form.reads === 'again' && !isAlwaysFolded(mm.arch, next);
    const value = readsAgain ? readOnce(slot) : entry;
    const from = handsSlot(form, mm.arch.spec.levels[next].fold) ? slot : copy;
    return value === undefined ? undefined : pXdOffset<typeof slot.level, Space>(mm, from, value, addr);
  },
  boundary:
    form.boundary === 'entry' ? pXdAddrEndOf : (mm, level, _entry, addr, end) => pXdAddrEnd(mm, level, addr, end),
});
