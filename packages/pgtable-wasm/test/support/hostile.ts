/** Entries that no kernel writes, put where a walk passes. */
import { type Mm, type Paddr, walk } from '@kernel-mm/pgtable-core';
import type { Space } from '@kernel-mm/pgtable-core/testing';
import type { Dice } from './dice.ts';

/** Changes a few entries on the way to what is mapped: a bit, all of them, a way back to the top, a way out of memory. */
export function attack(mm: Mm, { mappings }: Space, dice: Dice): void {
  const width = 8 * mm.arch.entryBytes;
  for (let n = dice.below(4); n > 0; n--) {
    const mapping = mappings[dice.below(mappings.length)];
    const { steps } = walk(mm, mapping!.addr);
    const hit = steps[dice.below(Math.max(steps.length, 1))];
    if (!hit) continue;
    const old: bigint = hit.entry;
    const raw = [
      old ^ (1n << BigInt(dice.below(width))),
      dice.word(),
      old | mm.pgd,
      old | (hit.slot.addr & ~0xfffn),
      old | 0x000f_ffff_f000_0000n,
    ][dice.below(5)] as bigint;
    mm.memory.write(hit.slot.addr as Paddr, mm.arch.entryBytes, mm.arch.spec.byteOrder, BigInt.asUintN(width, raw));
  }
}
