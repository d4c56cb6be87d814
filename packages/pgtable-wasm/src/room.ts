/** Room in a WebAssembly memory: behind what it holds, for the walker's own use and for whoever wants no copies. */
import { checkFlags, checkFunction, checkObject, isArrayOf, UsageError } from '@kernel-mm/pgtable-core';
import { newMemory, type WasmMemory } from './platform.ts';

/** Bytes of a page of WebAssembly memory. */
const WASM_PAGE = 0x1_0000;

/** What memory to make. */
export interface MemoryOptions {
  /** An image to begin with; it lies at offset 0. */
  readonly image?: Uint8Array;
  /** Bytes, where that is more than the image has. */
  readonly bytes?: number;
  /** Whether several threads work on it; it then needs a `maximum`. */
  readonly shared?: boolean;
  /** Bytes that it may grow to; the most that there can be, 4 GiB, unless said otherwise. */
  readonly maximum?: number;
}

function checkBytes(name: string, bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new UsageError('argument', name, 'a whole number of bytes');
}

const pagesOf = (bytes: number): number => Math.ceil(bytes / WASM_PAGE);

/**
 * A WebAssembly memory for physical memory to lie in. Hand it to `flatMemory`.
 * @throws UsageError `argument` for options of another kind; `engine` where it cannot be had
 */
export function wasmMemory(options: MemoryOptions): WasmMemory {
  checkObject('options', options);
  const { image, bytes = 0, shared = false, maximum = 2 ** 32 } = options;
  if (image !== undefined && !isArrayOf('Uint8Array', image)) throw new UsageError('argument', 'image', 'a Uint8Array');
  checkBytes('bytes', bytes);
  checkBytes('maximum', maximum);
  checkFlags(options, 'shared');
  const initial = pagesOf(Math.max(bytes, image?.byteLength ?? 0));
  const memory = newMemory({ initial, ...(shared && { shared, maximum: pagesOf(maximum) }) });
  if (image) new Uint8Array(memory.buffer).set(image);
  return memory;
}

/**
 * Makes room for so many bytes at the end of a memory, by letting it grow.
 * Where the memory is not shared, views of it that were made before are empty then; a `Memory` of core follows.
 * @returns where it begins: a byte offset, a multiple of 64 KiB
 * @throws UsageError `engine` where the memory cannot grow so far
 */
export function room(memory: WasmMemory, bytes: number): number {
  checkObject('memory', memory);
  checkFunction('memory.grow', memory.grow);
  checkBytes('bytes', bytes);
  const pages = Math.max(pagesOf(bytes), 1);
  try {
    return memory.grow(pages) * WASM_PAGE;
  } catch (cause) {
    const error = new UsageError('engine', 'memory', `room to grow by ${pages} pages of 64 KiB`);
    error.cause = cause;
    throw error;
  }
}
