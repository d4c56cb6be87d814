/**
 * Linux's lockless page-table walk, gup_fast, in every form that the 2020 series and its successors discussed, with the
 * kernel's whole contract around it.
 * @module
 */
export type { GupResult } from './call.ts';
export {
  type Call,
  getUserPages,
  getUserPagesFast,
  getUserPagesFastOnly,
  pinUserPages,
  pinUserPagesFast,
  pinUserPagesFastOnly,
  putUserPages,
  unpinUserPages,
} from './calls.ts';
export { type CountOptions, countRange } from './count-range.ts';
export * from './dummy.ts';
export { DEFAULT_ERA, ERAS, type Era } from './era.ts';
export * from './errno.ts';
export * from './faults.ts';
export * from './flags.ts';
export type { Gup } from './gup.ts';
export { type Broken, formatBroken, type JudgedRead, type Judgement, judge } from './judge.ts';
export * from './page.ts';
export { gupFastPermitted } from './permitted.ts';
export { type PinRangeOptions, pinRange } from './pin-range.ts';
export * from './pinned.ts';
export * from './port.ts';
export { quietPort } from './quiet-port.ts';
export * from './result.ts';
export { RULES, type Rule } from './rules.ts';
export type { SlowReason, SlowStop } from './slow.ts';
export * from './variants/index.ts';
export { type WalkOptions, walkLockless } from './walk-lockless.ts';
export type { RangeOptions } from './walk-pages.ts';
