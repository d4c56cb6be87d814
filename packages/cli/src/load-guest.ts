/** Fixtures from files: NAME.json, plain or gzip, with its memory beside it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type ArchSpec, archFromJson } from '@kernel-mm/pgtable-core';
import { type FixtureCode, FixtureError, type Guest, readGuest } from '@kernel-mm/pgtable-core/guest';

/**
 * Reads a guest from `file`, its NAME.json or NAME.json.gz.
 * @throws FixtureError for a file that is missing, cut short, or of another format
 */
export function loadGuest(file: string): Guest {
  const json = loadJson(file);
  return readGuest(json, loadMemory(file, json));
}

/** The guest files of a folder whose name begins with `prefix`, in order; none if there is no such folder. */
export const guestFiles = (folder: string, prefix: string): string[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json.gz'))
    .filter((name) => !/-dat-|\.infotlb\./.test(name)) // bare-metal tests, and lists of leaves
    .sort()
    .map((name) => join(folder, name));

/** Files that belong to a fixture and are not one. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/\.vmcore\b/, 'a fixture or vector file (a whole memory image is for readers of such images)'],
  [/\.infotlb\./, 'a fixture or vector file (a list of leaves is compared with its guest, by a test of its own)'],
  [/\.mem(\.gz)?$/, 'a fixture or vector file (memory is found by the .json beside it)'],
];

/**
 * The JSON of a file, plain or gzip.
 * @throws FixtureError for a file that is missing, cut short, or no JSON
 */
export function loadJson(file: string): unknown {
  const [, other] = OTHERS.find(([name]) => name.test(basename(file))) ?? [];
  if (other) throw new FixtureError('format', basename(file), other);
  const text = loadText(file);
  return trying('malformed', file, 'JSON, plain or gzip', () => JSON.parse(text));
}

/**
 * A definition of a user's own; it is not checked.
 * @throws FixtureError for a file that is missing, cut short, or no JSON
 */
export function loadDefinition(file: string): ArchSpec {
  const text = loadText(file);
  return trying('malformed', file, 'JSON, plain or gzip', () => archFromJson(text));
}

/** The text of a file, plain or gzip. */
const loadText = (file: string): string => loadBytes(file).toString('utf8');

/**
 * The memory of a fixture: NAME.mem.gz or NAME.mem, or the file that its `memory.file` names, in the same folder.
 * @throws FixtureError for memory that is not there, or cut short
 */
export function loadMemory(file: string, json: unknown): Uint8Array<ArrayBuffer> {
  const name = file.replace(/(\.json)?(\.gz)?$/, '');
  const said = (json as { memory?: { file?: unknown } } | null)?.memory?.file;
  const beside = [`${name}.mem.gz`, `${name}.mem`];
  if (typeof said === 'string') beside.push(join(dirname(file), basename(said)));
  return new Uint8Array(loadBytes(beside.find((one) => existsSync(one)) ?? `${name}.mem.gz`));
}

/** The bytes of a file; of gzip, what is in it. */
export function loadBytes(file: string): Buffer {
  const bytes = trying('missing', file, 'a file that can be read', () => readFileSync(file));
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? trying('truncated', file, 'a whole gzip file', () => gunzipSync(bytes)) : bytes;
}

/** What `work` gives; what it throws is the file's fault. */
function trying<T>(code: FixtureCode, file: string, expected: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new FixtureError(code, join(basename(dirname(file)), basename(file)), expected);
  }
}
