/** Which tables lie on the way to an address, by the quiet walk. */
import { isUpper, type LowerLevel, type Mm, type Slot, vaddr, walk } from '@kernel-mm/pgtable-core';
import { tableBelow } from '../../../src/walkers/tables.ts';

/** A table below the top one: its level, where it is, and which addresses it is for. */
export interface TableAt {
  readonly level: LowerLevel;
  readonly table: bigint;
  readonly from: bigint;
  readonly size: bigint;
}

/** Every table below the top one that is read on the way to an address. */
export function tablesAt(mm: Mm, addr: bigint): TableAt[] {
  return walk(mm, vaddr(addr)).steps.flatMap(({ level, slot, entry, role }, n, steps) => {
    if (role !== 'table' || !isUpper(level)) return [];
    const below = tableBelow(mm, { slot: slot as Slot<'pgd'>, entry: entry as never });
    const next = steps[n + 1];
    if (!below || !next) return [];
    const { size } = mm.arch.geometry[level];
    const { slotBytes } = mm.arch.geometry[below];
    return [{ level: below, from: addr & -size, size, table: next.slot.addr - BigInt(next.index * slotBytes) }];
  });
}
