/**
 * Page table walkers at native speed: an architecture's definition compiled to WebAssembly, with the same answers and the
 * same reasons as the reference engine.
 * @module
 */
export { type Compiled, compile } from './compile.ts';
export type { CompileOptions } from './options.ts';
export type { WasmMemory } from './platform.ts';
export { type MemoryOptions, room, wasmMemory } from './room.ts';
export type { CompiledWalker } from './walker.ts';
