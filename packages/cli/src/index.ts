/**
 * The command's parts that others may want: fixtures as address spaces, conformance as data, and the demo's findings.
 * @module
 */
export type { Outcome } from './command.ts';
export { checkDat } from './conformance/check-dat.ts';
export { checkFile, type FileReport } from './conformance/check-file.ts';
export { checkGuest } from './conformance/check-guest.ts';
export { type Failure, Findings } from './conformance/findings.ts';
export { type DemoFindings, type DemoOptions, type ProcessFindings, runDemo } from './demo/demo.ts';
export { inspect, type PageFinding, type RangeFinding } from './demo/findings.ts';
export { guestFiles, loadGuest } from './load-guest.ts';
export * from './machines.ts';
export type { ReadLimits } from './read-file.ts';
export { run, runAsync } from './run.ts';
