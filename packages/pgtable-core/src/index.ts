/**
 * Page tables as a library: define an architecture as data, then walk, build and explain its tables.
 * @module
 */
export * from './addr-end.ts';
export * from './alloc.ts';
export * from './arch.ts';
export * from './brand.ts';
export * from './build.ts';
export {
  change,
  fieldsOf,
  leafAddress,
  makeLeaf,
  makeSwap,
  makeTable,
  NO_RIGHTS,
  type Swap,
  swapOf,
  tableAddress,
} from './codec.ts';
export * from './define-arch.ts';
export * from './entry.ts';
export * from './errors.ts';
export * from './explain.ts';
export * from './expr.ts';
export * from './field.ts';
export * from './fold.ts';
export { type Arch, type Geometry, indexAt, type Rules } from './geometry.ts';
export * from './hardware.ts';
export * from './json.ts';
export * from './level.ts';
export * from './machine.ts';
export * from './map.ts';
export * from './memory.ts';
export * from './mm.ts';
export * from './oracles.ts';
export * from './range.ts';
export * from './reading.ts';
export * from './stack.ts';
export * from './stepper.ts';
export * from './translate.ts';
export * from './walk.ts';
export * from './walk-range.ts';
