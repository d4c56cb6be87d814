/** One leaf of an address space: put where nothing was or in the place of another, or changed as it is. */
import {
  change,
  type Entry,
  type Level,
  makeLeaf,
  modify,
  type Pfn,
  type Prot,
  paddr,
  type Slot,
  type Vaddr,
  vaddrWrap,
  type WalkResult,
} from '@kernel-mm/pgtable-core';
import { normalPage } from './walkers/leaves.ts';
import { isNoTable } from './walkers/making.ts';
import type { WalkerOf } from './walkers/port.ts';
import { allocBelow, emptyOf } from './walkers/tables.ts';
import { runWalk } from './walkers/walk.ts';

/** A leaf that is to be there. */
export interface NewLeaf {
  readonly addr: Vaddr;
  readonly level: Level;
  readonly pfn: Pfn;
  readonly prot: Prot;
  /** No struct page may be touched through it (the zero page), or it is device memory. */
  readonly mark?: 'special' | 'devmap' | undefined;
}

/** A leaf that is there, as a walk found it. */
export type LeafFound = Extract<WalkResult, { kind: 'leaf' }>;

/**
 * Maps a page, with a reference if its entry counts as a page’s; what was mapped there is let go.
 * @returns the slot; `undefined` where there is no memory for tables, or something of another size is there
 */
export function setLeaf(walker: WalkerOf, leaf: NewLeaf): Slot | undefined {
  const { addr, level } = leaf;
  const { mm, port } = walker;
  const entry = entryOf(walker, leaf);
  const slot = entry === undefined ? undefined : slotFor(walker, addr, level);
  if (entry === undefined || !slot) return undefined;
  const { size } = mm.arch.geometry[level];
  const pages = Number(size / mm.arch.geometry.pte.size);
  port.lock(slot);
  const old = port.readOnce(slot) ?? emptyOf(mm, slot);
  if (old !== emptyOf(mm, slot)) {
    // ptep_clear_flush: the hardware never sees one page’s translation beside the other’s.
    port.writeOnce(slot, emptyOf(mm, slot));
    port.flushTlb({ start: addr, end: vaddrWrap(addr + size) });
  }
  const counted = normalPage(mm, level, entry, addr);
  if (counted !== undefined) {
    port.getPage(counted);
    port.addRmap(counted, addr);
    port.addCounters({ pages, swap: 0 });
  }
  port.writeOnce(slot, entry);
  port.unlock(slot);
  const gone = old === emptyOf(mm, slot) ? undefined : normalPage(mm, level, old, addr);
  if (gone !== undefined) {
    port.addCounters({ pages: -pages, swap: 0 });
    port.freePage(gone);
  }
  return slot;
}

/** Other rights for a leaf that is there; all else that it says stays. */
export function protectLeaf({ mm, port }: WalkerOf, { level, slot, entry }: LeafFound, addr: Vaddr, prot: Prot): void {
  const made = modify(mm.arch, level, entry as never, prot);
  if (made === undefined) return;
  const { size } = mm.arch.geometry[level];
  const start = vaddrWrap(addr & -size);
  port.lock(slot);
  port.writeOnce(slot, made as Entry);
  port.unlock(slot);
  port.flushTlb({ start, end: vaddrWrap(start + size) });
}

function entryOf({ mm: { arch } }: WalkerOf, { level, pfn, prot, mark }: NewLeaf): Entry | undefined {
  const plain = makeLeaf(arch, level, paddr(BigInt(pfn) << BigInt(arch.spec.pageShift)), prot);
  // Without a bit for devices their memory is mapped as any other (as everywhere since v6.17).
  return plain && mark ? (change(arch, level, mark, plain) ?? plain) : plain;
}

/** The slot of an address at a level, with all tables on the way. */
function slotFor(walker: WalkerOf, addr: Vaddr, level: Level): Slot | undefined {
  let found: Slot | undefined;
  const range = { start: addr, end: vaddrWrap(addr + walker.mm.arch.geometry[level].size) };
  runWalk(
    walker,
    range,
    {},
    {
      enter(step) {
        const isThere = step.slot.level === level;
        if (isThere) found = step.slot;
        const into = isThere ? undefined : allocBelow(walker, step);
        return into === undefined || isNoTable(walker, { ...step, entry: into }) ? 'stop' : { into };
      },
      pte({ slot }) {
        found = slot;
        return 'stop';
      },
    },
  );
  return found;
}
