/** Where others can send a walker back to the same place again and again, a kernel spins; here that ends, and is typed. */
import type { Slot, Vaddr } from '@kernel-mm/pgtable-core';

/** A walk that was sent back to the same address so often that it was given up. */
export interface NoProgress {
  readonly kind: 'no-progress';
  readonly slot: Slot;
  readonly addr: Vaddr;
}

/** As often as that somebody may be in the way at one address. */
const MOST_REPEATS = 64;

/** Counts how often one address was come to without getting on. */
export class Repeats {
  #addr: Vaddr | undefined;
  #times = 0;
  /** Where it was given up. */
  failure: NoProgress | undefined;

  /** One more time at `addr`; `false`, with the reason in `failure`, if that was once too often. */
  again(slot: Slot, addr: Vaddr): boolean {
    this.#times = addr === this.#addr ? this.#times + 1 : 1;
    this.#addr = addr;
    if (this.#times <= MOST_REPEATS) return true;
    this.failure = { kind: 'no-progress', slot, addr };
    return false;
  }
}
