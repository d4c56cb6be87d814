/** Physical memory that stays in its files: only pages that a walk asks for are read, and few of them are kept. */
import { readSync } from 'node:fs';
import { type Memory, type Paddr, type Piece, UsageError } from '@kernel-mm/pgtable-core';
import { type ReadLimits, withFile } from './read-file.ts';
import { hex } from './words.ts';

/** A run of physical memory, and where its bytes come from. */
export interface ImagePiece {
  /** Physical address of its first byte. */
  readonly at: bigint;
  /** Bytes. */
  readonly length: number;
  /** Its bytes from `offset` on, one page at most; fewer where the file has become shorter. */
  page(offset: number): Uint8Array;
}

/** Bytes that are read at once. */
const PAGE = 2 ** 16;
/** Pages of one file that are kept: 16 MiB. */
const KEPT = 256;

/** The pages of a file. It is opened for each read: nothing stays open behind a memory that is forgotten. */
export function filePages(file: string, limits: ReadLimits): ImagePiece['page'] {
  const kept = new Map<number, Uint8Array>();
  return (offset) => {
    const number = Math.floor(offset / PAGE);
    let page = kept.get(number);
    if (!page) {
      const bytes = Buffer.allocUnsafe(PAGE);
      page = withFile(file, limits, ({ fd }) => bytes.subarray(0, readSync(fd, bytes, 0, PAGE, number * PAGE)));
      // The one that was read first goes first.
      if (kept.size === KEPT) kept.delete(kept.keys().next().value ?? 0);
      kept.set(number, page);
    }
    return page.subarray(offset % PAGE);
  };
}

/** Memory of these pieces. Nothing can be written to it. Throws UsageError for pieces that overlap, or pass 2^64. */
export function imageMemory(pieces: readonly ImagePiece[]): Memory {
  const sorted = pieces.filter(({ length }) => length > 0).sort((a, b) => (a.at < b.at ? -1 : 1));
  for (const [n, { at, length }] of sorted.entries()) {
    const before = sorted[n - 1];
    const refuse = (expected: string): never => {
      throw new UsageError('argument', '--image', `${expected}: the one at ${hex(at)}`);
    };
    if (at + BigInt(length) > 1n << 64n) refuse('an image that ends below 2^64');
    if (before && before.at + BigInt(before.length) > at) refuse('images that do not overlap');
  }

  /** The bytes of a word, which may lie on two pages, and in two files. */
  function load(at: bigint, length: number): DataView | undefined {
    const word = new Uint8Array(8);
    for (let done = 0; done < length; ) {
      const next = at + BigInt(done);
      const piece = sorted.findLast((one) => one.at <= next);
      const offset = piece ? next - piece.at : 0n;
      if (!piece || offset >= BigInt(piece.length)) return undefined;
      const bytes = piece.page(Number(offset)).subarray(0, Math.min(length - done, piece.length - Number(offset)));
      if (bytes.length === 0) return undefined;
      word.set(bytes, done);
      done += bytes.length;
    }
    return new DataView(word.buffer);
  }

  return {
    pieces: sorted.map(({ at, length }): Piece => ({ at, length, offset: 0 })),
    read(at: Paddr, length, order) {
      const word = load(at, length);
      return length === 8
        ? word?.getBigUint64(0, order === 'little')
        : word && BigInt(word.getUint32(0, order === 'little'));
    },
    write: () => false,
  };
}
