/** The laws, which need fast-check: an optional peer, so it is asked for only where a command asks the laws. */

import type * as gup from '@kernel-mm/gup-fast/testing';
import { UsageError } from '@kernel-mm/pgtable-core';
import type * as core from '@kernel-mm/pgtable-core/testing';
import type { Options } from 'yargs';
import { count } from './words.ts';

/** What a command needs to ask laws. */
export type LawTools = Pick<typeof core, 'runLaws' | 'formatReport' | 'lawResult'> & Pick<typeof gup, 'stepperLaws'>;

/**
 * Loads the laws.
 * @throws UsageError `argument` where fast-check is not installed
 */
export async function lawTools(): Promise<LawTools> {
  try {
    const { runLaws, formatReport, lawResult } = await import('@kernel-mm/pgtable-core/testing');
    const { stepperLaws } = await import('@kernel-mm/gup-fast/testing');
    return { runLaws, formatReport, lawResult, stepperLaws };
  } catch (error) {
    // Of what these two import, fast-check alone may be missing.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new UsageError('argument', 'fast-check', 'the package beside @kernel-mm/cli: npm install fast-check');
  }
}

/** How many random cases each law is asked. */
export const RUNS = {
  runs: { type: 'string', describe: 'random cases for each law (default: 100)' },
} as const satisfies Record<string, Options>;

/** How thoroughly to look, as the words say. */
export const lawOptionsOf = ({ runs }: { readonly runs: string | undefined }): { readonly runs?: number } =>
  runs === undefined ? {} : { runs: count('--runs', runs) };
