/** A walker's kernel stack: where its local copies of entries live, among real neighbours. */
import { wrap64 } from './brand.ts';
import type { Entry, Slot } from './entry.ts';
import type { Level } from './level.ts';

/** What lies on the stack beside the copies; `same` is what compilers usually leave there: the entry again. */
export type Neighbour = 'same' | 'zero' | 'poison' | 'garbage';

/** Eight bytes of unused stack with the neighbour `poison`. */
export const POISON = 0x5a5a5a5a5a5a5a5an;

/** The lowest address of the model's stack: a place that is no physical memory of any guest. */
const BASE = 0x0000_0380_0000_0000n;
/** 64 KiB: one page of the largest granule, so that even a pointer rounded down to its page stays inside. */
const BYTES = 0x1_0000n;
/** Bytes of stack that one level of the walker uses; the copy is at its low end. */
const FRAME = 0x40n;

/** The stack's measures, for an engine that has the same one. */
export const STACK: {
  /** The address of the copy of an entry that was read `depth` levels below the top. */
  copy(depth: number): bigint;
} = { copy: (depth) => BASE + BYTES / 2n - FRAME * BigInt(depth + 1) };

/** A live local copy, and the table slot whose entry it holds. */
interface Copy {
  readonly addr: bigint;
  readonly value: bigint;
  readonly of: Slot;
}

/** The stack area: grows down, one frame for each level that the walker is in. */
export class StackArea {
  readonly neighbour: Neighbour;
  readonly #live: Copy[] = [];

  constructor(neighbour: Neighbour = 'same') {
    this.neighbour = neighbour;
  }

  /** A copy of `entry`, read from `of`, in a new frame: its address is what `&pud` is in C. */
  push<L extends Level>(of: Slot<L>, entry: Entry<L>): Slot<L, 'stack'> {
    const addr = STACK.copy(this.#live.length);
    this.#live.push({ addr, value: entry, of: this.origin(of) ?? of });
    return { level: of.level, space: 'stack', addr };
  }

  /** Leaves the newest frame. */
  pop(): void {
    this.#live.pop();
  }

  /** The table slot that the live copy at `slot` was read from; `undefined` where no live copy is. */
  origin<L extends Level>(slot: Slot<L>): Slot<L> | undefined {
    if (slot.space === 'memory') return slot;
    const copy = this.#live.find((c) => c.addr === slot.addr);
    return copy && { ...copy.of, level: slot.level };
  }

  /** The eight bytes at a stack slot: a live copy, or whatever lies beside them. Never an exception. */
  readOnce<L extends Level>(slot: Slot<L>): Entry<L> {
    const copy = this.#live.find((c) => c.addr === slot.addr);
    return (copy?.value ?? this.#beside(slot.addr)) as Entry<L>;
  }

  #beside(addr: bigint): bigint {
    switch (this.neighbour) {
      case 'same':
        return this.#live.at(-1)?.value ?? 0n;
      case 'zero':
        return 0n;
      case 'poison':
        return POISON;
      case 'garbage':
        return garbage(addr);
    }
  }
}

/** A fixed word for each address: one round of a multiplicative hash, so that a run can be repeated. */
const garbage = (addr: bigint): bigint => {
  const mixed = wrap64((addr ^ 0x5bd1e995n) * 0x9e3779b97f4a7c15n);
  return wrap64((mixed ^ (mixed >> 29n)) * 0xbf58476d1ce4e5b9n);
};
