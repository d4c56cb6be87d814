/** What claims about walks take for granted: ranges, registers, and entries that are no damage. */
import { isUpper, LEVELS, typeMask } from '@kernel-mm/pgtable-core';
import { type Depth, PGD, ROOT, readAt, topTyped, typedTerm } from '../chain.ts';
import { isSoundTerm, isTableTerm } from '../reading-terms.ts';
import { and, eq, le, lt, sub, type Term } from '../term.ts';
import { gatherTerm } from '../walk-terms.ts';
import type { Stand } from './stands.ts';

/** A range that may be asked for, and loops nested as they are; all of it in pages. */
export function nested({ arch, top }: Depth, stands: readonly Stand[]): Term[] {
  const page = (1n << BigInt(arch.spec.pageShift)) - 1n;
  const limit = arch.spec.root.tops[top]?.limit ?? 0n;
  return [
    ...[eq(and('end', page), 0n), le(sub('end', 1n), sub(limit, 1n))],
    ...stands.flatMap(({ addr, end }, n) => [
      ...[le(addr, sub(end, 1n)), eq(and(addr, page), 0n)],
      ...(n ? [le(stands[n - 1]!.addr, addr)] : []),
    ]),
  ];
}

/** A register of the process's depth, and a top table that it can hold. */
export function registers(depth: Depth): Term[] {
  const { fields, tops } = depth.arch.spec.root;
  const type = typeMask(fields);
  return [
    eq(and(ROOT, type), (tops[depth.top]?.base ?? 0n) & type),
    ...[eq(PGD, gatherTerm(fields, ROOT)), lt(PGD, 1n << 63n), ...topTyped(depth)],
  ];
}

/**
 * Entries of the types that their tables have; tables where the walker went down, and no damage where it stands. Where no
 * entry says how deep the process is, none of that matters to where the walker goes.
 */
export function sound(depth: Depth, stands: readonly Stand[]): Term[] {
  const { arch } = depth;
  if (!LEVELS.some((level) => arch.spec.levels[level].fold?.if !== undefined)) return [];
  return stands.flatMap(({ level, entry }, n) => {
    // A dummy says nothing of the table; the level below reads that very slot.
    if (!isUpper(level) || entry === 0n) return [];
    const as = readAt(depth, level);
    const role = n < stands.length - 1 ? isTableTerm(arch, as, entry) : isSoundTerm(arch, as, entry);
    return [...typedTerm(depth, level, entry), role];
  });
}
