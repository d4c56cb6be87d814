/** Guest fixtures from files: NAME.json.gz with NAME.mem.gz beside it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FixtureError, type Guest, readGuest } from '@kernel-mm/pgtable-core/guest';

/**
 * Reads a guest from `file`, its NAME.json.gz.
 * @throws FixtureError for a file that is missing, cut short, or of another format
 */
export function loadGuest(file: string): Guest {
  const text = gunzipped(file).toString('utf8');
  const bytes = gunzipped(file.replace(/\.json\.gz$/, '.mem.gz'));
  return readGuest(parsed(text, file), new Uint8Array(bytes));
}

/** The guest files of a folder whose name begins with `prefix`, in order; none if there is no such folder. */
export const guestFiles = (folder: string, prefix: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json.gz'))
    .sort()
    .map((name) => join(folder, name));

function gunzipped(file: string): Buffer {
  try {
    return gunzipSync(readFileSync(file));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const where = join(basename(dirname(file)), basename(file));
    if (missing) throw new FixtureError('missing', where, 'the file to be there');
    throw new FixtureError('truncated', where, 'a whole gzip file');
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FixtureError('malformed', basename(file), 'JSON');
  }
}
