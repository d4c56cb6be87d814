/** A definition in, verdicts out: every law that is decided for all addresses and all entries. */
import type { Arch, Mmu } from '@kernel-mm/pgtable-core';
import type { Claim, LawName, Verdict } from './claim.ts';
import { addrEndClaims } from './claims/addr-end.ts';
import { addressClaims } from './claims/addresses.ts';
import { formatClaims } from './claims/formats.ts';
import { hardwareClaims } from './claims/hardware.ts';
import { kindClaims } from './claims/kinds.ts';
import { type NamedForm, stepClaims } from './claims/steps.ts';
import { swapClaims } from './claims/swap.ts';
import { type DecideOptions, decide } from './decide.ts';
import { pooled } from './pool.ts';
import type { Solver } from './solver.ts';

/** What to prove. */
export interface Subject {
  readonly arch: Arch;
  /** What it is called in results: the architecture's id unless said otherwise. */
  readonly name?: string;
  /** The MMU, for the law of both readings; without it that is not asked. */
  readonly mmu?: Mmu<never>;
  /** The forms of stepping that are judged. */
  readonly forms: readonly NamedForm[];
}

/** A claim, what became of it, and how long that took. */
export interface Proved {
  readonly arch: string;
  readonly law: LawName;
  readonly at: string;
  readonly verdict: Verdict;
  readonly milliseconds: number;
}

/** All claims that can be made of a definition. */
export const claimsOf = ({ arch, mmu, forms }: Subject): Claim[] => [
  ...addressClaims(arch),
  ...addrEndClaims(arch),
  ...stepClaims(arch, forms),
  ...formatClaims(arch),
  ...kindClaims(arch),
  ...swapClaims(arch),
  ...(mmu ? hardwareClaims(mmu) : []),
];

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
    claimsOf(subject)
      .filter(only)
      .map((claim) => ({ arch: subject.name ?? subject.arch.id, claim })),
  );
  yield* pooled(claims, solvers, async ({ arch, claim }, solver) => {
    const start = performance.now();
    const verdict = await decide(claim, { ...rest, known, solver });
    return { ...{ arch, verdict }, law: claim.law, at: claim.at, milliseconds: performance.now() - start };
  });
}

/** Decides the claims of one definition. */
export const proveArch = (subject: Subject, options: ProveOptions): AsyncGenerator<Proved> => prove([subject], options);
