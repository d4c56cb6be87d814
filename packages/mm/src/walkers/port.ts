/** The port of ordinary walkers: tables read and written, their locks and their memory, and what the hardware is told. */
import { memoryPort, type Port } from '@kernel-mm/gup-fast';
import {
  type Entry,
  type Level,
  type LowerLevel,
  type Mm,
  newTable,
  type Paddr,
  type Slot,
  type TableAllocator,
  unfold,
  ungrouped,
  type Vaddr,
  vaddrWrap,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { type MappingPort, quietMapping } from './mapping-port.ts';

/** A range of addresses; an `end` of 0 is 2^64. */
export interface Range {
  readonly start: Vaddr;
  readonly end: Vaddr;
}

/** A mapping of which a walker asks little. What it has beside a range keeps it and a range from being swapped. */
export interface MappedRange extends Range {
  /** VM_PFNMAP: bare frames, no pages. */
  readonly pfnmap: boolean;
}

/** The end of a range as a number that can be compared: 2^64 for 0. */
export const endOf = ({ end }: Pick<Range, 'end'>): bigint => (end === 0n ? 1n << 64n : end);

/** How the lock of an address space's mappings is held, mmap_lock. */
export type MmapLock = 'none' | 'read' | 'write';

/** Every access of a walker to state that others share. */
export interface MmPort extends Port, MappingPort {
  /**
   * set_pXd: `false`, and nothing written, where the slot lies outside memory. If the slot is one of a group that the
   * hardware takes as one page (contiguous descriptors, Svnapot), the group is taken apart first, and what is written is a
   * page of its own, as arm64’s contpte does below every walker (v6.9).
   */
  writeOnce<L extends Level>(slot: Slot<L>, entry: Entry<NoInfer<L>>): boolean;
  /** How the caller of a walker holds mmap_lock. Walkers do not take it; those that need it look. */
  mmapLock(): MmapLock;
  /** The page-table lock of the table that a slot lies in. */
  lock(slot: Slot): void;
  /** Its release. */
  unlock(slot: Slot): void;
  /** A table of this level, every slot none; `undefined` where there is no memory. Counts it. */
  allocTable(level: LowerLevel): Paddr | undefined;
  /** Takes a table back that nothing designates and no walker can reach any more. Counts it. */
  freeTable(level: LowerLevel, table: Paddr): void;
  /** flush_cache_range, and flush_tlb_range or flush_tlb_kernel_range. */
  flushCache(range: Range): void;
  /** What translations of the range the hardware remembers, it forgets. */
  flushTlb(range: Range): void;
  /** arch_sync_kernel_mappings: other top tables learn of a changed entry. */
  syncKernel(range: Range): void;
  /** Drops the reference that a mapping held to a page. */
  freePage(pfn: number): void;
  /** Waits until no walker with interrupts off is left that could still be in a table which was unlinked before. */
  syncTables(how: TableFreeing): void;
  /** pgtable_trans_huge_deposit: a table of ptes set aside for a huge pmd, so that splitting it cannot fail. */
  deposit(slot: Slot<'pmd'>, table: Paddr): void;
  /**
   * pgtable_trans_huge_withdraw: the table that was set aside; where none was, a new one, if there is memory, unless only
   * one that was `kept` is asked for.
   */
  withdraw(slot: Slot<'pmd'>, only?: 'kept'): Paddr | undefined;
}

/** How tables are freed: in batches after an RCU grace period, or at once after an interrupt to every CPU. */
export type TableFreeing = 'rcu' | 'ipi';

/** All addresses. */
const ALL: Range = { start: vaddrWrap(0n), end: vaddrWrap(0n) };

/** What a walker works on. */
export interface WalkerOf {
  readonly mm: Mm;
  readonly port: MmPort;
}

/** How many tables of each level there are: mm->pgtables_bytes, by level. */
export type TableCounts = Record<LowerLevel, number>;

/**
 * A port to tables that nobody else owns: those of an image, or a kernel's own. All pages are anonymous, references are not
 * counted, every lock is held. The tables of an `AddressSpace` have an owner: its `walker()` is the way to them. `freed` is
 * told where tables go.
 */
export function mmPort(
  mm: Mm,
  tables: TableAllocator,
  counts: TableCounts = { p4d: 0, pud: 0, pmd: 0, pte: 0 },
  freed: (level: LowerLevel, table: Paddr) => void = () => undefined,
): MmPort {
  const nothing = (): void => undefined;
  const deposits = new Map<bigint, Paddr>();
  const port: MmPort = {
    ...memoryPort(mm),
    ...quietMapping(),
    writeOnce(slot, entry) {
      if (!unfold(mm, slot as Slot)) return writeEntry(mm, slot, entry);
      // The slot does not say which addresses: the hardware forgets all.
      port.flushTlb(ALL);
      return writeEntry(mm, slot as Slot, ungrouped(mm, slot as Slot, entry as Entry));
    },
    mmapLock: () => 'write',
    ...{ lock: nothing, unlock: nothing, flushCache: nothing, flushTlb: nothing, syncKernel: nothing },
    allocTable(level) {
      const table = newTable(mm.arch, mm.memory, tables, level);
      if (table !== undefined) counts[level]++;
      return table;
    },
    freeTable(level, table) {
      counts[level]--;
      freed(level, table);
    },
    ...{ freePage: nothing, syncTables: nothing },
    deposit: (slot, table) => void deposits.set(slot.addr, table),
    withdraw(slot, only) {
      const table = deposits.get(slot.addr);
      deposits.delete(slot.addr);
      return table ?? (only ? undefined : port.allocTable('pte'));
    },
  };
  return port;
}
