/** Physical memory: one buffer that is handed in, flat or with pieces of a sparse image; no access leaves it. */
import type { Paddr } from './brand.ts';
import { UsageError } from './errors.ts';

/** A run of physical memory that the buffer holds. */
export interface Piece {
  /** Physical address of its first byte. */
  readonly at: bigint;
  /** Bytes. */
  readonly length: number;
  /** Offset of the first byte in the buffer. */
  readonly offset: number;
}

/** What a walk reads from and a builder writes to. Values are unsigned integers of 4 or 8 bytes. */
export interface Memory {
  /** One load of the whole value, or `undefined` where it does not lie in one run of memory. */
  read(at: Paddr, bytes: 4 | 8, order: 'little' | 'big'): bigint | undefined;
  /** One store of the whole value; `false`, and nothing written, where it does not lie in one run of memory. */
  write(at: Paddr, bytes: 4 | 8, order: 'little' | 'big', value: bigint): boolean;
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

  /** The cell of the buffer that there is now. */
  function current(): Cell {
    if ('buffer' in bytes && bytes.buffer !== view.buffer) {
      view = viewOf(bytes);
      cell = cellOf(view);
    }
    return cell;
  }

  function offsetOf(at: bigint, length: number): number | undefined {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    const piece = sorted[low - 1];
    if (!piece || at + BigInt(length) > piece.at + BigInt(piece.length)) return undefined;
    return piece.offset + Number(at - piece.at);
  }

  return {
    pieces: sorted,
    bytes,
    read(at, length, order) {
      const offset = offsetOf(at, length);
      return offset === undefined ? undefined : current().read(offset, length, order === 'little');
    },
    write(at, length, order, value) {
      const offset = offsetOf(at, length);
      if (offset !== undefined) current().write(offset, length, order === 'little', BigInt.asUintN(8 * length, value));
      return offset !== undefined;
    },
  };
}

/** Checked, in order, and as few as possible: what follows on in memory and in the buffer is one piece. */
function joined(pieces: readonly Piece[], view: Uint8Array): readonly Piece[] {
  const runs: Piece[] = [];
  for (const piece of pieces.filter((p) => p.length !== 0).sort((a, b) => (a.at < b.at ? -1 : 1))) {
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

// A page that is not isolated has no SharedArrayBuffer at all.
const isShared = (buffer: ArrayBufferLike): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;

function viewOf(bytes: Bytes): Uint8Array<ArrayBuffer | SharedArrayBuffer> {
  if (bytes instanceof Uint8Array) return bytes;
  return new Uint8Array('buffer' in bytes ? bytes.buffer : bytes);
}

const cellOf = (view: Uint8Array<ArrayBuffer | SharedArrayBuffer>): Cell =>
  isShared(view.buffer) ? sharedCell(view) : plainCell(view);

interface Cell {
  read(offset: number, bytes: 4 | 8, little: boolean): bigint;
  write(offset: number, bytes: 4 | 8, little: boolean, value: bigint): void;
}

function plainCell(view: Uint8Array): Cell {
  const data = new DataView(view.buffer, view.byteOffset, view.byteLength);
  return {
    read: (at, bytes, little) => (bytes === 8 ? data.getBigUint64(at, little) : BigInt(data.getUint32(at, little))),
    write: (at, bytes, little, value) =>
      bytes === 8 ? data.setBigUint64(at, value, little) : data.setUint32(at, Number(value), little),
  };
}

/** Atomics know the machine's byte order only, so the value passes through a private scratch word. */
function sharedCell(view: Uint8Array): Cell {
  const end = view.byteOffset + view.byteLength;
  const words = new BigUint64Array(view.buffer as SharedArrayBuffer, 0, Math.floor(end / 8));
  const halves = new Uint32Array(view.buffer as SharedArrayBuffer, 0, Math.floor(end / 4));
  const scratch = new DataView(new ArrayBuffer(8));
  const word = new BigUint64Array(scratch.buffer);
  const half = new Uint32Array(scratch.buffer);
  const aligned = (at: number, bytes: number): number => {
    if ((view.byteOffset + at) % bytes === 0) return (view.byteOffset + at) / bytes;
    throw new UsageError('memory-layout', 'address', `alignment to ${bytes} bytes in a shared buffer`);
  };
  return {
    read(at, bytes, little) {
      if (bytes === 8) word[0] = Atomics.load(words, aligned(at, 8));
      else half[0] = Atomics.load(halves, aligned(at, 4));
      return bytes === 8 ? scratch.getBigUint64(0, little) : BigInt(scratch.getUint32(0, little));
    },
    write(at, bytes, little, value) {
      if (bytes === 8) {
        scratch.setBigUint64(0, value, little);
        Atomics.store(words, aligned(at, 8), word[0]!);
      } else {
        scratch.setUint32(0, Number(value), little);
        Atomics.store(halves, aligned(at, 4), half[0]!);
      }
    },
  };
}
