/** What a guest's pagemap calls present, as ranges that a walker can be sent over. */
import { type Paddr, paddr, type Vaddr, vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import type { Fact, Guest, GuestProcess } from '@kernel-mm/pgtable-core/guest';

/** Linux on arm64 ignores the top byte of a user address (TBI0), in pagemap too; a walk is asked for the address proper. */
export const untagged = (guest: Pick<Guest, 'arch'>, addr: Vaddr): Vaddr =>
  guest.arch === 'aarch64' ? vaddr(addr & 0x00ff_ffff_ffff_ffffn) : addr;

/** The pages of a process that pagemap calls present, by address. */
export class PresentPages {
  readonly page: bigint;
  readonly #facts: ReadonlyMap<bigint, Fact>;

  constructor(guest: Pick<Guest, 'arch' | 'pageSize'>, process: Pick<GuestProcess, 'facts'>) {
    this.page = guest.pageSize;
    const present = process.facts.filter((fact) => fact.present);
    this.#facts = new Map(present.map((fact) => [untagged(guest, fact.addr), fact]));
  }

  /** What is known of the page at `addr`. */
  fact(addr: bigint): Fact | undefined {
    return this.#facts.get(addr);
  }

  /** The frame of the page at `addr`, as a physical address. */
  frame(addr: bigint): Paddr | undefined {
    const pfn = this.#facts.get(addr)?.pfn;
    return pfn === undefined ? undefined : paddr(pfn * this.page);
  }

  /** An address whose frame is `target`, if there is one. */
  ownerOf(target: bigint): Vaddr | undefined {
    for (const [addr, { pfn }] of this.#facts) if (pfn !== undefined && pfn * this.page === target) return vaddr(addr);
    return undefined;
  }

  /** The longest ranges [start, end) of pages that are all present; `end` 0 is 2^64. */
  runs(): [Vaddr, Vaddr][] {
    const runs: [bigint, bigint][] = [];
    for (const addr of [...this.#facts.keys()].sort((a, b) => (a < b ? -1 : 1))) {
      const last = runs.at(-1);
      if (last?.[1] === addr) last[1] += this.page;
      else runs.push([addr, addr + this.page]);
    }
    return runs.map(([start, end]) => [vaddr(start), vaddrWrap(end)]);
  }
}

/** Whether [start, end) has pages on both sides of a multiple of `size`. */
export const crosses = (start: Vaddr, end: Vaddr, size: bigint): boolean => start / size !== vaddrWrap(end - 1n) / size;
