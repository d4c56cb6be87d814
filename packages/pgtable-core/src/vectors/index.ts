/**
 * Conformance vectors: readers and checkers of the two vector formats, for our architectures and for one's own.
 * @module
 */
export { FixtureError } from '../guest/fixture-error.ts';
export type { MalformedCase } from './cases.ts';
export type { Answers, ArchOf, EntryOutcome } from './check-entry.ts';
export { checkEntryVectors } from './check-entry.ts';
export { checkWalkVectors, type MmuOf, type WalkOutcome } from './check-walk.ts';
export { type RangeCase, type RangeCaseJson, rangeCaseJson, readRangeCase } from './range-case.ts';
export { stateOf } from './state.ts';
export type { Context, ExpectedFault, ExpectedPage } from './walk-shape.ts';
