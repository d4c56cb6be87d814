/** pud_free_pmd_page and pmd_free_pte_page: tables that an unmapped range left behind make way for a large page. */
import {
  below,
  type Entry,
  type LowerLevel,
  type Paddr,
  pXdIs,
  type RangeStep,
  type Slot,
  slotPlus,
  tableAddress,
  type UpperLevel,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import type { WalkerOf } from './port.ts';
import { emptyOf } from './tables.ts';

/** A table to be freed. */
interface Table {
  readonly level: LowerLevel;
  readonly table: Paddr;
}

/**
 * Unlinks the table below a slot and, if it is of pmds, those of ptes below it; then the hardware forgets what it keeps
 * of the way there (one page's worth, as on x86 and arm64); then they are freed. Nobody looks whether they are empty:
 * that is the caller's promise.
 * @returns `false`, and nothing was changed, above pud: no architecture frees tables there
 */
export function freeTablesBelow(walker: WalkerOf, { slot, entry, addr }: RangeStep): boolean {
  const { mm, port } = walker;
  if (slot.level !== 'pud' && slot.level !== 'pmd') return false;
  const own: Table = { level: below(slot.level), table: tableAddress(mm.arch, slot.level, entry) };
  const tables = slot.level === 'pud' ? [...unlinkAll(walker, own.table), own] : [own];
  port.writeOnce(slot, emptyOf(mm, slot) as Entry<UpperLevel>);
  port.flushTlb({ start: addr, end: vaddrWrap(addr + mm.arch.geometry.pte.size) });
  for (const { level, table } of tables) port.freeTable(level, table);
  return true;
}

/** Empties a table of pmds. @returns the tables of ptes that were in it */
function unlinkAll({ mm, port }: WalkerOf, pmds: Paddr): Table[] {
  const found: Table[] = [];
  const { bits, slotBytes } = mm.arch.geometry.pmd;
  const first: Slot<'pmd'> = { level: 'pmd', space: 'memory', addr: pmds };
  for (let n = 0n; n < 1n << BigInt(bits); n++) {
    const slot = slotPlus(first, n, slotBytes);
    const entry = port.readOnce(slot);
    if (entry === undefined || pXdIs(mm, 'none', 'pmd', entry)) continue;
    port.writeOnce(slot, emptyOf(mm, slot) as Entry<'pmd'>);
    const isTable =
      pXdIs(mm, 'present', 'pmd', entry) && !pXdIs(mm, 'leaf', 'pmd', entry) && !pXdIs(mm, 'bad', 'pmd', entry);
    if (isTable) found.push({ level: 'pte', table: tableAddress(mm.arch, 'pmd', entry) });
  }
  return found;
}
