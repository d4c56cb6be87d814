/** A definition in, verdicts out: every law that is decided for all addresses and all entries. */
import { type Arch, FORMS, type Form, type Mmu, type Stepper } from '@kernel-mm/pgtable-core';
import type { Claim, LawName, Verdict } from './claim.ts';
import { addrEndClaims } from './claims/addr-end.ts';
import { addressClaims } from './claims/addresses.ts';
import { bitClaims } from './claims/bits.ts';
import { changeClaims } from './claims/changes.ts';
import { formatClaims } from './claims/formats.ts';
import { hardwareClaims } from './claims/hardware.ts';
import { kindClaims } from './claims/kinds.ts';
import { stepClaims } from './claims/steps.ts';
import { swapClaims } from './claims/swap.ts';
import { type DecideOptions, decide } from './decide.ts';
import { pooled } from './pool.ts';
import { readStepper } from './read-stepper.ts';
import type { Solver } from './solver.ts';

/** What to prove. */
export interface Subject {
  readonly arch: Arch;
  /** Which of several layouts of the same architecture it is. */
  readonly layout?: string;
  /** The MMU, for the law of both readings; without it that is not asked. */
  readonly mmu?: Mmu<never>;
  /**
   * What is judged. The functions of each are held beside its form, or beside every form where it has none; claims are
   * made of that form. One whose functions answer otherwise comes out as `not-looked-at`.
   */
  readonly steppers: readonly Stepper[];
}

/** What a subject is called in results. */
export const nameOf = ({ arch, layout }: Subject): string =>
  layout === undefined ? arch.id : `${arch.id}, layout ${layout}`;

/** A claim, what became of it, and how long that took. */
export interface Proved {
  readonly arch: string;
  readonly law: LawName;
  readonly at: string;
  readonly verdict: Verdict;
  /** Of a walk: the form that was decided. The stepper's functions answered like it on so many visits, which is a test. */
  readonly as?: { readonly form: Form; readonly visits: number };
  readonly milliseconds: number;
}

/**
 * All claims that can be made of a definition, each made when it is asked for: those that are decided soonest first.
 * Those of walks are claims about the forms of the steppers; `prove` holds the functions beside them first.
 * @throws UsageError `argument` for a stepper without a form
 */
export function* claimsOf({ arch, mmu, steppers, layout }: Subject): Generator<Claim> {
  yield* addressClaims(arch);
  yield* addrEndClaims(arch);
  yield* formatClaims(arch);
  yield* bitClaims(arch);
  yield* kindClaims(arch);
  yield* swapClaims(arch);
  yield* changeClaims(arch);
  if (mmu) yield* hardwareClaims(mmu);
  yield* stepClaims(arch, steppers, layout);
}

/** How to prove: by how many solvers at once, and how long each question may take. */
export interface ProveOptions extends Omit<DecideOptions, 'solver'> {
  readonly solvers: readonly Solver[];
  /** Only the claims for which this is true. */
  readonly only?: (claim: Pick<Claim, 'law' | 'at'>) => boolean;
}

/** A claim to decide, or a verdict that there is already. */
type Task = Pick<Proved, 'arch' | 'law' | 'at' | 'as'> & ({ readonly claim: Claim } | { readonly verdict: Verdict });

/** Decides the claims of some definitions. Each solver takes the next claim that is left; they come out in order. */
export async function* prove(subjects: Iterable<Subject>, options: ProveOptions): AsyncGenerator<Proved> {
  const { solvers, only = () => true, known = new Map(), ...rest } = options;
  const tasks = [...subjects].flatMap((subject) => [...tasksOf(subject, only)]);
  yield* pooled(tasks, solvers, async (task, solver) => {
    const start = performance.now();
    if ('verdict' in task) return { ...task, milliseconds: 0 };
    const { claim, ...of } = task;
    const verdict = await decide(claim, { ...rest, known, solver });
    return { ...of, verdict, milliseconds: performance.now() - start };
  });
}

function* tasksOf(subject: Subject, only: (claim: Pick<Claim, 'law' | 'at'>) => boolean): Generator<Task> {
  const { arch: of, layout, steppers } = subject;
  const arch = nameOf(subject);
  for (const claim of claimsOf({ ...subject, steppers: [] }))
    if (only(claim)) yield { arch, law: claim.law, at: claim.at, claim };
  const claims = (stepper: Stepper): Claim[] => [...stepClaims(of, [stepper], layout)].filter(only);
  for (const stepper of steppers) {
    // What is not asked for is not read: any form has the same places.
    if (!claims({ ...stepper, form: stepper.form ?? FORMS[0]! }).length) continue;
    const read = readStepper(of, stepper);
    if ('why' in read) {
      const verdict = { kind: 'not-looked-at', why: read.why } as const;
      for (const law of ['address-correct', 'law'] as const)
        yield { arch, law, at: `${stepper.name}, every step`, verdict };
    } else {
      const as = { form: read.stepper.form, visits: read.visits };
      for (const claim of claims(read.stepper)) yield { arch, law: claim.law, at: claim.at, as, claim };
    }
  }
}

/** Decides the claims of one definition. */
export const proveArch = (subject: Subject, options: ProveOptions): AsyncGenerator<Proved> => prove([subject], options);
