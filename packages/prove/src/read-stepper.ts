/** A stepper as what can be proved of it: a form that answers as its functions do; or why nothing is decided. */
import { type Arch, type Form, formatDifference, formText, liftStepper, type Stepper } from '@kernel-mm/pgtable-core';

/** A stepper, and as which form it is proved. */
export interface ReadStepper {
  readonly stepper: Stepper & { readonly form: Form };
  /** On how many visits its functions and the form answered alike. */
  readonly visits: number;
}

/** Why no claim can be made of a stepper: where its functions and the nearest form part, and what to do. */
export interface UnreadStepper {
  readonly why: string;
}

/**
 * Holds the functions of a stepper beside its form, on visits of every level and depth. A claim is made of a form, so it
 * says nothing of functions that answer otherwise.
 */
export function readStepper(arch: Arch, stepper: Stepper): ReadStepper | UnreadStepper {
  const lifted = liftStepper(stepper, arch);
  if (lifted.kind === 'form') return { stepper: { ...stepper, form: lifted.form }, visits: lifted.visits };
  const said = stepper.form ? `does not do what its form says (${formText(stepper.form)})` : 'is of no known form';
  const why = [
    `${stepper.name} ${said}, so nothing is proved of it:`,
    ...formatDifference(lifted.difference).map((line) => `  ${line}`),
    'to do: let it do what one of FORMS says (stepperOf), or look for a walk that goes wrong (stepperLaws, judge)',
  ];
  return { why: why.join('\n  ') };
}
