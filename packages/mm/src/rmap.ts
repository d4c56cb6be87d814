/** The reverse map: from a folio to the addresses where it may be mapped. Whether it is, and how, the tables say. */
import { type Entry, type Level, pXdIs, type Slot, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import { isHugeKind, normalPage } from './walkers/leaves.ts';
import type { WalkerOf } from './walkers/port.ts';
import { runWalk } from './walkers/walk.ts';

/** An entry that maps a page of a folio. */
export interface MappedAt {
  readonly walker: WalkerOf;
  readonly addr: Vaddr;
  readonly slot: Slot;
  readonly entry: Entry;
  /** The page's number in the folio; of a large leaf, its first. */
  readonly page: number;
}

/** Of all folios of one `Pages`, for all address spaces that share them. */
export class Rmap {
  /** By folio and address space, where the folio's first page is or would be. */
  readonly #places = new WeakMap<Folio, Map<WalkerOf, Set<bigint>>>();

  /** A page of a folio is mapped at `addr` from now on. */
  add(folio: Folio, page: number, walker: WalkerOf, addr: Vaddr): void {
    const places = this.#places.get(folio) ?? new Map<WalkerOf, Set<bigint>>();
    this.#places.set(folio, places);
    const first = addr - BigInt(page) * walker.mm.arch.geometry.pte.size;
    places.set(walker, (places.get(walker) ?? new Set()).add(first));
  }

  /** Every entry that maps a page of the folio and holds a reference to it (page_vma_mapped_walk). Places where none is are forgotten. */
  of(folio: Folio): MappedAt[] {
    const found: MappedAt[] = [];
    for (const [walker, places] of this.#places.get(folio) ?? [])
      for (const first of places) {
        const here = entriesAt(walker, first, folio);
        if (here.length === 0) places.delete(first);
        found.push(...here);
      }
    return found;
  }
}

/** The entries of the folio among those of the addresses that it takes from `first` on. */
function entriesAt(walker: WalkerOf, first: bigint, { head, order }: Folio): MappedAt[] {
  const { mm } = walker;
  const found: MappedAt[] = [];
  const look = (slot: Slot, entry: Entry, addr: Vaddr): void => {
    if (!pXdIs(mm, 'present', slot.level, entry)) return;
    const pfn = normalPage(mm, slot.level, entry, addr);
    if (pfn !== undefined && pfn >= head && pfn < head + 2 ** order)
      found.push({ walker, addr, slot, entry, page: pfn - head });
  };
  const end = vaddrWrap(first + (mm.arch.geometry.pte.size << BigInt(order)));
  const range = { start: vaddrWrap(first), end };
  runWalk(
    walker,
    range,
    {},
    {
      enter({ slot, entry, addr }) {
        const { level } = slot;
        const isLarge = pXdIs<Level>(mm, 'leaf', level, entry) || (level === 'pmd' && isHugeKind(mm, level, entry));
        if (isLarge) look(slot, entry, addr);
        const isTable = pXdIs<Level>(mm, 'present', level, entry) && !pXdIs<Level>(mm, 'bad', level, entry);
        return isLarge || !isTable || pXdIs<Level>(mm, 'none', level, entry) ? 'skip' : 'descend';
      },
      pte: ({ slot, entry, addr }) => look(slot, entry, addr) as undefined,
    },
  );
  return found;
}
