/** What notices a wrong definition: the door that all definitions go through, a law that is decided, or neither. */
import { type Arch, ArchError, defineArch, type Mutant, mutantsOf, UsageError } from '@kernel-mm/pgtable-core';
import type { LawName } from './claim.ts';
import { decide } from './decide.ts';
import { pooled } from './pool.ts';
import { claimsOf, type ProveOptions, prove, type Subject } from './prove.ts';
import { readStepper } from './read-stepper.ts';
import type { Solver } from './solver.ts';

/** What became of a mutant. */
export type Fate =
  /** `defineArch` says why not. */
  | { readonly kind: 'refused'; readonly why: string }
  /** A law that is proved of the right definition is refuted. */
  | { readonly kind: 'refuted'; readonly law: LawName; readonly at: string }
  /** No law says anything against it; `open` of them were not decided in time. */
  | { readonly kind: 'stands'; readonly arch: Arch; readonly open: number };

/** A mutant, and what became of it. */
export interface MutantFate {
  readonly mutant: Mutant;
  readonly fate: Fate;
}

/**
 * Judges every mutant of a definition, in their order; the laws of the right one are decided first.
 * @throws UsageError `argument` for a stepper whose functions keep no form
 */
export async function* fatesOf(
  asked: Subject,
  options: ProveOptions,
  mutants: readonly Mutant[] = mutantsOf(asked.arch.spec),
): AsyncGenerator<MutantFate> {
  const steppers = asked.steppers.map((stepper) => {
    const read = readStepper(asked.arch, stepper);
    if ('why' in read) throw new UsageError('argument', 'steppers', `those of a form\n  ${read.why}`);
    return read.stepper;
  });
  const subject: Subject = { ...asked, steppers };
  const known = new Map<string, Promise<string>>();
  const unproved = new Set<string>();
  for await (const { law, at, verdict } of prove([subject], { ...options, small: false, known }))
    if (verdict.kind !== 'proved') unproved.add(`${law} ${at}`);
  // A mutant's own questions come once; keeping them all would fill the memory.
  const unchanged = { get: (script: string) => known.get(script), set: () => undefined };

  /** What is not proved of the right definition says nothing against a mutant. */
  const judged = async (arch: Arch, solver: Solver): Promise<Fate> => {
    let open = 0;
    for (const claim of claimsOf({ ...subject, arch, ...(subject.mmu && { mmu: { ...subject.mmu, arch } }) })) {
      const { law, at } = claim;
      if (unproved.has(`${law} ${at}`)) continue;
      const { kind } = await decide(claim, { ...options, small: false, solver, known: unchanged });
      if (kind === 'refuted') return { kind, law, at };
      if (kind !== 'proved') open++;
    }
    return { kind: 'stands', arch, open };
  };
  yield* pooled(mutants, options.solvers, async (mutant, solver) => {
    const arch = defined(mutant);
    return { mutant, fate: typeof arch === 'string' ? { kind: 'refused', why: arch } : await judged(arch, solver) };
  });
}

function defined({ spec }: Mutant): Arch | string {
  try {
    return defineArch(spec);
  } catch (error) {
    if (error instanceof ArchError) return error.message;
    throw error;
  }
}
