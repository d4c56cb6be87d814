/** The quiet walk of one address: real pointers, the kernel's reading, every step kept. The oracle of all others. */
import type { Predicate } from './arch.ts';
import { type Paddr, paddrWrap, type Vaddr, vaddr } from './brand.ts';
import { leafAddress, leafSize, tableAddress } from './codec.ts';
import { checkMm } from './doors.ts';
import type { Entry, Slot } from './entry.ts';
import { pgdOffset, pXdOffset } from './fold.ts';
import { below, isUpper, LEVELS, type Level } from './level.ts';
import { isTranslatable, type Mm, readEntry, topLevel, topOfRoot, translatedBits } from './mm.ts';
import { isFoldedInto, pXdIs } from './reading.ts';

/** One entry that the walk read. */
export interface WalkStep {
  /** The level that was read, real or folded. */
  readonly level: Level;
  /** Where the entry lives. */
  readonly slot: Slot;
  /** The number of the slot in its table. */
  readonly index: number;
  /** Its value. */
  readonly entry: Entry;
  /** `folded`: the level below has no table here, and reads this very entry (or, middle style, this very table). */
  readonly role: Role;
}

/** What an entry is for a walker that trusts nothing: something to pass through, a leaf, or absent in one of three ways. */
export type Role = 'folded' | 'table' | 'leaf' | 'none' | 'not-present' | 'bad';

/**
 * Where a walk ended. Only `leaf` has an address; the others say at which slot, and what stands there. `bad` is what
 * pXd_bad says, or an entry whose type belongs to another level's table.
 */
export type WalkResult =
  | {
      readonly kind: 'leaf';
      readonly level: Level;
      readonly slot: Slot;
      readonly entry: Entry;
      /** The physical address of the byte that was asked for. */
      readonly paddr: Paddr;
      /** Bytes that the leaf maps. */
      readonly size: bigint;
    }
  | {
      readonly kind: 'none' | 'not-present' | 'bad';
      readonly level: Level;
      readonly slot: Slot;
      readonly entry: Entry;
      readonly index: number;
    }
  | { readonly kind: 'outside-memory'; readonly level: Level; readonly slot: Slot }
  | { readonly kind: 'not-translatable'; readonly bits: number }
  | { readonly kind: 'root-mismatch'; readonly register: Level | undefined; readonly table: Level };

/** A walk and all it read, in order. */
export interface Trace {
  /** The address that was walked. */
  readonly addr: Vaddr;
  /** What was read, from pgd down. */
  readonly steps: readonly WalkStep[];
  /** Where it ended. */
  readonly result: WalkResult;
}

/**
 * Walks one address as Linux's ordinary walkers do, reading memory at most six times (five levels, and slot 0 of the
 * top table where folding is per process). Never throws for what memory holds.
 * @throws {@link UsageError} `address-range` for what is no address
 */
export function walk(mm: Mm, address: Vaddr): Trace {
  checkMm(mm);
  const addr = vaddr(address);
  const steps: WalkStep[] = [];
  const ended = (result: WalkResult): Trace => ({ addr, steps, result });

  const top = topLevel(mm);
  const named = topOfRoot(mm);
  if (top && mm.root !== undefined && named !== top)
    return ended({ kind: 'root-mismatch', register: named, table: top });
  if (top && !isTranslatable(mm, top, addr))
    return ended({ kind: 'not-translatable', bits: translatedBits(mm.arch, top) });

  let slot: Slot = pgdOffset(mm, addr, top);
  let table: bigint = mm.pgd;
  for (;;) {
    const { level } = slot;
    const entry = readEntry(mm, slot);
    if (entry === undefined) return ended({ kind: 'outside-memory', level, slot });
    const index = indexIn(table, slot.addr, mm.arch.geometry[level].slotBytes);
    const role = top && isMisplaced(mm, top, level, entry) ? 'bad' : roleOf(mm, level, entry);
    steps.push({ level, slot, index, entry, role });
    if (role === 'leaf') {
      const size = leafSize(mm.arch, level, entry);
      const at = paddrWrap(leafAddress(mm.arch, level, entry) + (addr & (size - 1n)));
      return ended({ kind: 'leaf', level, slot, entry, paddr: at, size });
    }
    if ((role !== 'folded' && role !== 'table') || !isUpper(level))
      return ended({ kind: role as 'none' | 'not-present' | 'bad', level, slot, entry, index });
    if (role === 'table') table = tableAddress(mm.arch, level, entry);
    slot = pXdOffset(mm, { ...slot, level }, entry as Entry<typeof level>, addr);
  }
}

/** The number of the slot at `at` in its table; 0 where a fold has yielded one before the table. */
export const indexIn = (table: bigint, at: bigint, slotBytes: number): number =>
  at < table ? 0 : Number((at - table) / BigInt(slotBytes));

/**
 * Whether an entry says by its type that it belongs to a table of another level. Linux never asks: it follows the type,
 * to an address that means nothing. The hardware answers with a translation-specification exception.
 */
function isMisplaced(mm: Mm, top: Level, level: Level, entry: Entry): boolean {
  const next = isUpper(level) ? below(level) : undefined;
  if (!next || mm.arch.spec.levels[next].fold?.when !== 'process') return false;
  return isFoldedInto(mm, level, entry) !== LEVELS.indexOf(level) < LEVELS.indexOf(top);
}

/** The role of an entry, by the kernel's reading: none before not present before leaf before bad. */
export function roleOf(mm: Mm, level: Level, entry: Entry): Role {
  if (isFoldedInto(mm, level, entry)) return 'folded';
  const is = (predicate: Predicate): boolean => pXdIs(mm, predicate, level, entry);
  if (is('none')) return 'none';
  if (!is('present')) return 'not-present';
  // A leaf of a size that there is not maps nothing.
  if (level === 'pte' || is('leaf')) return (mm.arch.rules[level].leafFits?.({ entry }) ?? true) ? 'leaf' : 'bad';
  return is('bad') ? 'bad' : 'table';
}
