/**
 * Memory of a real guest, with its kernel's own answers: a reader for `oracle-fixture-1` files.
 * @module
 */
export * from './fixture-error.ts';
export * from './guest.ts';
