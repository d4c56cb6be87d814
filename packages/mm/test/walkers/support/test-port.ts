/** A port that watches: every table read and write, locks, memory for tables that may run out, and what is freed. */
import type { LowerLevel, Mm, Paddr, Slot, TableAllocator } from '@kernel-mm/pgtable-core';
import { type MmPort, mmPort, type Range, type TableCounts } from '../../../src/index.ts';

export interface TestPort extends MmPort {
  /** Reads by level, and every slot that was read or written, in order. */
  readonly reads: Record<string, number>;
  readonly writes: { readonly slot: Slot; readonly entry: bigint }[];
  readonly counts: TableCounts;
  /** Tables in the order in which they were freed. */
  readonly freed: { readonly level: LowerLevel; readonly table: Paddr }[];
  readonly freedPages: number[];
  readonly cacheFlushes: Range[];
  readonly tlbFlushes: Range[];
  readonly syncs: Range[];
  readonly tableSyncs: string[];
  /** Tables whose lock is held, by their address. */
  readonly held: Set<bigint>;
  /** How many tables can still be had. */
  tablesLeft: number;
  /** What went wrong: a lock taken twice, one released that nobody held. */
  readonly wrong: string[];
}

/** The first byte of the table that a slot lies in: locks are per table. */
const tableOf = (mm: Mm, { level, addr }: Slot): bigint => addr & ~BigInt(mm.arch.geometry[level].tableBytes - 1);

export function testPort(mm: Mm, tables: TableAllocator): TestPort {
  const counts: TableCounts = { p4d: 0, pud: 0, pmd: 0, pte: 0 };
  const port = {} as TestPort;
  const limited: TableAllocator = {
    alloc: (bytes) => (port.tablesLeft-- > 0 ? tables.alloc(bytes) : undefined),
  };
  const quiet = mmPort(mm, limited, counts, (level, table) => port.freed.push({ level, table }));
  return Object.assign(port, quiet, {
    ...{ reads: {}, writes: [], counts, freed: [], freedPages: [], cacheFlushes: [], tlbFlushes: [], syncs: [] },
    ...{ tableSyncs: [], held: new Set(), tablesLeft: Number.POSITIVE_INFINITY, wrong: [] },
    readOnce(slot: Slot) {
      port.reads[slot.level] = (port.reads[slot.level] ?? 0) + 1;
      return quiet.readOnce(slot);
    },
    writeOnce(slot: Slot, entry: bigint) {
      port.writes.push({ slot, entry });
      return quiet.writeOnce(slot, entry as never);
    },
    lock(slot: Slot) {
      const table = tableOf(mm, slot);
      if (port.held.has(table)) port.wrong.push(`locked twice: ${slot.level} ${table.toString(16)}`);
      port.held.add(table);
    },
    unlock(slot: Slot) {
      if (!port.held.delete(tableOf(mm, slot))) port.wrong.push(`unlocked, not held: ${slot.level}`);
    },
    flushCache: (range: Range) => void port.cacheFlushes.push(range),
    flushTlb: (range: Range) => void port.tlbFlushes.push(range),
    syncKernel: (range: Range) => void port.syncs.push(range),
    freePage: (pfn: number) => void port.freedPages.push(pfn),
    syncTables: (how: string) => void port.tableSyncs.push(how),
  });
}
