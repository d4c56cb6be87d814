/** A compiled walker of one address space: the engine's face towards JavaScript. */
import {
  checkRoom,
  LEVELS,
  type Mm,
  NO_PADDR,
  type Paddr,
  type PinRequest,
  type RangeAnswer,
  topOfRoot,
  UsageError,
  type Vaddr,
  type Walker,
  type WalkResult,
  wrap64,
} from '@kernel-mm/pgtable-core';
import { type Ends, endOf } from './answers/lookup.ts';
import { answerOf, type Stops } from './answers/range.ts';
import type { Choice } from './options.ts';
import { writeDirectory } from './place.ts';
import { isTrap, newInstance, type WasmMemory, type WasmModule } from './platform.ts';
import { room } from './room.ts';

/** What the module exports. */
interface Exports extends Ends, Stops {
  translate(addr: bigint, out: number): number;
  translateMany(addrs: number, out: number, n: number): number;
  lookup(addr: bigint): number;
  countRange(start: bigint, end: bigint, budget: number): number;
  pinRange(
    start: bigint,
    end: bigint,
    budget: number,
    write: number,
    counts: number,
    first: bigint,
    words: bigint,
    frames: number,
  ): number;
}

/** What a walker is made of. */
export interface WalkerParts {
  readonly mm: Mm;
  readonly wasm: WasmMemory;
  readonly choice: Choice;
  readonly module: WasmModule;
  readonly onRead: ((at: bigint) => void) | undefined;
}

/** So many addresses are copied at a time where a list does not lie in the walker's memory. */
const BATCH = 4096;

/** The compiled engine's walker; made by `compile(…).walker(mm)`. */
export class CompiledWalker implements Walker {
  readonly mm: Mm;
  readonly #exports: Exports;
  readonly #wasm: WasmMemory;
  /** Room of its own: for an answer, and for lists that lie elsewhere. */
  readonly #own: number;
  #list: BigUint64Array;
  /** Whether the register names another level than the one that the tables are walked from. */
  readonly #mismatch: boolean;

  /** @throws UsageError `engine` where memory cannot be walked so */
  constructor(parts: WalkerParts) {
    const { mm, wasm, choice } = parts;
    this.mm = mm;
    this.#wasm = wasm;
    this.#own = room(wasm, 8 * BATCH);
    this.#exports = newInstance<Exports>(parts.module, constantsOf(parts));
    this.#list = new BigUint64Array(wasm.buffer, this.#own, BATCH);
    // Where folding is per process and the top is not said, the module asks for itself.
    const isFixed = choice.top !== undefined || !LEVELS.some((l) => mm.arch.spec.levels[l].fold?.when === 'process');
    this.#mismatch = isFixed && mm.root !== undefined && topOfRoot(mm) !== (choice.top ?? 'pgd');
  }

  translate(addr: Vaddr): Paddr | undefined {
    if (this.#mismatch) return undefined;
    try {
      if (this.#exports.translate(addr, this.#own) === 0) return undefined;
    } catch (error) {
      throw asUsage(error);
    }
    return (this.#list[0] ?? this.#scratch()[0]) as Paddr;
  }

  lookup(addr: Vaddr): WalkResult {
    try {
      return endOf(this.mm, this.#exports.lookup(addr), this.#exports);
    } catch (error) {
      throw asUsage(error);
    }
  }

  translateMany(addrs: BigUint64Array, out: BigUint64Array): number {
    checkRoom(addrs, out);
    if (this.#mismatch) {
      out.fill(NO_PADDR, 0, addrs.length);
      return 0;
    }
    try {
      const { buffer } = this.#wasm;
      return addrs.buffer === buffer && out.buffer === buffer
        ? this.#exports.translateMany(addrs.byteOffset, out.byteOffset, addrs.length)
        : this.#translateElsewhere(addrs, out);
    } catch (error) {
      throw asUsage(error);
    }
  }

  countRange(start: Vaddr, end: Vaddr, budget: number = 2 ** 20): RangeAnswer {
    if (!Number.isInteger(budget) || budget < 0 || budget >= 2 ** 31)
      throw new UsageError('argument', 'budget', `a whole number of pages below 2^31, not ${budget}`);
    try {
      return this.#answer(this.#exports.countRange(start, end, budget));
    } catch (error) {
      throw asUsage(error);
    }
  }

  /**
   * What `pinRange` of `gup-fast` does.
   * @throws UsageError `engine` where the counts or the frames do not lie in the walker's WebAssembly.Memory
   */
  pinRange(start: Vaddr, end: Vaddr, { write, counts, frames }: PinRequest): RangeAnswer {
    const { buffer } = this.#wasm;
    const { words, first } = counts;
    if (words.buffer !== buffer || frames.buffer !== buffer)
      throw new UsageError('engine', 'counts, frames', "arrays in the walker's WebAssembly.Memory");
    try {
      return this.#answer(
        this.#exports.pinRange(
          start,
          end,
          frames.length,
          write ? 1 : 0,
          words.byteOffset,
          BigInt(first),
          BigInt(words.length),
          frames.byteOffset,
        ),
      );
    } catch (error) {
      throw asUsage(error);
    }
  }

  /** Pages alone, where there is nothing else to tell. */
  #answer(pages: number): RangeAnswer {
    return pages >= 0 ? { pages, strays: 0 } : answerOf(~pages, this.#exports, this.mm.arch.spec.pageShift);
  }

  /** Lists outside the walker's memory pass through its own room. */
  #translateElsewhere(addrs: BigUint64Array, out: BigUint64Array): number {
    const list = this.#scratch();
    let found = 0;
    for (let n = 0; n < addrs.length; n += BATCH) {
      const some = addrs.subarray(n, n + BATCH);
      list.set(some);
      found += this.#exports.translateMany(this.#own, this.#own, some.length);
      out.set(list.subarray(0, some.length), n);
    }
    return found;
  }

  /** The walker's own room. A memory that has grown has taken its old views along. */
  #scratch(): BigUint64Array {
    if (this.#list.length === 0) this.#list = new BigUint64Array(this.#wasm.buffer, this.#own, BATCH);
    return this.#list;
  }
}

/** What a module is told of an address space. */
function constantsOf({ mm, wasm, choice, onRead }: WalkerParts): Record<string, unknown> {
  const { arch, memory, root, pgd, upper } = mm;
  const largest = Math.max(...LEVELS.map((level) => arch.geometry[level].tableBytes));
  if (pgd + BigInt(largest) > 1n << 64n) throw new UsageError('engine', 'mm.pgd', 'a top table that ends below 2^64');
  const directory = choice.layout.kind === 'sparse' ? writeDirectory(memory, wasm) : undefined;
  const offsets = Math.max((memory.pieces[0]?.length ?? 0) - arch.entryBytes + 1, 0);
  const named = topOfRoot(mm);
  return {
    memory: wasm,
    pgd: BigInt.asIntN(64, pgd),
    root: BigInt.asIntN(64, root ?? 0n),
    half: upper ? -1n : 0n,
    room: BigInt(directory?.entries ?? offsets),
    directory: (directory?.at ?? 0) | 0,
    named: root === undefined ? -1 : named === undefined ? -2 : LEVELS.indexOf(named),
    ...(onRead && { onRead: (at: bigint) => onRead(wrap64(at)) }),
  };
}

/** A trap is an atomic access that is not aligned: the reference engine says the same of shared memory. */
const asUsage = (error: unknown): unknown =>
  isTrap(error) ? new UsageError('memory-layout', 'address', 'alignment to an entry where loads are atomic') : error;
