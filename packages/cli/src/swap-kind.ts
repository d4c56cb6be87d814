/** What an entry that is not present says in place of a page: where on a swap device it is, or one of the types that only look so. */
import { type LinuxVersion, since } from '@kernel-mm/arch-generic';
import { type Arch, type Entry, type Level, swapOf } from '@kernel-mm/pgtable-core';

/** A swap entry, taken apart. */
export interface SwapSaid {
  readonly type: bigint;
  readonly offset: bigint;
  /** What the type means in that kernel; missing where the version is not known. */
  readonly kind?: string;
  /** Marks beside type and offset that Linux keeps there. */
  readonly marks: readonly string[];
}

const MOVES = ['migration entry, readable', 'migration entry, writable'] as const;
const MOVES_EXCLUSIVE = [MOVES[0], 'migration entry, readable and exclusive', MOVES[1]] as const;
const PRIVATE = ['device-private page, writable', 'device-private page, readable'] as const;
const EXCLUSIVE = ['device-exclusive page, writable', 'device-exclusive page, readable'] as const;

/**
 * The types that are no swap devices: the last of 32, in this order, from each version on (include/linux/swap.h).
 * A kernel that is built without one of them has the lower ones further up: docs/adr/0024.
 */
const TYPES: readonly (readonly [from: LinuxVersion, kinds: readonly string[]])[] = [
  ['6.15', ['hardware poison', ...MOVES_EXCLUSIVE, ...PRIVATE, 'device-exclusive page', 'pte marker']],
  ['6.2', ['hardware poison', ...MOVES_EXCLUSIVE, ...PRIVATE, ...EXCLUSIVE, 'pte marker']],
  ['5.19', ['hardware poison', ...MOVES_EXCLUSIVE, ...PRIVATE, ...EXCLUSIVE, 'pte marker', 'failed swap-in']],
  ['5.14', ['hardware poison', ...MOVES, ...PRIVATE, ...EXCLUSIVE]],
  ['4.14', ['hardware poison', ...MOVES, ...PRIVATE]],
];
const MAX_TYPES = 32;

/** What a type means in a kernel with everything built in; `undefined` before v4.14. */
export function swapKind(type: bigint, linux: LinuxVersion): string | undefined {
  const kinds = TYPES.find(([from]) => since(linux, from))?.[1];
  return kinds && (kinds[Number(type) - MAX_TYPES + kinds.length] ?? 'swap entry');
}

/** The parts of an entry that Linux takes for a swap entry; `undefined` where the level has none. */
export function swapSaid(arch: Arch, level: Level, entry: Entry, linux?: LinuxVersion): SwapSaid | undefined {
  const swap = swapOf(arch, level, entry);
  const { exclusive = 0n, softDirty = 0n } = arch.spec.levels[level].swap ?? {};
  const kind = swap && linux && swapKind(swap.type, linux);
  const marks = [...(entry & exclusive ? ['exclusive'] : []), ...(entry & softDirty ? ['soft-dirty'] : [])];
  return swap && { ...swap, ...(kind && { kind }), marks };
}
