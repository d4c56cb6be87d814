/**
 * Linux's lockless page-table walk, gup_fast, in every form that the 2020 series and its successors discussed.
 * @module
 */
export { type Judgement, judge } from './judge.ts';
export { gupFastPermitted } from './permitted.ts';
export { memoryPort, type Port } from './port.ts';
export * from './result.ts';
export * from './variants/index.ts';
export { type WalkOptions, walkLockless } from './walk-lockless.ts';
