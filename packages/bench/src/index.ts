/**
 * Benchmarks: the compiled and the reference engine beside native C on the same bytes, in one run, as ratios.
 * @module
 */
export { type Bundle, bundles } from './bundles.ts';
export { type Case, GROUPS, type Group, type Prepared, type Result, ROUNDS } from './case.ts';
export { countReads } from './case-forms.ts';
export { CASES, casesOf } from './cases.ts';
export { type Crossing, crossings } from './crossings.ts';
export { type MachineFacts, machineFacts } from './machine.ts';
export { type Native, type NativePin, type NativeTranslate, type Yardsticks, yardsticks } from './native.ts';
export { type Line, type Point, plot, plots } from './plot.ts';
export { markdown, type Report } from './report.ts';
export { type Candidate, measureRounds, median, type RoundOptions, type Timing } from './rounds.ts';
export { measureHere } from './run.ts';
export { type Size, sizes } from './sizes.ts';
export { buildSpace, type Space, type SpaceOptions } from './space.ts';
