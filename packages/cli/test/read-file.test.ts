/** What is read, and what is refused: by kind, by size, by what gzip unpacks to. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import { describe, expect, test } from 'vitest';
import { loadDefinition, loadJson } from '../src/load-guest.ts';
import { loadBytes, MAX_BYTES } from '../src/read-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
const write = (name: string, bytes: Uint8Array | string): string => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
};
const refusal = (work: () => unknown): string => {
  expect(work).toThrow(FixtureError);
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('what is no regular file', () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const inner = join(folder, 'inner');
  mkdirSync(inner);

  test.each([
    [fifo, 'a regular file; --special reads pipes and devices too'],
    ['/dev/zero', 'a regular file'],
    ['/dev/null', 'a regular file'],
    [inner, 'a file, not a folder'],
    [join(inner, 'nowhere'), 'a file that can be read'],
    [join(fifo, 'below'), 'a file that can be read'],
    [`${folder}/with\0zero`, 'a file that can be read'],
  ])('%j', (file, says) => expect(refusal(() => loadBytes(file))).toContain(`expected ${says}`));

  test('a pipe is read where it is asked for, and a device up to the limit', () => {
    spawn('sh', ['-c', `printf hello > ${fifo}`]);
    expect(loadBytes(fifo, { special: true }).toString()).toBe('hello');
    expect(loadBytes('/dev/null', { special: true }).length).toBe(0);
    expect(refusal(() => loadBytes('/dev/zero', { special: true, maxBytes: 3_000_000 }))).toContain('3000000 bytes');
  });
});

describe('sizes', () => {
  const [eight, packed] = [write('eight', '12345678'), write('packed.gz', gzipSync('1'.repeat(1000)))];

  test('up to the limit, and not a byte more', () => {
    expect(loadBytes(eight, { maxBytes: 8 }).length).toBe(8);
    expect(refusal(() => loadBytes(eight, { maxBytes: 7 }))).toContain('at most 7 bytes (--max-size)');
    expect(loadBytes(packed, { maxBytes: 1000 }).length).toBe(1000);
    expect(refusal(() => loadBytes(packed, { maxBytes: 999 }))).toContain('999 bytes (--max-size), unpacked');
  });

  test('a file that says nothing of its size is read to its end', () => {
    expect(loadBytes('/proc/self/status').toString()).toMatch(/^Name:/);
  });

  test('1 GiB in a megabyte: the limit, by default', () => {
    const zeros = gzipSync(Buffer.alloc(2 ** 26));
    // Members follow each other, RFC 1952: the contents too.
    const bomb = write('bomb.gz', Buffer.concat(Array.from({ length: 16 }, () => zeros)));
    expect(refusal(() => loadBytes(bomb))).toContain(`at most ${MAX_BYTES} bytes (--max-size), unpacked`);
  });

  test('gzip that is cut short, or followed by noise', () => {
    const bytes = gzipSync('hello '.repeat(1000));
    expect(refusal(() => loadBytes(write('cut.gz', bytes.subarray(0, 20))))).toContain('a whole gzip file');
  });
});

describe('JSON', () => {
  test.each([
    ['empty', ''],
    ['no JSON', '{ this is not json'],
    ['a byte order mark', '\ufeff{}'],
    ['UTF-16', Buffer.from('\ufeff{"id": "x"}', 'utf16le')],
    ['zeros', Buffer.alloc(100)],
  ])('%s', (name, text) => {
    const file = write(name.replaceAll(' ', '-'), text);
    for (const load of [loadJson, loadDefinition])
      expect(refusal(() => load(file))).toContain('expected JSON, plain or gzip');
  });

  test('too deep to be a definition', () => {
    const file = write('deep.json', '['.repeat(100_000) + ']'.repeat(100_000));
    expect(refusal(() => loadDefinition(file))).toContain('expected JSON');
  });

  test('a line break in a name ends no line, a backslash before n stays one', () => {
    const file = write('breaks.json', '{"a\\nb": "c\\r\\u000Ad\\\\n\\t"}');
    expect(loadJson(file)).toEqual({ 'a\\nb': 'c\\r\\u000Ad\\n\t' });
  });
});
