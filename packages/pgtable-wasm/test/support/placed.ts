/** An image of physical memory from address 0 on, put into a WebAssembly memory in one of the ways that there are. */
import { flatMemory, type Memory, type Piece, sparseMemory } from '@kernel-mm/pgtable-core';
import { type WasmMemory, wasmMemory } from '../../src/index.ts';

/** How physical memory lies in it: at 0; part of it, at another offset; frame by frame in no order. */
export type Lie = 'flat' | 'part' | 'frames';

/** The first byte of a `part`: where the tables of the spaces under test begin. */
const FROM = 0x1_0000;
const FRAME = 4096;

/** The memory, with nothing in it that the image has not. */
export function placed(image: Uint8Array, lie: Lie, shared: boolean): { memory: Memory; wasm: WasmMemory } {
  const wasm = wasmMemory({ bytes: image.length + FROM, shared, maximum: 2 ** 24 });
  const bytes = new Uint8Array(wasm.buffer);
  if (lie === 'flat') {
    bytes.set(image);
    return { wasm, memory: flatMemory(wasm) };
  }
  if (lie === 'part') {
    bytes.set(image.subarray(FROM), 3 * FRAME);
    const piece: Piece = { at: BigInt(FROM), length: image.length - FROM, offset: 3 * FRAME };
    return { wasm, memory: sparseMemory(wasm, [piece]) };
  }
  const frames = image.length / FRAME;
  // Every frame has another place; an odd factor modulo a power of 2 leaves none out.
  const pieces = Array.from({ length: frames }, (_, n): Piece => {
    const offset = ((n * 77) % frames) * FRAME;
    bytes.set(image.subarray(n * FRAME, (n + 1) * FRAME), offset);
    return { at: BigInt(n * FRAME), length: FRAME, offset };
  });
  return { wasm, memory: sparseMemory(wasm, pieces.slice(FROM / FRAME)) };
}
