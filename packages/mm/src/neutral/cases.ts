/** Every walker, as the neutrality report runs it. */
import type { NeutralCase } from './case.ts';
import { mprotectCase } from './mprotect.ts';

/** In the order of the kernel's files. */
export const NEUTRAL_CASES: readonly NeutralCase[] = [mprotectCase];
