/** An architecture's definition in, an engine out. */
import {
  type Arch,
  checkArch,
  checkFunction,
  checkMm,
  checkObject,
  checkOneOf,
  type Engine,
  type Form,
  formText,
  LEVELS,
  type Level,
  type Mm,
  sameForm,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { unaligned } from './emit/aligned.ts';
import { moduleOf } from './emit/module.ts';
import type { Choice, CompileOptions } from './options.ts';
import { placeOf } from './place.ts';
import { isShared, newModule, type WasmModule } from './platform.ts';
import { CompiledWalker } from './walker.ts';
import type { Module } from './wasm/code.ts';
import { encode, sizeOf } from './wasm/encode.ts';
import { toText } from './wasm/text.ts';

/** A compiled architecture: an engine to hand to calls, and the module behind it to look at. */
export interface Compiled extends Engine {
  /** What it was compiled for. */
  readonly arch: Arch;
  /** The module for flat memory at offset 0, as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The bytes of each operation's function in it. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The same module in WebAssembly's text format. */
  explain(): string;
  walker(mm: Mm, form?: Form): CompiledWalker;
}

/** The form of every kernel since v5.9. */
const MERGED: Form = { boundary: 'level', descent: 'lockless' };

/**
 * Compiles a definition, ours or your own, to WebAssembly. It walks memory that lies in a WebAssembly.Memory (see
 * {@link wasmMemory}) and gives the reference engine's answers.
 * @throws UsageError `engine` where the platform has no WebAssembly or does not permit it, or the architecture cannot be
 * compiled so: atomic loads want tables aligned to their entries
 */
export function compile(arch: Arch, options: CompileOptions = {}): Compiled {
  checkArch(arch);
  checkObject('options', options);
  const { loads = 'plain', counts = 'plain', form = MERGED, top, neighbour = 'same', onRead } = options;
  checkOneOf('loads', loads, ['plain', 'atomic']);
  checkOneOf('counts', counts, ['plain', 'cas']);
  checkOneOf('neighbour', neighbour, ['same', 'garbage', 'zero', 'poison']);
  checkObject('form', form);
  if (onRead !== undefined) checkFunction('onRead', onRead);
  if (top !== undefined && !arch.spec.root.tops[top])
    throw new UsageError('argument', 'top', `a level that can be the top: ${tops(arch).join(', ')}`);
  const ragged = unaligned(arch);
  if (ragged && loads === 'atomic')
    throw new UsageError(
      'engine',
      'arch',
      `tables aligned to their entries, for atomic loads: those of ${ragged} need not be`,
    );
  const choice: Choice = {
    ...{ loads, counts, form, top, neighbour },
    traced: onRead !== undefined,
    layout: { kind: 'flat', base: 0n, offset: 0 },
    shared: false,
  };
  const module = moduleOf(arch, choice);
  const bytes = encode(module);
  const modules = new Map<string, WasmModule>([[keyOf(choice), newModule(bytes)]]);
  const walkers = new WeakMap<Mm, CompiledWalker>();

  /** One module for each way in which memory can lie; nearly always it is the first. */
  function moduleFor(of: Choice): WasmModule {
    const key = keyOf(of);
    const known = modules.get(key) ?? newModule(encode(moduleOf(arch, of)));
    modules.set(key, known);
    return known;
  }

  return {
    name: 'wasm',
    arch,
    bytes,
    get sizes() {
      return sizesOf(module);
    },
    explain: () => toText(module),
    walker(mm, wanted = form) {
      checkMm(mm);
      if (mm.arch !== arch)
        throw new UsageError('engine', 'mm', `an address space of the architecture ${arch.id} that was compiled`);
      if (!sameForm(wanted, form))
        throw new UsageError('engine', 'form', `the one that was compiled: ${formText(form)}`);
      const known = walkers.get(mm);
      if (known) return known;
      const { wasm, layout } = placeOf(mm.memory);
      if (ragged && layout.kind === 'sparse')
        throw new UsageError(
          'engine',
          'arch',
          `tables aligned to their entries, in sparse memory: those of ${ragged} need not be`,
        );
      const of: Choice = { ...choice, layout, shared: isShared(wasm.buffer) };
      const walker = new CompiledWalker({ mm, wasm, choice: of, module: moduleFor(of), onRead });
      walkers.set(mm, walker);
      return walker;
    },
  };
}

const tops = (arch: Arch): Level[] => LEVELS.filter((level) => arch.spec.root.tops[level]);

const keyOf = ({ layout, shared }: Choice): string =>
  `${shared} ${layout.kind === 'flat' ? `${layout.base} ${layout.offset}` : 'sparse'}`;

const sizesOf = (module: Module): Record<string, number> =>
  Object.fromEntries(module.functions.filter((f) => f.exported).map((f) => [f.name.slice(1), sizeOf(f, module)]));
