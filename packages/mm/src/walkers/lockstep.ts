/** Two address spaces walked at once: the destination’s pointers go along with the source’s, slot for slot. */
import {
  below,
  type Entry,
  type Level,
  pgdOffset,
  pXdOffset,
  type Slot,
  slotPlus,
  topLevel,
  type UpperLevel,
  UsageError,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import type { WalkerOf } from './port.ts';
import { allocBelow } from './tables.ts';

/** Where two loops over tables of one level started; the source’s start is known when it is first come to. */
interface Pair {
  from?: bigint;
  readonly to: bigint;
}

/** The destination’s side. Both have the same number of levels, or the pointers would mean different addresses. */
export class Lockstep {
  readonly #dst: WalkerOf;
  readonly #pairs: Partial<Record<Level, Pair>> = {};

  /** @throws UsageError `argument` for another architecture, or another number of levels */
  constructor(src: WalkerOf, dst: WalkerOf, addr: Vaddr) {
    const top = topLevel(dst.mm, dst.port.readOnce);
    if (src.mm.arch !== dst.mm.arch || topLevel(src.mm, src.port.readOnce) !== top)
      throw new UsageError('argument', 'dst', 'an address space with the same levels as the source');
    this.#dst = dst;
    this.#pairs.pgd = { to: pgdOffset(dst.mm, addr, top).addr };
  }

  /** The destination’s slot for the one that the source is at. */
  at<L extends Level>(slot: Slot<L>): Slot<L> {
    const pair: Pair = this.#pairs[slot.level] ?? { to: 0n };
    pair.from ??= slot.addr;
    return slotPlus({ ...slot, addr: pair.to }, slot.addr - pair.from, 1);
  }

  /**
   * Goes down along with the source: the destination’s table below is made if there is none.
   * @returns `false` where there is no memory for it
   */
  down(source: Slot<UpperLevel>, addr: Vaddr): boolean {
    const { mm, port } = this.#dst;
    const slot = this.at(source);
    const entry = port.readOnce(slot);
    const made = entry === undefined ? undefined : allocBelow(this.#dst, { slot, entry });
    if (made === undefined) return false;
    this.#pairs[below(slot.level)] = { to: pXdOffset(mm, slot, made as Entry<UpperLevel>, addr).addr };
    return true;
  }
}
