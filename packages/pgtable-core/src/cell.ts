/** The bytes of one buffer as words: plain, or with Atomics where the buffer is shared, so that nothing tears. */
import { UsageError } from './errors.ts';

/** How many bytes an entry can have. */
export type EntryBytes = 1 | 2 | 4 | 8;

/** Words of one buffer as it is now; one whose buffer was taken away or has another length is made anew. */
export interface Cell {
  /** Bytes of the buffer when the cell was made. */
  readonly size: number;
  read(offset: number, bytes: EntryBytes, little: boolean): bigint;
  write(offset: number, bytes: EntryBytes, little: boolean, value: bigint): void;
}

// A page that is not isolated has no SharedArrayBuffer at all.
/** Whether threads share a buffer. */
export const isShared = (buffer: ArrayBufferLike): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;

/** The cell of a view. */
export const cellOf = (view: Uint8Array<ArrayBuffer | SharedArrayBuffer>): Cell =>
  isShared(view.buffer) ? sharedCell(view) : plainCell(view);

function readWord(data: DataView, at: number, bytes: EntryBytes, little: boolean): bigint {
  if (bytes === 8) return data.getBigUint64(at, little);
  if (bytes === 4) return BigInt(data.getUint32(at, little));
  return BigInt(bytes === 2 ? data.getUint16(at, little) : data.getUint8(at));
}

function writeWord(data: DataView, at: number, bytes: EntryBytes, little: boolean, value: bigint): void {
  if (bytes === 8) data.setBigUint64(at, value, little);
  else if (bytes === 4) data.setUint32(at, Number(value), little);
  else if (bytes === 2) data.setUint16(at, Number(value), little);
  else data.setUint8(at, Number(value));
}

function plainCell(view: Uint8Array): Cell {
  const data = dataOf(view);
  return {
    size: view.byteLength,
    read: (at, bytes, little) => readWord(data, at, bytes, little),
    write: (at, bytes, little, value) => writeWord(data, at, bytes, little, value),
  };
}

/** A buffer that was taken away has no bytes, and cannot even be looked at. */
const dataOf = (view: Uint8Array): DataView =>
  view.byteLength === 0
    ? new DataView(new ArrayBuffer(0))
    : new DataView(view.buffer, view.byteOffset, view.byteLength);

/** Atomics know the machine's byte order only, so the value passes through a private scratch word. */
function sharedCell(view: Uint8Array): Cell {
  const end = view.byteOffset + view.byteLength;
  const buffer = view.buffer as SharedArrayBuffer;
  const words = new BigUint64Array(buffer, 0, Math.floor(end / 8));
  const parts = {
    4: new Uint32Array(buffer, 0, Math.floor(end / 4)),
    2: new Uint16Array(buffer, 0, Math.floor(end / 2)),
    1: new Uint8Array(buffer, 0, end),
  } as const;
  const scratch = new DataView(new ArrayBuffer(8));
  const word = new BigUint64Array(scratch.buffer);
  const part = {
    4: new Uint32Array(scratch.buffer, 0, 1),
    2: new Uint16Array(scratch.buffer, 0, 1),
    1: new Uint8Array(scratch.buffer, 0, 1),
  } as const;
  const aligned = (at: number, bytes: number): number => {
    if ((view.byteOffset + at) % bytes === 0) return (view.byteOffset + at) / bytes;
    throw new UsageError('memory-layout', 'address', `alignment to ${bytes} bytes in a shared buffer`);
  };
  return {
    size: view.byteLength,
    read(at, bytes, little) {
      if (bytes === 8) word[0] = Atomics.load(words, aligned(at, 8));
      else part[bytes][0] = Atomics.load(parts[bytes], aligned(at, bytes));
      return readWord(scratch, 0, bytes, little);
    },
    write(at, bytes, little, value) {
      writeWord(scratch, 0, bytes, little, value);
      if (bytes === 8) Atomics.store(words, aligned(at, 8), word[0]!);
      else Atomics.store(parts[bytes], aligned(at, bytes), part[bytes][0]!);
    },
  };
}
