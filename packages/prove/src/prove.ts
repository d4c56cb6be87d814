/** A definition in, verdicts out: every law that is decided for all addresses and all entries. */
import type { Arch, Mmu, Stepper } from '@kernel-mm/pgtable-core';
import type { Claim, LawName, Verdict } from './claim.ts';
import { addrEndClaims } from './claims/addr-end.ts';
import { addressClaims } from './claims/addresses.ts';
import { changeClaims } from './claims/changes.ts';
import { formatClaims } from './claims/formats.ts';
import { hardwareClaims } from './claims/hardware.ts';
import { kindClaims } from './claims/kinds.ts';
import { stepClaims } from './claims/steps.ts';
import { swapClaims } from './claims/swap.ts';
import { type DecideOptions, decide } from './decide.ts';
import { pooled } from './pool.ts';
import type { Solver } from './solver.ts';

/** What to prove. */
export interface Subject {
  readonly arch: Arch;
  /** Which of several layouts of the same architecture it is. */
  readonly layout?: string;
  /** The MMU, for the law of both readings; without it that is not asked. */
  readonly mmu?: Mmu<never>;
  /** What is judged: those that say what they do as data, in a `form`. */
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
  readonly milliseconds: number;
}

/** All claims that can be made of a definition, each made when it is asked for: those that are decided soonest first. */
export function* claimsOf({ arch, mmu, steppers, layout }: Subject): Generator<Claim> {
  yield* addressClaims(arch);
  yield* addrEndClaims(arch);
  yield* formatClaims(arch);
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
  readonly only?: (claim: Claim) => boolean;
}

/** Decides the claims of some definitions. Each solver takes the next claim that is left; they come out in order. */
export async function* prove(subjects: Iterable<Subject>, options: ProveOptions): AsyncGenerator<Proved> {
  const { solvers, only = () => true, known = new Map(), ...rest } = options;
  const claims = [...subjects].flatMap((subject) =>
    [...claimsOf(subject)].filter(only).map((claim) => ({ arch: nameOf(subject), claim })),
  );
  yield* pooled(claims, solvers, async ({ arch, claim }, solver) => {
    const start = performance.now();
    const verdict = await decide(claim, { ...rest, known, solver });
    return { ...{ arch, verdict }, law: claim.law, at: claim.at, milliseconds: performance.now() - start };
  });
}

/** Decides the claims of one definition. */
export const proveArch = (subject: Subject, options: ProveOptions): AsyncGenerator<Proved> => prove([subject], options);
