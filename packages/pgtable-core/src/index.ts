/**
 * Page tables as a library: define an architecture as data, then walk, build and explain its tables.
 * @module
 */
export * from './addr-end.ts';
export * from './alignment.ts';
export * from './alloc.ts';
export * from './arch.ts';
export { type Bounded, coveredShift, hugepdShift, leafShift, type Shifts, type Sized, spanOf } from './bounds.ts';
export * from './brand.ts';
export * from './build.ts';
export {
  change,
  fieldsOf,
  leafAddress,
  leafSize,
  leafTemplate,
  makeLeaf,
  makeSwap,
  makeTable,
  modify,
  NO_RIGHTS,
  type Swap,
  swapOf,
  tableAddress,
  withFrame,
} from './codec.ts';
export * from './define-arch.ts';
export * from './doors.ts';
export * from './engine.ts';
export * from './entry.ts';
export * from './errors.ts';
export { type ExplainedStep, type Explanation, explain } from './explain.ts';
export * from './explain-word.ts';
export * from './expr.ts';
export * from './field.ts';
export * from './figure.ts';
export * from './fold.ts';
export * from './form.ts';
export type { FormatKind, NamedField } from './format.ts';
export { type Arch, type Geometry, type HugepdRules, indexAt, type Rules } from './geometry.ts';
export { isGrouped, unfold, ungrouped } from './group.ts';
export * from './hardware.ts';
export { CHANGES, type Purpose, unchangedBy } from './helpers.ts';
export * from './json.ts';
export * from './level.ts';
export * from './lift.ts';
export * from './linux-mmu.ts';
export type { MappedRange, Merge, RangesCursor, RangesItem, RangesProblem } from './listing.ts';
export * from './machine.ts';
export { type LeavesResult, type MapRequest, type MapResult, map, unmap } from './map.ts';
export * from './memory.ts';
export * from './mm.ts';
export { type Mutant, mutantsOf } from './mutants.ts';
export * from './oracles.ts';
export * from './picture.ts';
export * from './protect.ts';
export { type Alike, alikeQuestions, isPage, openQuestions } from './questions.ts';
export * from './range.ts';
export * from './ranges.ts';
export * from './reading.ts';
export * from './setup.ts';
export type { AddressPiece } from './split.ts';
export * from './stack.ts';
export * from './stepper.ts';
export * from './stepper-of.ts';
export * from './svg.ts';
export { explainEntry, explainResult, explainTranslation, formatSize } from './tell.ts';
export * from './translate.ts';
export * from './untagged.ts';
export * from './visits.ts';
export * from './walk.ts';
export * from './walk-range.ts';
export type { Flip, TurnedBit, WhatIf } from './what-if.ts';
