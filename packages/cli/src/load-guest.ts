/** Fixtures from files: NAME.json, plain or gzip, with its memory beside it. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ArchSpec, archFromJson } from '@kernel-mm/pgtable-core';
import { FixtureError, type Guest, readGuest } from '@kernel-mm/pgtable-core/guest';
import { loadBytes, type ReadLimits, told, trying } from './read-file.ts';

/**
 * Reads a guest from `file`, its NAME.json or NAME.json.gz.
 * @throws FixtureError for a file that is missing, cut short, or of another format
 */
export function loadGuest(file: string, limits: ReadLimits = {}): Guest {
  const json = loadJson(file, limits);
  return readGuest(json, loadMemory(file, json, limits));
}

/** The guest files of a folder whose name begins with `prefix`, in order; none if there is no such folder. */
export const guestFiles = (folder: string, prefix: string): string[] =>
  (statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [])
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
export function loadJson(file: string, limits: ReadLimits = {}): unknown {
  const [, other] = OTHERS.find(([name]) => name.test(basename(file))) ?? [];
  if (other) throw new FixtureError('format', told(file), other);
  const text = loadText(file, limits);
  return trying('malformed', file, 'JSON, plain or gzip', () => JSON.parse(text));
}

/**
 * A definition of a user's own; it is not checked.
 * @throws FixtureError for a file that is missing, cut short, or no JSON
 */
export function loadDefinition(file: string, limits: ReadLimits = {}): ArchSpec {
  const text = loadText(file, limits);
  return trying('malformed', file, 'JSON, plain or gzip', () => archFromJson(text));
}

/**
 * The text of a JSON file, plain or gzip. No name in it ends a line where it is told: its line breaks are read as the two
 * letters that JSON writes them with.
 */
const loadText = (file: string, limits: ReadLimits): string =>
  trying('malformed', file, 'JSON, plain or gzip', () => loadBytes(file, limits).toString('utf8')).replace(
    /\\(u000[ad]|.)/gis,
    (written, letter: string) => (/^(n|r|u000[ad])$/i.test(letter) ? `\\${written}` : written),
  );

/**
 * The memory of a fixture: NAME.mem.gz or NAME.mem, or the file that its `memory.file` names, in the same folder.
 * @throws FixtureError for memory that is not there, or cut short
 */
export function loadMemory(file: string, json: unknown, limits: ReadLimits = {}): Uint8Array<ArrayBuffer> {
  const name = file.replace(/(\.json)?(\.gz)?$/, '');
  const said = (json as { memory?: { file?: unknown } } | null)?.memory?.file;
  const beside = [`${name}.mem.gz`, `${name}.mem`];
  if (typeof said === 'string') beside.push(join(dirname(file), basename(said)));
  return new Uint8Array(loadBytes(beside.find((one) => existsSync(one)) ?? `${name}.mem.gz`, limits));
}
