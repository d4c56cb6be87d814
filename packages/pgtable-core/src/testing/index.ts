/**
 * For tests: the laws of an architecture, and cases to feed them. Needs fast-check.
 * @module
 */
export * from './arbitraries.ts';
export * from './arbitrary-entries.ts';
export { type Law, LawBroken, type LawMaker, type LawOptions, LawUnasked, lawMaker } from './law.ts';
export { archLaws, hostileLaws, mmuLaws } from './laws.ts';
export {
  formatReport,
  type LawReport,
  type LawResult,
  lawResult,
  type ReportOptions,
  runLaws,
  type Standing,
  standingMutants,
} from './run-laws.ts';
