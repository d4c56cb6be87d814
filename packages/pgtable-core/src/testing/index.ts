/**
 * For tests: the laws of an architecture, and cases to feed them. Needs fast-check.
 * @module
 */
export * from './arbitraries.ts';
export * from './arbitrary-entries.ts';
export type { Law, LawOptions } from './law.ts';
export { archLaws, hostileLaws, mmuLaws } from './laws.ts';
