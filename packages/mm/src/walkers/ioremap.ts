/** ioremap_page_range (v5.8): physical memory in a row in the kernel's address space, by large pages where they fit. */
import {
  type Entry,
  isFoldedInto,
  makeLeaf,
  type Paddr,
  type Prot,
  paddrWrap,
  pXdIs,
  type RangeStep,
  type UpperLevel,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { freeTablesBelow } from './free-below.ts';
import { type Blocked, checkRange, isNoTable, leafOf, occupied, wayDown } from './making.ts';
import { MODIFIED, type Modified, type SyncOptions, syncModified } from './modified.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { emptyOf } from './tables.ts';
import { runWalk, type WalkerOptions } from './walk.ts';

/** How to map. */
export interface IoremapOptions extends WalkerOptions, SyncOptions {
  /** The levels that large pages are tried at: all that have leaves unless said otherwise; `[]` is "nohugeiomap". */
  readonly huge?: readonly Exclude<UpperLevel, 'pgd'>[];
  /** Whether the architecture can free tables that are in the way of a large page (32-bit x86 cannot); yes unless said otherwise. */
  readonly freesTables?: boolean;
}

/** What was mapped. */
export interface Ioremapped {
  /** What the call returns where it is not 0. What was mapped stays. */
  readonly error?: 'ENOMEM';
  /** Where it ended. With `occupied` and `outside-memory` no call returns. */
  readonly failure?: Blocked;
  /** The levels that were modified, as bits of {@link MODIFIED}. */
  readonly modified: number;
  readonly synced: boolean;
}

/** A walk, with the physical address of any address in its range. */
interface Io {
  readonly walker: WalkerOf;
  readonly prot: Prot;
  readonly options: IoremapOptions;
  readonly modified: Modified;
  phys(addr: Vaddr): Paddr;
}

/**
 * Maps [phys, phys + the range's size). Caches are flushed and other top tables told at the end, also after an error.
 * @throws UsageError for a range that is empty or not of whole pages, or for frames that a pte cannot hold
 */
export function ioremapPageRange(
  walker: WalkerOf,
  range: Range,
  phys: Paddr,
  prot: Prot,
  options: IoremapOptions = {},
): Ioremapped {
  needs({ walker, range, phys, prot });
  const { mm, port } = walker;
  checkRange(walker, range);
  const modified = { mask: 0 };
  const at = (addr: bigint): Paddr => paddrWrap(phys + BigInt.asUintN(64, addr - range.start));
  const io: Io = { walker, prot, options, modified, phys: at };
  for (const addr of [range.start, range.end - mm.arch.geometry.pte.size]) leafOf(mm, 'pte', at(addr), prot);
  let failure: Blocked | undefined;

  const outside = runWalk(walker, range, options, {
    enter(step) {
      const tried = tryHuge(io, step);
      if (tried === 'put') return 'skip';
      const way = wayDown(walker, tried, modified);
      if (typeof way === 'bigint') return { into: way };
      failure = way;
      return 'stop';
    },
    pte(step) {
      if (!pXdIs(mm, 'none', 'pte', step.entry)) {
        failure = occupied(step);
        return 'stop';
      }
      port.writeOnce(step.slot, leafOf(mm, 'pte', at(step.addr), prot));
      return 'next';
    },
    close() {
      if (!failure) modified.mask |= MODIFIED.pte;
    },
  });

  port.flushCache(range);
  const synced = syncModified(walker, range, modified, options);
  const why = failure ?? outside;
  const error = why?.kind === 'no-memory' && { error: 'ENOMEM' as const };
  return { ...error, ...(why && { failure: why }), modified: modified.mask, synced };
}

/** There is no huge pgd. */
const HUGE: readonly UpperLevel[] = ['p4d', 'pud', 'pmd'];

/**
 * ioremap_try_huge_pXd, its questions in the kernel's order.
 * @returns `put` if a large page was, else what the slot holds now: tables in its way may be gone
 */
function tryHuge({ walker, prot, options, modified, phys }: Io, step: RangeStep): 'put' | RangeStep {
  const { mm, port } = walker;
  const { slot, entry, addr, next } = step;
  const { level } = slot;
  const levels: readonly UpperLevel[] = options.huge ?? HUGE;
  const { size } = mm.arch.geometry[level];
  if (!levels.includes(level) || !mm.arch.spec.levels[level].leaf || isFoldedInto(mm, level, entry)) return step;
  if (BigInt.asUintN(64, next - addr) !== size) return step;
  if ((addr | phys(addr)) & (size - 1n) || isNoTable(walker, step)) return step;
  const present = pXdIs(mm, 'present', level, entry);
  if (present && (options.freesTables === false || !freeTablesBelow(walker, step))) return step;
  const made = makeLeaf(mm.arch, level, phys(addr), prot);
  if (made === undefined) return { ...step, entry: emptyOf(mm, slot) as Entry<UpperLevel> };
  port.writeOnce(slot, made);
  modified.mask |= MODIFIED[level];
  return 'put';
}
