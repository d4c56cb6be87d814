/**
 * The laws of a page-table definition, decided for every address and every entry by a solver, from the data that the
 * walker runs on; what fails comes back as the least counterexample, replayed on the reference engine.
 * @module
 */
export { type Mutant, mutantsOf } from '@kernel-mm/pgtable-core';
export {
  type Claim,
  type Counterexample,
  LAWS,
  type LawName,
  type Replay,
  type Values,
  type Verdict,
} from './claim.ts';
export { coverage, type Unclaimed, unclaimed } from './coverage.ts';
export { type Answer, type Answers, type DecideOptions, decide } from './decide.ts';
export type { Cube } from './exact.ts';

export { type Fate, fatesOf, type MutantFate } from './fate.ts';

export { claimsOf, nameOf, type Proved, type ProveOptions, prove, proveArch, type Subject } from './prove.ts';
export { type Kept, keptOf, lawTable, placeOf, refutations, walkTable } from './report.ts';
export { type Question, scriptOf } from './smt.ts';
export { type Solver, z3 } from './solver.ts';
export { projectSubjects, STEPPERS, subjectsOf } from './subjects.ts';
export type { Op, Term } from './term.ts';
