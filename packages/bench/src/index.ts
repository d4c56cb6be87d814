/**
 * Benchmarks of the reference engine: entry reads and time of the six variants.
 * @module
 */
export { type Case, cases } from './cases.ts';
export { type Measurement, measure } from './measure.ts';
export { table } from './report.ts';
