/** Every walker, as the neutrality report runs it. */
import { applyCase, applyExistingCase } from './apply.ts';
import type { NeutralCase } from './case.ts';
import { copyPageRangeCase } from './copy-page-range.ts';
import { freePgtablesCase } from './free-pgtables.ts';
import { ioremapCase } from './ioremap.ts';
import { kasanCase } from './kasan.ts';
import { madviseCase } from './madvise.ts';
import { mlockCase } from './mlock.ts';
import { mprotectCase } from './mprotect.ts';
import { pagewalkCase } from './pagewalk.ts';
import { remapCase } from './remap.ts';
import { swapoffCase } from './swapoff.ts';
import { vmapCase, vunmapCase } from './vmap.ts';
import { zapCase } from './zap.ts';

/** In the order of the files that patch 2 names. */
export const NEUTRAL_CASES: readonly NeutralCase[] = [
  ...[ioremapCase, kasanCase, madviseCase, freePgtablesCase, copyPageRangeCase, zapCase, remapCase],
  ...[applyCase, applyExistingCase, mlockCase, mprotectCase, pagewalkCase, swapoffCase, vmapCase, vunmapCase],
];
