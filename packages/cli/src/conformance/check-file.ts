/** One file, whatever it is: its `format` says how its facts are compared. */
import { basename } from 'node:path';
import { ArchError, UsageError } from '@kernel-mm/pgtable-core';
import { FixtureError, formatOf, readDat, readGuest, tellFormat } from '@kernel-mm/pgtable-core/guest';
import { loadJson, loadMemory } from '../load-guest.ts';
import type { ReadLimits } from '../read-file.ts';
import { checkDat } from './check-dat.ts';
import { checkGuest } from './check-guest.ts';
import { checkEntries, checkWalks } from './check-vectors.ts';
import { Findings } from './findings.ts';

/** Fills the findings from the JSON of a file; guests and bare-metal tests have their memory beside it. */
type Check = (found: Findings, json: unknown, memory: () => Uint8Array<ArrayBuffer>) => void;

const FORMATS: Readonly<Record<string, Check>> = {
  'kernel-mm/walk-vectors@1': checkWalks,
  'kernel-mm/entry-vectors@1': checkEntries,
  'oracle-fixture-1': (found, json, memory) => checkGuest(found, readGuest(json, memory())),
  'oracle-dat-1': (found, json, memory) => checkDat(found, readDat(json, memory())),
};

/** What became of a file: findings, or why it could not be used. */
export interface FileReport {
  readonly file: string;
  readonly findings: Findings;
  /** Names what the file lacks, and the case that lacks it. */
  readonly error?: string;
}

/** Compares every fact of a file, plain or gzip. Never throws for what the file holds. */
export function checkFile(file: string, limits: ReadLimits = {}): FileReport {
  const findings = new Findings();
  try {
    const json = loadJson(file, limits);
    const format = formatOf(json);
    const check = typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
    const known = Object.keys(FORMATS).join(', ');
    if (!check) throw new FixtureError('format', 'format', `one of ${known}, not ${tellFormat(format)}`);
    check(findings, json, () => loadMemory(file, json, limits));
    // A file that says nothing has shown nothing, whatever other files say.
    if (findings.checked.size === 0) throw new FixtureError('missing', basename(file), 'at least one fact');
    return { file, findings };
  } catch (error) {
    if (error instanceof FixtureError || error instanceof UsageError || error instanceof ArchError)
      return { file, findings, error: error.message };
    throw error;
  }
}
