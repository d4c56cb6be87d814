/** From functions to a form: which one answers as a stepper does, on every visit that is tried; or where they part. */
import type { Vaddr } from './brand.ts';
import type { Entry, Slot } from './entry.ts';
import { FORMS, type Form, formText } from './form.ts';
import type { Arch } from './geometry.ts';
import type { Level } from './level.ts';
import type { Stepper } from './stepper.ts';
import { stepperOf } from './stepper-of.ts';
import { type RangeVisit, visitsOf } from './visits.ts';

/** A visit at which a stepper's function and a form say different things. */
export interface Difference {
  readonly form: Form;
  readonly visit: RangeVisit;
  /** Which of the two functions. */
  readonly asked: 'descend' | 'boundary';
  /** What each answers, in words. */
  readonly got: string;
  readonly expected: string;
}

/** As what a stepper can be reasoned of. */
export type Lifted =
  /** This form answered as the functions do on all `visits`. That is a test and no proof: another visit may differ. */
  | { readonly kind: 'form'; readonly form: Form; readonly visits: number }
  /** None does; of the form that comes nearest, or of the one that the stepper says it has, the least difference. */
  | { readonly kind: 'none'; readonly difference: Difference };

/**
 * Holds a stepper's functions beside the form that it says it has, or beside every form where it says none, on visits of
 * every level and depth.
 * @param count visits of each
 */
export function liftStepper(stepper: Stepper, arch: Arch, count?: number): Lifted {
  const visits = [...visitsOf(arch, count)];
  const answers = visits.map((visit) => answersOf(stepper, visit));
  const tried = (stepper.form ? [stepper.form] : FORMS).map((form) => {
    const by = stepperOf(form);
    return { form, differences: visits.flatMap((visit, n) => differencesAt(form, by, visit, answers[n]!)) };
  });
  const { form, differences } = tried.reduce((a, b) => (b.differences.length < a.differences.length ? b : a));
  if (!differences.length) return { kind: 'form', form, visits: visits.length };
  const length = ({ visit: { addr, end } }: Difference): bigint => BigInt.asUintN(64, end - addr - 1n);
  const key = (one: Difference): readonly bigint[] => [length(one), one.visit.addr, one.visit.entry];
  return { kind: 'none', difference: differences.reduce((a, b) => (isLess(key(b), key(a)) ? b : a)) };
}

/** A difference in words, a line each. */
export function formatDifference({ form, visit, asked, got, expected }: Difference): string[] {
  const { mm, slot, copy, entry, addr, end } = visit;
  const where =
    asked === 'descend'
      ? `${place(slot)}, its copy at ${place(copy)}, for ${hex(addr)}`
      : `of [${hex(addr)}, ${hex(end)})`;
  return [
    `${asked} at ${slot.level} of ${mm.arch.id}, entry ${hex(entry)}, ${where}: ${got}`,
    `the form (${formText(form)}): ${expected}`,
  ];
}

interface Answers {
  readonly descend: string;
  readonly boundary: string;
}

/** What both functions answer; one that throws answers that. */
const answersOf = (stepper: Stepper, visit: RangeVisit): Answers => {
  const { mm, addr, end, slot, copy, entry, again } = visit;
  // A stepper reads no slot but its own.
  const readOnce = <L extends Level>(): Entry<L> => again as Entry<L>;
  return {
    descend: answer(() => place(stepper.descend(mm, { slot, copy, entry }, addr, readOnce))),
    boundary: answer(() => hex(stepper.boundary(mm, slot.level, entry, addr, end))),
  };
};

function answer(ask: () => string): string {
  try {
    return ask();
  } catch (error) {
    return `throws ${error instanceof Error ? error.message : String(error)}`;
  }
}

function differencesAt(form: Form, by: Stepper, visit: RangeVisit, got: Answers): Difference[] {
  const expected = answersOf(by, visit);
  return (['descend', 'boundary'] as const)
    .filter((asked) => got[asked] !== expected[asked])
    .map((asked) => ({ form, visit, asked, got: got[asked], expected: expected[asked] }));
}

const isLess = (a: readonly bigint[], b: readonly bigint[]): boolean => {
  const n = a.findIndex((value, i) => value !== b[i]);
  return n >= 0 && a[n]! < b[n]!;
};
const hex = (value: Vaddr | bigint): string => `0x${value.toString(16)}`;
const place = (slot: Slot | undefined): string =>
  slot ? `${slot.level} slot ${slot.space} ${hex(slot.addr)}` : 'no slot';
