/**
 * Memory of a real guest, with the answers of its kernel, its MMU and its CPU: a reader for `oracle-fixture-1` files;
 * and for the bare-metal tests of s390's address translation, `oracle-dat-1` files.
 * @module
 */
export { formatOf, tellFormat } from './checked.ts';
export * from './dat.ts';
export * from './facts.ts';
export * from './fixture-error.ts';
export { type Guest, readGuest } from './guest.ts';
