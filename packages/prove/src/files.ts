/**
 * Files of a user's own: a module's exports, and which of them are architectures or steppers. Needs Node, and no solver.
 * @module
 */
export { type Exports, exportsOf } from './load-module.ts';
export { isStepper, type OwnArch, ownArch, valuesOf } from './own.ts';
