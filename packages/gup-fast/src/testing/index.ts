/**
 * For tests: the laws of a stepper, over random address spaces of an architecture. Needs fast-check.
 * @module
 */
export { stepperLaws } from './stepper-laws.ts';
