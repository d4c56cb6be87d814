/** A compiled walker of one address space: the engine's face towards JavaScript. */
import {
  checkRoom,
  isArrayOf,
  kindOf,
  LEVELS,
  type Mm,
  NO_PADDR,
  type Paddr,
  type PageCounts,
  type PinRequest,
  type RangeAnswer,
  topOfRoot,
  UsageError,
  type Vaddr,
  type Walker,
  type WalkResult,
} from '@kernel-mm/pgtable-core';
import { type Ends, endOf } from './answers/lookup.ts';
import { answerOf, type Stops } from './answers/range.ts';
import { constantsOf, type WalkerParts } from './constants.ts';
import { newInstance, type WasmMemory } from './platform.ts';

/** What the module exports. */
interface Exports extends Ends, Stops {
  translate(addr: bigint): bigint;
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
    words: number,
    frames: number,
  ): number;
}

/** The arrays of a call, which were found to lie in the walker's memory. */
interface Arrays {
  readonly words: Int32Array | undefined;
  readonly frames: Float64Array | undefined;
  readonly pfn: number;
  readonly first: bigint;
  readonly wordsAt: number;
  readonly framesAt: number;
}
const NO_ARRAYS: Arrays = {
  ...{ words: undefined, frames: undefined, pfn: 0, first: 0n, wordsAt: 0, framesAt: 0 },
};

/** A word for the module, which takes it modulo 2^64. */
function word(name: string, value: Vaddr): Vaddr {
  if (typeof value !== 'bigint') throw new UsageError('address-range', name, `a bigint, not ${kindOf(value)}`);
  return value;
}

/** The compiled engine's walker; made by `compile(…).walker(mm)`. */
export class CompiledWalker implements Walker {
  /** What it walks. */
  readonly mm: Mm;
  readonly #exports: Exports;
  readonly #wasm: WasmMemory;
  /** Whether the register names another level than the one that the tables are walked from. */
  readonly #mismatch: boolean;
  #arrays: Arrays = NO_ARRAYS;

  /** @throws UsageError `engine` where memory cannot be walked so */
  constructor(parts: WalkerParts) {
    const { mm, wasm, choice } = parts;
    this.mm = mm;
    this.#wasm = wasm;
    this.#exports = newInstance<Exports>(parts.module, constantsOf(parts));
    // Where folding is per process and the top is not said, the module asks for itself.
    const isFixed = choice.top !== undefined || !LEVELS.some((l) => mm.arch.spec.levels[l].fold?.when === 'process');
    this.#mismatch = isFixed && mm.root !== undefined && topOfRoot(mm) !== (choice.top ?? 'pgd');
  }

  translate(addr: Vaddr): Paddr | undefined {
    if (this.#mismatch) return undefined;
    const found = this.#exports.translate(word('addr', addr));
    // 0 says that there is none, and once in a lifetime that it is 0.
    return found ? (BigInt.asUintN(64, found) as Paddr) : this.#unlikely(addr);
  }

  lookup(addr: Vaddr): WalkResult {
    return endOf(this.mm, this.#exports.lookup(word('addr', addr)), this.#exports);
  }

  /** As {@link Walker.translateMany}; at full speed where both lists lie in the walker's WebAssembly.Memory. */
  translateMany(addrs: BigUint64Array, out: BigUint64Array): number {
    checkRoom(addrs, out);
    if (this.#mismatch) {
      out.fill(NO_PADDR, 0, addrs.length);
      return 0;
    }
    const { buffer } = this.#wasm;
    return addrs.buffer === buffer && out.buffer === buffer
      ? this.#exports.translateMany(addrs.byteOffset, out.byteOffset, addrs.length)
      : this.#translateElsewhere(addrs, out);
  }

  countRange(start: Vaddr, end: Vaddr, budget: number = 2 ** 20): RangeAnswer {
    if (!Number.isInteger(budget) || budget < 0 || budget >= 2 ** 31)
      throw new UsageError('argument', 'budget', `a whole number of pages below 2^31, not ${budget}`);
    return this.#answer(this.#exports.countRange(word('start', start), word('end', end), budget));
  }

  /**
   * What `pinRange` of `gup-fast` does.
   * @throws UsageError `engine` where the counts or the frames do not lie in the walker's WebAssembly.Memory
   */
  pinRange(start: Vaddr, end: Vaddr, { write, counts, frames }: PinRequest): RangeAnswer {
    // A lookup of an array's buffer or offset takes longer than a short walk; one that has lost its buffer has no length.
    let at = this.#arrays;
    if (at.words !== counts.words || at.pfn !== counts.first || at.frames !== frames || frames.length === 0)
      at = this.#bound(counts, frames);
    return this.#answer(
      this.#exports.pinRange(
        word('start', start),
        word('end', end),
        frames.length,
        write ? 1 : 0,
        at.wordsAt,
        at.first,
        counts.words.length,
        at.framesAt,
      ),
    );
  }

  /** Pages alone, where there is nothing else to tell. */
  #answer(pages: number): RangeAnswer {
    return pages >= 0 ? { pages, strays: 0 } : answerOf(~pages, this.#exports, this.mm.arch.spec.pageShift);
  }

  /** Arrays that the walker can reach, and where they are. */
  #bound({ words, first }: PageCounts, frames: Float64Array): Arrays {
    const { buffer } = this.#wasm;
    if (!isArrayOf('Int32Array', words) || !isArrayOf('Float64Array', frames))
      throw new UsageError('argument', 'counts, frames', 'an Int32Array of counts, a Float64Array of frames');
    if (!Number.isSafeInteger(first)) throw new UsageError('argument', 'counts.first', 'a frame number');
    if (words.buffer !== buffer || frames.buffer !== buffer)
      throw new UsageError('engine', 'counts, frames', "arrays in the walker's WebAssembly.Memory");
    this.#arrays = {
      ...{ words, frames, pfn: first, first: BigInt(first), wordsAt: words.byteOffset, framesAt: frames.byteOffset },
    };
    return this.#arrays;
  }

  /** The physical address 0, if it is one. */
  #unlikely(addr: Vaddr): Paddr | undefined {
    const result = endOf(this.mm, this.#exports.lookup(addr), this.#exports);
    return result.kind === 'leaf' ? result.paddr : undefined;
  }

  /** Lists outside the walker's memory: one by one. */
  #translateElsewhere(addrs: BigUint64Array, out: BigUint64Array): number {
    let found = 0;
    for (let n = 0; n < addrs.length; n++) {
      const paddr = this.translate(addrs[n] as Vaddr);
      if (paddr !== undefined) found++;
      out[n] = paddr ?? NO_PADDR;
    }
    return found;
  }
}
