/**
 * The command's parts that others may want: guest fixtures as address spaces, and the demo's findings as data.
 * @module
 */
export { type DemoFindings, type DemoOptions, type ProcessFindings, runDemo } from './demo/demo.ts';
export { inspect, type PageFinding, type RangeFinding } from './demo/findings.ts';
export { mmOfProcess } from './guest-mm.ts';
export { guestFiles, loadGuest } from './load-guest.ts';
export { crosses, PresentPages, untagged } from './present-runs.ts';
export { type Outcome, run } from './run.ts';
