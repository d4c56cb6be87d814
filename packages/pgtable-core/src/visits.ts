/**
 * Visits that a range walk can make, of every level and depth of an architecture: what holds two steppers side by side
 * without any tables. The same ones each time, near the borders where walkers go wrong.
 */
import { paddr, type Vaddr, vaddrWrap, wrap64 } from './brand.ts';
import { makeLeaf, makeTable, NO_RIGHTS } from './codec.ts';
import type { Entry, Slot } from './entry.ts';
import type { Arch } from './geometry.ts';
import { isUpper, LEVELS, type Level, type UpperLevel } from './level.ts';
import { flatMemory } from './memory.ts';
import type { Mm } from './mm.ts';
import { STACK } from './stack.ts';
import type { Visit } from './stepper.ts';

/** One visit, and the range [addr, end) that is left of the loop there; `end` 0 is 2^64. */
export interface RangeVisit extends Visit {
  /** What the slot holds when it is read again. */
  readonly again: Entry<UpperLevel>;
  /** An address space of that depth. It has no memory. */
  readonly mm: Mm;
  readonly addr: Vaddr;
  readonly end: Vaddr;
}

/** Numbers that look random and are the same each time: xorshift64 (Marsaglia 2003, triple 13, 7, 17). */
function* words(seed: bigint): Generator<bigint, never> {
  for (let word = wrap64(seed) || 1n; ; ) {
    word ^= wrap64(word << 13n);
    word ^= word >> 7n;
    word ^= wrap64(word << 17n);
    yield word;
  }
}

/** `count` visits of each upper level, in processes of each depth. */
export function* visitsOf(arch: Arch, count = 400): Generator<RangeVisit> {
  const random = words(20200907n);
  const next = (): bigint => random.next().value;
  const one = <T>(of: readonly T[]): T => of[Number(next() % BigInt(of.length))]!;
  const entries = entriesOf(arch);
  const width = 8 * arch.entryBytes;
  for (const top of LEVELS.filter((level) => arch.spec.root.tops[level])) {
    const { base, limit } = arch.spec.root.tops[top]!;
    const mm: Mm = { arch, memory: flatMemory(new ArrayBuffer(0)), pgd: paddr(0n), root: base };
    for (const level of LEVELS.filter(isUpper))
      for (let n = 0; n < count; n++) {
        const [addr, end] = rangeIn(arch, limit || 1n << 64n, next, one);
        const word = (): Entry<UpperLevel> =>
          (next() % 4n === 0n ? BigInt.asUintN(width, next()) : one(entries)) as Entry<UpperLevel>;
        const [entry, again] = [word(), word()];
        const copy: Slot<UpperLevel, 'stack'> = { level, space: 'stack', addr: STACK.copy(LEVELS.indexOf(level)) };
        yield { mm, entry, again, copy, slot: slotFor(arch, level, next), addr, end };
      }
  }
}

/** What tables are made of: empty slots, tables and leaves of each level; a folded level's slot holds another's. */
function entriesOf(arch: Arch): bigint[] {
  const alignment = Math.max(...LEVELS.map((level) => arch.geometry[level].tableBytes), 2 ** arch.spec.pageShift);
  const at = paddr(2n ** BigInt(Math.ceil(Math.log2(alignment))));
  return LEVELS.flatMap((level) => [
    arch.spec.levels[level].empty ?? 0n,
    ...(isUpper(level) ? [makeTable(arch, level, at), makeTable(arch, level, paddr(at * 2n))] : []),
    makeLeaf(arch, level, paddr(arch.geometry[level].size), NO_RIGHTS),
    makeLeaf(arch, level, paddr(arch.geometry[level].size), { read: true, write: true, exec: true, user: true }),
  ]).filter((entry) => entry !== undefined);
}

/** In a table, or on the stack: a copy that a level above had, or what lies beside one. */
function slotFor(arch: Arch, level: UpperLevel, next: () => bigint): Slot<UpperLevel> {
  const bytes = BigInt(arch.geometry[level].slotBytes);
  const word = next();
  if (word % 3n === 0n)
    return { level, space: 'stack', addr: STACK.copy(Number(word % 4n)) + bytes * ((word >> 8n) % 3n) };
  return { level, space: 'memory', addr: ((word >> 8n) % (1n << 40n)) & -bytes };
}

/** A range within the limit: it begins near a border of some level, or anywhere; it ends near one behind, or anywhere. */
function rangeIn(
  arch: Arch,
  limit: bigint,
  next: () => bigint,
  one: <T>(of: readonly T[]) => T,
): readonly [Vaddr, Vaddr] {
  const page = 1n << BigInt(arch.spec.pageShift);
  const pages = limit / page;
  const size = (level: Level): bigint => arch.geometry[level].size / page;
  const near = (from: bigint): bigint => {
    const step = size(one(LEVELS));
    return (from / step + (next() % 4n)) * step + (next() % 5n) - 2n;
  };
  const within = (n: bigint, least: bigint, most: bigint): bigint => (n < least ? least : n > most ? most : n);
  const start = within(next() % 2n ? near(0n) : next() % 2n ? near(next() % pages) : next() % pages, 0n, pages - 1n);
  const ends = [start + 1n + (next() % 4n), near(start), start + 1n + (next() % (pages - start)), pages];
  return [vaddrWrap(start * page), vaddrWrap(within(one(ends), start + 1n, pages) * page)];
}
