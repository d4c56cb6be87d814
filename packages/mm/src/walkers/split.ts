/** __split_huge_pmd: a huge page becomes a table of ptes with the same rights, or, of a file, nothing at all. */
import {
  change,
  type Entry,
  leafAddress,
  makeLeaf,
  makeTable,
  paddrWrap,
  pXdIs,
  type Slot,
  slotPlus,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import type { WalkerOf } from './port.ts';
import { protOf } from './rights.ts';
import { emptyOf, type UpperStep } from './tables.ts';

/** Whose huge page it is: a file's comes back by a fault, so that it is only unmapped. */
export type HugeOf = 'anon' | 'file';

/**
 * Splits the huge page of a pmd slot, `addr` any address in it. What the slot holds afterwards is to be read anew: for a
 * file it is none.
 * @returns `false`, and nothing was changed, where no table was set aside and there is no memory for one
 */
export function splitHugePmd(walker: WalkerOf, { slot, entry }: UpperStep, addr: Vaddr, of: HugeOf): boolean {
  const { mm, port } = walker;
  const pmd = slot as Slot<'pmd'>;
  const { size } = mm.arch.geometry.pmd;
  const start = vaddrWrap(addr & -size);
  const range = { start, end: vaddrWrap(start + size) };
  if (of === 'file') {
    port.writeOnce(pmd, emptyOf(mm, pmd) as Entry<'pmd'>);
    port.flushTlb(range);
    return true;
  }
  const table = port.withdraw(pmd);
  const made = table === undefined ? undefined : makeTable(mm.arch, 'pmd', table);
  if (table === undefined || made === undefined) return false;
  // Invalid for the hardware, present for Linux, and forgotten, before the table takes its place: never both at once.
  port.writeOnce(pmd, change(mm.arch, 'pmd', 'invalid', entry as Entry<'pmd'>) ?? (emptyOf(mm, pmd) as Entry<'pmd'>));
  port.flushTlb(range);
  fill(walker, { level: 'pte', space: 'memory', addr: table }, entry as Entry<'pmd'>);
  port.writeOnce(pmd, made);
  return true;
}

/** Ptes for every page of a huge one: its rights, and whether it is young and dirty. */
function fill({ mm, port }: WalkerOf, first: Slot<'pte'>, huge: Entry<'pmd'>): void {
  const { arch } = mm;
  const { pte, pmd } = arch.geometry;
  const prot = protOf(mm, 'pmd', huge);
  const is = (state: 'young' | 'dirty'): boolean => pXdIs(mm, state, 'pmd', huge);
  for (let n = 0n; n * pte.size < pmd.size; n++) {
    const made = makeLeaf(arch, 'pte', paddrWrap(leafAddress(arch, 'pmd', huge) + n * pte.size), prot);
    if (made === undefined) continue;
    const aged = is('young') ? made : (change(arch, 'pte', 'old', made) ?? made);
    const what = is('dirty') ? 'dirty' : 'clean';
    port.writeOnce(slotPlus(first, n, pte.slotBytes), change(arch, 'pte', what, aged) ?? aged);
  }
}
