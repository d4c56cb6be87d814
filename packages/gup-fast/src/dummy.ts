/** What a dummy read answers, in types: it is no entry, so that each misuse of one is a mistake of type. */
import { type Below, below, type LowerLevel, type Slot, type UpperLevel } from '@kernel-mm/pgtable-core';

declare const dummy: unique symbol;

/**
 * What a dummy read answers: no entry, and no type that one fits. So the offset, the setter and the functions of the
 * table or page that an entry designates do not take it. As in the RFC, its bits (pXd_val) can be had all the same.
 */
export type Dummy<L extends UpperLevel> = bigint & { readonly [dummy]: L };

/** `pXdp_get` above a level folded at build time: 0. Memory is not read. */
export const dummyGet = <L extends UpperLevel>(_slot: Slot<L, 'memory'>): Dummy<L> => 0n as Dummy<L>;

/** `pXd_offset` to a level folded at build time: the very slot. It must be one of a table, since a copy holds a dummy. */
export const dummyOffset = <L extends Exclude<UpperLevel, 'pmd'>>({
  level,
  addr,
}: Slot<L, 'memory'>): Slot<Below<L> & LowerLevel, 'memory'> => ({
  level: below(level) as Below<L> & LowerLevel,
  space: 'memory',
  addr,
});
