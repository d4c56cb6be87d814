/** The leaves of an address space, with what they hold: a reference for each, and where each folio is mapped. */
import {
  change,
  type Entry,
  type Level,
  type Mm,
  makeLeaf,
  modify,
  type Paddr,
  type Pfn,
  type Prot,
  paddr,
  populate,
  type TableAllocator,
  type Vaddr,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import type { Pages } from './pages.ts';

/** One leaf that is to be there. */
export interface LeafWish {
  readonly addr: Vaddr;
  readonly level: Level;
  readonly pfn: Pfn;
  readonly prot: Prot;
  /** No struct page may be touched through it (the zero page), or it is device memory. */
  readonly mark?: 'special' | 'devmap' | undefined;
}

/** The leaves. */
export class LeafTable {
  readonly #mm: Mm;
  readonly #tables: TableAllocator;
  readonly #pages: Pages;
  /** The folio of each leaf, and the leaf as it was wished for, by its first address. */
  readonly #mapped = new Map<bigint, { readonly folio: Folio; readonly wish: LeafWish }>();

  constructor(mm: Mm, tables: TableAllocator, pages: Pages) {
    this.#mm = mm;
    this.#tables = tables;
    this.#pages = pages;
  }

  /** Maps, in the place of what was mapped there; `false` where there is no memory for tables, and then nothing changed. */
  set(wish: LeafWish): boolean {
    const { addr, level, pfn } = wish;
    const folio = this.#pages.folio(pfn);
    const slot = populate(this.#mm, this.#tables, addr, level);
    const entry = folio && this.#entry(wish);
    if ('kind' in slot || entry === undefined || !folio) return false;
    this.#pages.tryGet(folio.head, 1);
    this.clear(addr);
    writeEntry(this.#mm, slot, entry);
    this.#mapped.set(addr, { folio, wish });
    return true;
  }

  #entry({ level, pfn, prot, mark }: LeafWish): Entry | undefined {
    const { arch } = this.#mm;
    const plain = makeLeaf(arch, level, frameAddress(this.#mm, pfn), prot);
    // Without a bit for devices their memory is mapped as any other (as everywhere since v6.17).
    return plain && mark ? (change(arch, level, mark, plain) ?? plain) : plain;
  }

  /** Unmaps the leaf that begins at `addr`, and gives its reference back. */
  clear(addr: bigint): void {
    const mapped = this.#mapped.get(addr);
    if (!mapped) return;
    const { result } = walk(this.#mm, vaddr(addr));
    if (result.kind === 'leaf')
      writeEntry(this.#mm, result.slot, (this.#mm.arch.spec.levels[mapped.wish.level].empty ?? 0n) as Entry);
    this.#mapped.delete(addr);
    this.#pages.put(mapped.folio.head, { refs: 1, pins: 0 });
  }

  /** Other rights for the leaf that begins at `addr`. */
  protect(addr: bigint, prot: Prot): void {
    const mapped = this.#mapped.get(addr);
    const { result } = walk(this.#mm, vaddr(addr));
    if (!mapped || result.kind !== 'leaf') return;
    this.#mapped.set(addr, { ...mapped, wish: { ...mapped.wish, prot } });
    const entry = modify(this.#mm.arch, result.level, result.entry, prot);
    if (entry !== undefined) writeEntry(this.#mm, result.slot, entry);
  }

  /** Maps `by` where a leaf of `wish` was, with the same rights. */
  move(wish: LeafWish, from: Folio, by: Folio): void {
    this.set({ ...wish, pfn: (by.head + (wish.pfn - from.head)) as Pfn });
  }

  /** Where leaves of [start, end) begin. */
  mappedIn(start: bigint, end: bigint): bigint[] {
    return [...this.#mapped.keys()].filter((addr) => addr >= start && addr < end);
  }

  /** Where a folio is mapped, and how. */
  of(folio: Folio): LeafWish[] {
    return [...this.#mapped.values()].filter((mapped) => mapped.folio === folio).map(({ wish }) => wish);
  }
}

const frameAddress = ({ arch }: Mm, pfn: Pfn): Paddr => paddr(BigInt(pfn) << BigInt(arch.spec.pageShift));
