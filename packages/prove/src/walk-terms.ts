/** The walker's two questions as terms, from the definition that the walker itself reads: where down to, and up to where. */
import {
  type Arch,
  addressOf,
  coveredShift,
  type Fields,
  type Form,
  isAlwaysFolded,
  LEVELS,
  type Level,
  type LowerLevel,
  maskOf,
  type UpperLevel,
  wrap64,
} from '@kernel-mm/pgtable-core';
import { add, and, eq, lt, not, or, select, shl, shr, sub, type Term, termOf, times } from './term.ts';

/** The values that a walk depends on beside the address: one entry, and the root register. */
export interface Seen {
  readonly entry: Term;
  readonly root: Term;
}

/** The place of a level: pgd is 0. */
export const depthOf = (level: Level): number => LEVELS.indexOf(level);

/** `addr` as an index into a table of `level`. */
export function indexTerm(arch: Arch, level: Level, addr: Term): Term {
  const { shift, bits } = arch.geometry[level];
  return and(shr(addr, BigInt(shift)), (1n << BigInt(bits)) - 1n);
}

/** The address of the slot that `addr` selects in the table of `level` at `table`. */
export const slotTerm = (arch: Arch, level: Level, table: Term, addr: Term): Term =>
  add(table, times(indexTerm(arch, level, addr), arch.geometry[level].slotBytes));

/** What the address pieces of a word hold. */
export const gatherTerm = (fields: Fields, entry: Term): Term => termOf(addressOf(fields), { entry });

/** The bits of an address at the places where an entry holds them. */
export const scatterTerm = (fields: Fields, address: Term): Term =>
  Object.values(fields).reduce<Term>((word, f) => {
    if (f.kind !== 'address') return word;
    const piece = and(shl(shr(address, BigInt(f.to ?? f.lo)), BigInt(f.lo)), maskOf(f));
    return word === 0n ? piece : or(word, piece);
  }, 0n);

/** The table that an entry of `level` designates. */
export const tableTerm = (arch: Arch, level: UpperLevel, entry: Term): Term => {
  const { table } = arch.spec.levels[level];
  return table ? gatherTerm(table.fields, entry) : 0n;
};

/** Whether `level` is folded below an entry of the level above. */
export function foldedTerm(arch: Arch, level: LowerLevel, { entry, root }: Seen): Term {
  const { fold } = arch.spec.levels[level];
  if (!fold) return 0n;
  return isAlwaysFolded(arch, level) ? 1n : not(eq(termOf(fold.if ?? 1n, { entry, root }), 0n));
}

/** The slot at a folded level, from the one above. */
export function foldedSlotTerm(arch: Arch, level: LowerLevel, slot: Term, addr: Term): Term {
  const own = arch.spec.levels[level].fold?.slot;
  return own === undefined ? slot : termOf(own, { slot, addr });
}

/** What one entry covers, in bytes; 0 is 2^64. */
function sizeTerm(arch: Arch, level: Level, boundary: Form['boundary'], { entry, root }: Seen): Term {
  const { covers } = arch.spec.levels[level];
  const { size } = arch.geometry[level];
  if (boundary === 'level' || covers === undefined) return wrap64(size);
  return shl(1n, termOf(coveredShift(arch.spec, arch.geometry, level).shift, { entry, root }));
}

/** A slot's end, and the size by which it was found; a level that is folded when built leaves it to the one above. */
export function boundaryTerm(
  arch: Arch,
  level: Level,
  boundary: Form['boundary'],
  seen: Seen,
  [addr, end]: readonly [addr: Term, end: Term],
): { readonly next: Term; readonly size: Term } {
  const size = sizeTerm(arch, level, boundary, seen);
  if (arch.spec.levels[level].fold?.when === 'build') return { next: end, size };
  const border = and(add(addr, size), sub(0n, size));
  return { next: select(lt(sub(border, 1n), sub(end, 1n)), border, end), size };
}
