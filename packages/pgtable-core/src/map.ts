/** Pages into tables and out again, each with the largest leaf that fits. */
import { checkAllocator, type TableAllocator } from './alloc.ts';
import type { Prot } from './arch.ts';
import { type Paddr, paddr, paddrWrap, type Vaddr, vaddr, vaddrWrap } from './brand.ts';
import { type BuildFailure, populate } from './build.ts';
import { makeLeaf } from './codec.ts';
import { checkFlags, checkMm, checkObject, checkOneOf } from './doors.ts';
import type { Entry, Slot } from './entry.ts';
import { UsageError } from './errors.ts';
import { isAlwaysFolded } from './fold.ts';
import { unfold } from './group.ts';
import { below, isUpper, LEVELS, type Level } from './level.ts';
import { isTranslatable, type Mm, readEntry, topLevel, topOfRoot, writeEntry } from './mm.ts';
import { pXdIs } from './reading.ts';
import { roleOf, walk } from './walk.ts';

/** What to map where. All in bytes, all multiples of the page size. */
export interface MapRequest {
  /** The first virtual address. */
  readonly addr: Vaddr;
  /** The physical address that it leads to. */
  readonly paddr: Paddr;
  /** How many bytes. */
  readonly size: bigint;
  /** The rights of all of it. */
  readonly prot: Prot;
  /** The largest leaf to use; `pud` unless said otherwise. */
  readonly largest?: Level;
}

/** What was mapped: `size` bytes from the start, all of the request if there is no `failure`. */
export interface MapResult {
  /** Bytes, from `addr` on. */
  readonly size: bigint;
  /** What stopped it; missing where nothing did. */
  readonly failure?: BuildFailure;
}

/**
 * Maps [addr, addr + size) to [paddr, paddr + size), building tables on the way.
 * @throws {@link UsageError} for what is not aligned to a page or not translatable by this table
 */
export function map(mm: Mm, allocator: TableAllocator, request: MapRequest): MapResult {
  checkRequest(mm, allocator, request);
  paddr(request.paddr);
  const { pageShift } = mm.arch.spec;
  if (request.paddr & ((1n << BigInt(pageShift)) - 1n))
    throw new UsageError('range-unaligned', 'paddr', `a multiple of 2^${pageShift}`);
  for (const frame of [request.paddr, request.paddr + request.size - (1n << BigInt(pageShift))])
    if (makeLeaf(mm.arch, 'pte', paddrWrap(frame), request.prot) === undefined || frame !== paddrWrap(frame))
      throw new UsageError('argument', 'paddr', 'frames that a pte can hold');
  const levels = leafLevels(mm, request.prot, request.largest ?? 'pud');
  let size = 0n;
  while (size < request.size) {
    const addr = vaddrWrap(request.addr + size);
    const target = (request.paddr + size) as Paddr;
    const level = levels.find((l) => fits(mm, l, addr | target, request.size - size)) ?? 'pte';
    const slot = populate(mm, allocator, addr, level);
    if ('kind' in slot) return { size, failure: slot };
    const failure = put(mm, slot, addr, target, request.prot);
    if (failure) return { size, failure };
    size += mm.arch.geometry[level].size;
  }
  return { size };
}

function put(mm: Mm, slot: Slot, addr: Vaddr, target: Paddr, prot: Prot): BuildFailure | undefined {
  const { level } = slot;
  const old = readEntry(mm, slot);
  if (old === undefined) return { kind: 'outside-memory', level, addr, slot };
  if (!pXdIs(mm, 'none', level, old)) return { kind: 'occupied', level, addr, slot, entry: old };
  const leaf = makeLeaf(mm.arch, level, target, prot);
  if (leaf === undefined) throw new UsageError('argument', 'paddr', `an address that a ${level} leaf can hold`);
  return writeEntry(mm, slot, leaf) ? undefined : { kind: 'outside-memory', level, addr, slot };
}

/** What became of the leaves of a range; the first that is in the way ends it, and what came before stays changed. */
export type LeavesResult =
  | { readonly kind: 'done'; readonly leaves: number }
  | {
      /** `partial-leaf`: it reaches out of the range. `too-large`: no leaf of its size can have these rights. Splitting it is the caller's decision. */
      readonly kind: 'partial-leaf' | 'too-large';
      readonly leaves: number;
      readonly addr: Vaddr;
      readonly level: Level;
    };

/**
 * Empties every present leaf of [addr, addr + size); the tables stay. Swap entries and bad ones are left alone. Of
 * neighbours that are one by a bit (contiguous descriptors), those that stay are pages of their own afterwards.
 * @throws {@link UsageError} as {@link map}
 */
export const unmap = (mm: Mm, addr: Vaddr, size: bigint): LeavesResult =>
  rewriteLeaves(mm, addr, size, (level) => (mm.arch.spec.levels[level].empty ?? 0n) as Entry);

/**
 * Puts what `become` makes of it in the place of every present leaf of [addr, addr + size), slot by slot.
 * @param become `undefined` where the leaf is too large for that
 */
export function rewriteLeaves(
  mm: Mm,
  addr: Vaddr,
  size: bigint,
  become: (level: Level, entry: Entry) => Entry | undefined,
): LeavesResult {
  checkRange(mm, addr, size);
  const end = addr + size;
  let leaves = 0;
  for (let at: bigint = addr; at < end; ) {
    const { result, steps } = walk(mm, vaddr(at));
    const level = result.kind === 'outside-memory' ? unreadable(mm, result.level) : (steps.at(-1)?.level ?? 'pte');
    if (result.kind === 'leaf') {
      const first = at & ~(result.size - 1n);
      const ends = (kind: 'partial-leaf' | 'too-large'): LeavesResult => ({ kind, leaves, addr: vaddr(first), level });
      if (first < addr || first + result.size > end) return ends('partial-leaf');
      if (!isWholeGroup(mm, result.slot, at, addr, end) && unfold(mm, result.slot)) continue;
      const entry = become(level, result.entry);
      if (entry === undefined) return ends('too-large');
      writeEntry(mm, result.slot, entry);
      leaves++;
    }
    const { size: span } = mm.arch.geometry[level];
    at = (at & ~(span - 1n)) + span;
  }
  return { kind: 'done', leaves };
}

/** Whether all slots that a group of this level has, or would have, around `at` lie in the range: then it may stay one. */
function isWholeGroup({ arch }: Mm, { level }: Slot, at: bigint, addr: bigint, end: bigint): boolean {
  const bytes = arch.geometry[level].size * BigInt(arch.spec.levels[level].leaf?.group?.slots ?? 1);
  const first = at & -bytes;
  return first >= addr && first + bytes <= end;
}

/** The level whose slots a failed read steps over: a top table counts as what its slot 0 says. */
const unreadable = (mm: Mm, level: Level): Level => (level === 'pgd' ? (topLevel(mm) ?? 'pgd') : level);

/** Levels that hold leaves of their own with these rights in this address space, from `largest` down. */
function leafLevels(mm: Mm, prot: Prot, largest: Level): Level[] {
  const highest = Math.max(LEVELS.indexOf(largest), LEVELS.indexOf(topLevel(mm) ?? 'pgd'));
  return LEVELS.slice(highest).filter((level) => {
    if (isUpper(level) && isAlwaysFolded(mm.arch, below(level))) return false;
    // A large leaf without rights may not read as one (riscv, at pud): then it would be lost.
    const sample = makeLeaf(mm.arch, level, paddrWrap(mm.arch.geometry[level].size), prot);
    return sample !== undefined && roleOf(mm, level, sample) === 'leaf';
  });
}

const fits = (mm: Mm, level: Level, addresses: bigint, left: bigint): boolean => {
  const { size } = mm.arch.geometry[level];
  return left >= size && (addresses & (size - 1n)) === 0n;
};

function checkRequest(mm: Mm, allocator: TableAllocator, request: MapRequest): void {
  checkAllocator(allocator);
  checkObject('request', request);
  checkRange(mm, request.addr, request.size);
  checkProt(request.prot);
  checkOneOf('largest', request.largest, [undefined, ...LEVELS]);
}

/** Refuses rights that are none. @throws {@link UsageError} `argument` */
export function checkProt(prot: Prot): void {
  checkObject('prot', prot);
  checkFlags(prot, 'read', 'write', 'exec', 'user');
}

function checkRange(mm: Mm, addr: Vaddr, size: bigint): void {
  checkMm(mm);
  vaddr(addr);
  if (typeof size !== 'bigint') throw new UsageError('argument', 'size', 'bytes as a bigint');
  const { pageShift } = mm.arch.spec;
  const last = addr + size - 1n;
  if ((addr | size) & ((1n << BigInt(pageShift)) - 1n))
    throw new UsageError('range-unaligned', 'addr, size', `multiples of 2^${pageShift}`);
  if (size <= 0n) throw new UsageError('range-empty', 'size', 'more than 0');
  if (last >> 64n) throw new UsageError('range-wraps', 'size', 'a range that ends at 2^64 or before');
  const top = topLevel(mm);
  if (top && mm.root !== undefined && topOfRoot(mm) !== top)
    throw new UsageError('argument', 'mm', `a root register that fits the ${top} table`);
  const inside = top && isTranslatable(mm, top, addr) && isTranslatable(mm, top, vaddr(last));
  if (top && (!inside || addr >> 63n !== last >> 63n))
    throw new UsageError('address-range', 'addr, size', 'addresses that the top table translates, all in one half');
}
