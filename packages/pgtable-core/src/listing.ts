/** What a listing of an address space consists of, and which of its neighbours are one. */
import type { Paddr, Vaddr } from './brand.ts';
import type { Fault, Rights } from './hardware.ts';
import type { Level } from './level.ts';
import { ACCESSES } from './step.ts';

/** Addresses that the tables map. */
export interface MappedRange {
  readonly kind: 'mapped';
  /** The first address. */
  readonly start: Vaddr;
  /** 0 is 2^64. */
  readonly end: Vaddr;
  /** Where the first byte lies. */
  readonly paddr: Paddr;
  /** The level of the entry that maps it; missing where memory is reached without tables. */
  readonly level?: Level;
  /** Bytes of the page; a range that is cut has fewer. */
  readonly pageSize: bigint;
  /** Which accesses to the first byte succeed from user space; as `supervisor` where the MMU's state has no `user`. */
  readonly user: Rights;
  /** The same from the kernel. */
  readonly supervisor: Rights;
  /** Where no access at all succeeds: why. The access flag is clear, the page lies outside storage. */
  readonly refused?: string;
}

/** Addresses that are not mapped, though something is there. */
export interface RangesProblem {
  readonly kind: 'problem';
  /**
   * `unreadable`: entries outside memory. `broken-rule`: an entry that falls to another rule of its level than an empty
   * one does. `no-walk`: the root is refused.
   */
  readonly problem: 'unreadable' | 'broken-rule' | 'no-walk';
  /** The first address. */
  readonly start: Vaddr;
  /** 0 is 2^64. */
  readonly end: Vaddr;
  /** The table of the entry, and the entry; the first where there are more. Missing where no walk begins. */
  readonly level?: Level;
  readonly table?: bigint;
  readonly at?: bigint;
  /** Missing where it lies outside memory. */
  readonly entry?: bigint;
  /** What a read of the first byte raises. */
  readonly fault: Fault;
  /** The reason, in words. */
  readonly why: string;
}

/** The budget is used up. A listing that starts at `next` goes on from here: nothing is lost, and nothing comes twice. */
export interface RangesCursor {
  readonly kind: 'cursor';
  /** The first address that was not looked at. */
  readonly next: Vaddr;
}

/** One part of a listing. */
export type RangesItem = MappedRange | RangesProblem | RangesCursor;

/**
 * Which mapped neighbours are one, of those that go on from each other in physical memory too and have the same rights:
 * `page`: the slots of one page (Svnapot, contiguous descriptors). `size`: pages of one size and level. `any`: all; then
 * `level` and `pageSize` are those of the smallest page.
 */
export type Merge = 'page' | 'size' | 'any';

/** The parts of a listing with neighbours made one; also the unreadable slots of one table are. */
export function* merged(parts: Iterable<RangesItem>, merge: Merge): Generator<RangesItem, void> {
  let last: RangesItem | undefined;
  for (const part of parts) {
    const one = last && union(last, part, merge);
    if (last && !one) yield last;
    last = one ?? part;
  }
  if (last) yield last;
}

function union(a: RangesItem, b: RangesItem, merge: Merge): RangesItem | undefined {
  if (a.kind === 'cursor' || b.kind === 'cursor' || a.end !== b.start) return undefined;
  if (a.kind === 'problem' && b.kind === 'problem')
    return a.problem === 'unreadable' && b.problem === 'unreadable' && a.table === b.table
      ? { ...a, end: b.end }
      : undefined;
  if (a.kind !== 'mapped' || b.kind !== 'mapped') return undefined;
  if (a.paddr + (b.start - a.start) !== b.paddr || a.refused !== b.refused) return undefined;
  if (merge !== 'any' && (a.pageSize !== b.pageSize || a.level !== b.level)) return undefined;
  if (merge === 'page' && b.start % b.pageSize === 0n) return undefined;
  const equal = (p: Rights, q: Rights): boolean => ACCESSES.every((access) => p[access] === q[access]);
  if (!equal(a.user, b.user) || !equal(a.supervisor, b.supervisor)) return undefined;
  const { level, pageSize } = a.pageSize <= b.pageSize ? a : b;
  return { ...a, end: b.end, pageSize, ...(level && { level }) };
}
