/** Forms as functions: the one place where a form of walking, said as data, becomes the two functions of a stepper. */
import { pXdAddrEnd, pXdAddrEndOf } from './addr-end.ts';
import { pXdOffset, pXdOffsetLockless } from './fold.ts';
import type { Form, Stepper } from './stepper.ts';

/** Every form that there is. Where several answer alike, the plainest comes first. */
export const FORMS: readonly Form[] = (['copy', 'slot', 'lockless'] as const).flatMap((descent) =>
  (['level', 'entry'] as const).map((boundary): Form => ({ boundary, descent })),
);

/** A form in words, for example `boundary: level, descent: copy`. */
export const formatForm = (form: Form): string =>
  Object.entries(form)
    .map(([part, value]) => `${part}: ${value}`)
    .join(', ');

/** The stepper that does what `form` says. */
export const stepperOf = (form: Form, name: string = formatForm(form)): Stepper => ({
  name,
  form,
  descend(mm, visit, addr) {
    const { descent } = form;
    return descent === 'lockless'
      ? pXdOffsetLockless(mm, visit, addr)
      : pXdOffset(mm, visit[descent], visit.entry, addr);
  },
  boundary: (mm, level, entry, addr, end) =>
    form.boundary === 'level' ? pXdAddrEnd(mm, level, addr, end) : pXdAddrEndOf(mm, level, entry, addr, end),
});
