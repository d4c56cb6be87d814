/** Files as the command reads them: regular ones, of a size that is said, and gzip only as far as that size. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UsageError } from '@kernel-mm/pgtable-core';
import { type FixtureCode, FixtureError } from '@kernel-mm/pgtable-core/guest';
import type { InferredOptionTypes, Options } from 'yargs';
import { size } from './words.ts';

/** What may be read. */
export interface ReadLimits {
  /** The most bytes of one file that are held in memory, of gzip: unpacked. Default: 64 MiB. */
  readonly maxBytes?: number;
  /** Whether pipes and devices are read too. Default: false. */
  readonly special?: boolean;
}

/** 64 MiB. */
export const MAX_BYTES: number = 2 ** 26;

/** The limits of what is read. */
export const LIMITS = {
  'max-size': { type: 'string', default: '64M', describe: 'the most bytes of a file to hold, of gzip: unpacked' },
  special: { type: 'boolean', default: false, describe: 'read pipes and devices too' },
} as const satisfies Record<string, Options>;

/** The limits that the words say. */
export const limitsOf = (asked: InferredOptionTypes<typeof LIMITS>): ReadLimits => ({
  maxBytes: size('--max-size', asked['max-size']),
  special: asked.special,
});

/** An open file, and what is known of it. */
export interface OpenFile {
  readonly fd: number;
  /** Its bytes; 0 for what is no regular file. */
  readonly size: number;
  readonly isRegular: boolean;
}

/** A file as errors call it: its name, and the folder that it is in. */
export const told = (file: string): string => join(basename(dirname(file)), basename(file));

const refuse = (code: FixtureCode, file: string, expected: string): never => {
  throw new FixtureError(code, told(file), expected);
};

/**
 * What `work` gives; what it throws is the file's fault.
 * @throws FixtureError
 */
export function trying<T>(code: FixtureCode, file: string, expected: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FixtureError) throw error;
    return refuse(code, file, expected);
  }
}

/**
 * What `work` gives; a fault that would be a file's is a word's of the call.
 * @throws UsageError
 */
export function ofCall<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FixtureError) throw new UsageError('argument', error.where, error.expected);
    throw error;
  }
}

/**
 * Opens a file for as long as `use` takes.
 * @throws FixtureError for what cannot be opened, and for what is no regular file
 */
export function withFile<T>(file: string, { special = false }: ReadLimits, use: (of: OpenFile) => T): T {
  // A pipe that nobody writes to would keep open() waiting.
  const flags = constants.O_RDONLY | (special ? 0 : (constants.O_NONBLOCK ?? 0));
  const fd = trying('missing', file, 'a file that can be read', () => openSync(file, flags));
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) refuse('missing', file, 'a file, not a folder');
    if (!stat.isFile() && !special) refuse('missing', file, 'a regular file; --special reads pipes and devices too');
    return use({ fd, size: stat.isFile() ? stat.size : 0, isRegular: stat.isFile() });
  } catch (error) {
    // The system's own, such as a disk that fails.
    if (error instanceof Error && 'syscall' in error) return refuse('missing', file, 'a file that can be read');
    throw error;
  } finally {
    closeSync(fd);
  }
}

/**
 * The bytes of a file; of gzip, what is in it.
 * @throws FixtureError for what cannot be read, and for what is longer than the limits say
 */
export const loadBytes = (file: string, limits: ReadLimits = {}): Buffer =>
  withFile(file, limits, (open) => bytesOf(file, open, limits));

/** What {@link loadBytes} gives, of a file that is open. */
export function bytesOf(file: string, { fd, size: known }: OpenFile, { maxBytes = MAX_BYTES }: ReadLimits): Buffer {
  if (known > maxBytes) refuse('format', file, most(maxBytes));
  const bytes = readUpTo(fd, known, maxBytes) ?? refuse('format', file, most(maxBytes));
  return isGzip(bytes) ? unpacked(file, bytes, maxBytes) : bytes;
}

/** Whether these are the first bytes of a gzip file (RFC 1952, 2.3.1). */
export const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

function unpacked(file: string, bytes: Buffer, maxBytes: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const isLong = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    return isLong
      ? refuse('format', file, `${most(maxBytes)}, unpacked`)
      : refuse('truncated', file, 'a whole gzip file');
  }
}

const most = (maxBytes: number): string => `at most ${maxBytes} bytes (--max-size)`;

const CHUNK = 2 ** 20;

/** What is read until the end; `undefined` where more than `maxBytes` come. What says 0 bytes (/proc) may hold some. */
function readUpTo(fd: number, known: number, maxBytes: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let total = 0; total <= maxBytes; ) {
    // One byte more than is known, so that its end is seen at once.
    const chunk = Buffer.allocUnsafe(Math.min(known > total ? known - total + 1 : CHUNK, maxBytes - total + 1));
    const length = readSync(fd, chunk, 0, chunk.length, null);
    if (length === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, length));
    total += length;
  }
  return undefined;
}
