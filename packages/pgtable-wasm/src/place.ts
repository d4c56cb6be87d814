/** Where physical memory lies in a WebAssembly memory: in one run, or in frames that a directory finds. */
import { type Memory, UsageError } from '@kernel-mm/pgtable-core';
import { FRAME_SHIFT, LOWER_BITS } from './emit/memory.ts';
import type { Layout } from './options.ts';
import { isWasmMemory, type WasmMemory } from './platform.ts';
import { room } from './room.ts';

/** The WebAssembly memory that a memory lies in, and how. */
export interface Place {
  readonly wasm: WasmMemory;
  readonly layout: Layout;
}

/**
 * Where a memory lies.
 * @throws UsageError `engine` where that is no WebAssembly memory
 */
export function placeOf(memory: Memory): Place {
  const { bytes, pieces } = memory;
  if (!isWasmMemory(bytes)) throw new UsageError('engine', 'mm.memory', 'physical memory in a WebAssembly.Memory');
  const [first, ...others] = pieces;
  const isFlat = first && others.length === 0;
  return { wasm: bytes, layout: isFlat ? { kind: 'flat', base: first.at, offset: first.offset } : { kind: 'sparse' } };
}

/** A directory may take so many bytes at most; that is enough for 64 TiB of physical addresses. */
const MOST = 2 ** 26;
const FRAME = 2 ** FRAME_SHIFT;
const COVERS = 2 ** (FRAME_SHIFT + LOWER_BITS);

/** A two-level directory of the frames that exist. */
export interface Directory {
  /** Where its upper level begins. */
  readonly at: number;
  /** How many entries that has. */
  readonly entries: number;
}

/** Written once for each memory: its pieces stay, and what was written is never given back. */
const DIRECTORIES = new WeakMap<Memory, Directory>();

/**
 * The directory of the memory's frames; written behind what its WebAssembly memory holds, where there is none yet.
 * @throws UsageError as {@link writeDirectory}
 */
export function directoryOf(memory: Memory, wasm: WasmMemory): Directory {
  const directory = DIRECTORIES.get(memory) ?? writeDirectory(memory, wasm);
  DIRECTORIES.set(memory, directory);
  return directory;
}

/**
 * Writes a directory of the memory's frames behind what its WebAssembly memory holds.
 * @throws UsageError `engine` for pieces that are not made of frames of 4 KiB, or lie too high
 */
function writeDirectory({ pieces }: Memory, wasm: WasmMemory): Directory {
  for (const { at, length } of pieces)
    if (at % BigInt(FRAME) || length % FRAME)
      throw new UsageError('engine', `piece at 0x${at.toString(16)}`, 'whole frames of 4 KiB, where memory is sparse');
  const last = pieces.at(-1);
  const top = last ? Number((last.at + BigInt(last.length) - 1n) / BigInt(COVERS)) + 1 : 0;
  if (top * 4 > MOST) throw new UsageError('engine', 'mm.memory', 'sparse memory below 64 TiB');

  const uppers = new Set<number>();
  for (const { at, length } of pieces) {
    const from = Number(at / BigInt(COVERS));
    const to = Number((at + BigInt(length) - 1n) / BigInt(COVERS));
    for (let upper = from; upper <= to; upper++) uppers.add(upper);
  }
  const lowerBytes = 4 * 2 ** LOWER_BITS;
  const upperBytes = Math.ceil((top * 4) / lowerBytes) * lowerBytes;
  const at = room(wasm, upperBytes + uppers.size * lowerBytes);
  const words = new Uint32Array(wasm.buffer);
  const lowers = new Map([...uppers].map((upper, n) => [upper, at + upperBytes + n * lowerBytes]));
  for (const [upper, lower] of lowers) words[at / 4 + upper] = lower;
  for (const { at: start, length, offset } of pieces)
    for (let n = 0; n < length; n += FRAME) {
      const frame = Number((start + BigInt(n)) / BigInt(FRAME));
      const lower = lowers.get(Math.floor(frame / 2 ** LOWER_BITS)) ?? 0;
      // Bit 0 tells a frame at offset 0 from none.
      words[lower / 4 + (frame % 2 ** LOWER_BITS)] = offset + n + 1;
    }
  return { at, entries: top };
}
