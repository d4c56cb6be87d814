/** The part of the WebAssembly interface that is used, by shape: no platform's type library is asked for. */
import { UsageError } from '@kernel-mm/pgtable-core';

/** A WebAssembly.Memory. */
export interface WasmMemory {
  /** The bytes; another buffer after it has grown. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Grows by this many pages of 64 KiB; the number of pages before. */
  grow(pages: number): number;
}

/** A compiled module. */
export type WasmModule = object;

interface WebAssemblyApi {
  readonly Memory: new (of: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: Readonly<Record<string, unknown>> },
  ) => { readonly exports: unknown };
}

const api = (): WebAssemblyApi => {
  const found = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly;
  if (!found) throw new UsageError('engine', 'platform', 'one that has WebAssembly');
  return found;
};

/** Whether a value is a WebAssembly.Memory, also one of another realm. */
export const isWasmMemory = (value: unknown): value is WasmMemory =>
  typeof value === 'object' && value !== null && 'buffer' in value && 'grow' in value;

/** A new memory. */
export function newMemory(of: { initial: number; maximum?: number; shared?: boolean }): WasmMemory {
  const { Memory } = api();
  try {
    return new Memory(of);
  } catch (cause) {
    throw refused(cause, 'memory', `${of.initial} pages that can be had`);
  }
}

/** Compiles, at once. A page whose content security policy forbids it says so here. */
export function newModule(bytes: Uint8Array<ArrayBuffer>): WasmModule {
  const { Module } = api();
  try {
    return new Module(bytes);
  } catch (cause) {
    throw refused(cause, 'platform', 'one that permits WebAssembly to be compiled (CSP: wasm-unsafe-eval)');
  }
}

/** An instance's exports. */
export function newInstance<T>(module: WasmModule, env: Readonly<Record<string, unknown>>): T {
  const { Instance } = api();
  return new Instance(module, { env }).exports as T;
}

function refused(cause: unknown, argument: string, expected: string): UsageError {
  const error = new UsageError('engine', argument, expected);
  error.cause = cause;
  return error;
}

/** Whether threads may share a buffer. A page that is not isolated has no SharedArrayBuffer at all. */
export const isShared = (buffer: ArrayBuffer | SharedArrayBuffer): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
