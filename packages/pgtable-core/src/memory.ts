/** Physical memory: one buffer that is handed in, flat or with pieces of a sparse image; no access leaves it. */
import type { Paddr } from './brand.ts';
import { type Cell, cellOf, type EntryBytes, isShared } from './cell.ts';
import { kindOf, UsageError } from './errors.ts';

export type { EntryBytes } from './cell.ts';

/** A run of physical memory that the buffer holds. */
export interface Piece {
  /** Physical address of its first byte. */
  readonly at: bigint;
  /** Bytes. */
  readonly length: number;
  /** Offset of the first byte in the buffer. */
  readonly offset: number;
}

/** What a walk reads from and a builder writes to. Values are unsigned integers of 1, 2, 4 or 8 bytes. */
export interface Memory {
  /** One load of the whole value, or `undefined` where it does not lie in one run of memory. */
  read(at: Paddr, bytes: EntryBytes, order: 'little' | 'big'): bigint | undefined;
  /** One store of the whole value; `false`, and nothing written, where it does not lie in one run of memory. */
  write(at: Paddr, bytes: EntryBytes, order: 'little' | 'big', value: bigint): boolean;
  /** The runs of physical memory, in ascending order. */
  readonly pieces: readonly Piece[];
  /** What it was made of, where that is bytes: an engine may walk them past `read`. */
  readonly bytes?: Bytes;
}

/**
 * The bytes: a buffer, a view of one, or what has a buffer and may replace it as it grows (a WebAssembly.Memory). A
 * SharedArrayBuffer is read and written with Atomics, so that nothing tears.
 */
export type Bytes = ArrayBuffer | SharedArrayBuffer | Uint8Array<ArrayBuffer | SharedArrayBuffer> | BufferHolder;

/** What has a buffer. */
export interface BufferHolder {
  /** The buffer that there is now. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** Memory whose byte `i` is physical address `base + i`. */
export const flatMemory = (bytes: Bytes, base = 0n): Memory =>
  sparseMemory(bytes, [{ at: base, length: viewOf(bytes).byteLength, offset: 0 }]);

/**
 * Memory of which only some runs exist.
 * @throws {@link UsageError} `memory-layout` for pieces that overlap, reach past the buffer or past 2^64, or, in a
 * shared buffer, are not aligned to 8 bytes.
 */
export function sparseMemory(bytes: Bytes, pieces: readonly Piece[]): Memory {
  let view = viewOf(bytes);
  let cell = cellOf(view);
  const sorted = joined(pieces, view);

  /** The cell of the buffer that there is now, as long as it is now. */
  function current(): Cell {
    if ('buffer' in bytes && bytes.buffer !== view.buffer) {
      view = viewOf(bytes);
      cell = cellOf(view);
    }
    if (view.byteLength !== cell.size) cell = cellOf(view);
    return cell;
  }

  function offsetOf(at: bigint, length: number, size: number): number | undefined {
    if (typeof at !== 'bigint') throw new UsageError('argument', 'at', `a physical address, not ${kindOf(at)}`);
    if (!isEntryBytes(length)) throw new UsageError('argument', 'bytes', '1, 2, 4 or 8');
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    const piece = sorted[low - 1];
    if (!piece || at + BigInt(length) > piece.at + BigInt(piece.length)) return undefined;
    const offset = piece.offset + Number(at - piece.at);
    // The buffer may have become shorter than the pieces were when they were checked.
    return offset + length > size ? undefined : offset;
  }

  return {
    pieces: sorted,
    bytes,
    read(at, length, order) {
      const now = current();
      const offset = offsetOf(at, length, now.size);
      return offset === undefined ? undefined : now.read(offset, length, order === 'little');
    },
    write(at, length, order, value) {
      if (typeof value !== 'bigint') throw new UsageError('argument', 'value', `a bigint, not ${kindOf(value)}`);
      const now = current();
      const offset = offsetOf(at, length, now.size);
      if (offset !== undefined) now.write(offset, length, order === 'little', BigInt.asUintN(8 * length, value));
      return offset !== undefined;
    },
  };
}

const isEntryBytes = (length: number): boolean => length === 8 || length === 4 || length === 2 || length === 1;

/** Checked, in order, and as few as possible: what follows on in memory and in the buffer is one piece. */
function joined(pieces: readonly Piece[], view: Uint8Array): readonly Piece[] {
  const runs: Piece[] = [];
  if (!Array.isArray(pieces)) throw new UsageError('memory-layout', 'pieces', `a list, not ${kindOf(pieces)}`);
  // Copies: nothing that the caller can still change is kept.
  const own = pieces.map((piece: Piece): Piece => {
    if (typeof piece?.at !== 'bigint') throw new UsageError('memory-layout', 'pieces', 'pieces whose `at` is a bigint');
    return { at: piece.at, length: piece.length, offset: piece.offset };
  });
  for (const piece of own.filter((p) => p.length !== 0).sort((a, b) => (a.at < b.at ? -1 : 1))) {
    const last = runs.at(-1);
    checkPiece(piece, last, view);
    const follows = last && last.at + BigInt(last.length) === piece.at && last.offset + last.length === piece.offset;
    if (follows) runs[runs.length - 1] = { ...last, length: last.length + piece.length };
    else runs.push(piece);
  }
  return runs;
}

function checkPiece(p: Piece, previous: Piece | undefined, view: Uint8Array): void {
  const refuse = (expected: string): never => {
    throw new UsageError('memory-layout', `piece at 0x${p.at.toString(16)}`, expected);
  };
  if (!Number.isSafeInteger(p.offset) || !Number.isSafeInteger(p.length) || p.offset < 0 || p.length < 0)
    refuse('an offset and a length that are whole numbers, not negative');
  if (p.offset + p.length > view.byteLength) refuse(`bytes inside the buffer of ${view.byteLength}`);
  if (p.at < 0n || p.at + BigInt(p.length) > 1n << 64n) refuse('addresses from 0 to 2^64-1');
  if (previous && previous.at + BigInt(previous.length) > p.at) refuse('no overlap with the piece before it');
  const aligned = (view.byteOffset + p.offset) % 8 === 0 && p.at % 8n === 0n;
  if (isShared(view.buffer) && !aligned) refuse('alignment to 8 bytes in a shared buffer');
}

function viewOf(bytes: Bytes): Uint8Array<ArrayBuffer | SharedArrayBuffer> {
  if (bytes instanceof Uint8Array) return bytes;
  const buffer = typeof bytes === 'object' && bytes !== null && 'buffer' in bytes ? bytes.buffer : bytes;
  if (buffer instanceof ArrayBuffer || isShared(buffer)) return new Uint8Array(buffer);
  throw new UsageError('argument', 'bytes', `a buffer, bytes of one, or what has one; not ${kindOf(bytes)}`);
}
