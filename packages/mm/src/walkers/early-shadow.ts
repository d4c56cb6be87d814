/** kasan's early shadow: one page of zeros, and for each level one table whose every entry leads to it. */
import {
  above,
  type Entry,
  isAlwaysFolded,
  type Level,
  type LowerLevel,
  leafAddress,
  makeTable,
  type Paddr,
  type Prot,
  type Slot,
  slotPlus,
  tableAddress,
} from '@kernel-mm/pgtable-core';
import { leafOf } from './making.ts';
import { needs } from './needs.ts';
import type { WalkerOf } from './port.ts';
import { tableBelow, type UpperStep } from './tables.ts';

/** The shared page and tables. Levels that are always folded have none. */
export interface EarlyShadow {
  readonly page: Paddr;
  readonly tables: Readonly<Partial<Record<LowerLevel, Paddr>>>;
}

/** PAGE_KERNEL, and nobody may write: all of the shadow would change. */
const READ_ONLY: Prot = { read: true, write: false, exec: false, user: false };

/** The pte of the shared page. */
export const sharedPte = ({ mm }: WalkerOf, { page }: EarlyShadow): Entry<'pte'> => leafOf(mm, 'pte', page, READ_ONLY);

/**
 * kasan_early_shadow_p4d, _pud, _pmd and _pte, filled. They count as other tables do, although in the kernel they are
 * part of its image.
 * @returns `undefined` where there is no memory; what was had is given back
 */
export function earlyShadow(walker: WalkerOf, page: Paddr): EarlyShadow | undefined {
  needs({ walker, page });
  const { mm, port } = walker;
  const tables: Partial<Record<LowerLevel, Paddr>> = {};
  let entry: Entry | undefined = sharedPte(walker, { page, tables });
  for (const level of ['pte', 'pmd', 'pud', 'p4d'] as const) {
    if (isAlwaysFolded(mm.arch, level)) continue;
    const table = port.allocTable(level);
    if (table !== undefined) tables[level] = table;
    if (table === undefined || entry === undefined) {
      for (const [of, had] of Object.entries(tables)) port.freeTable(of as LowerLevel, had);
      return undefined;
    }
    for (const slot of slotsOf<Level>(walker, level, table)) port.writeOnce(slot, entry);
    // What the next table up is filled with.
    entry = makeTable(mm.arch, above(level), table);
  }
  return { page, tables };
}

/** Every slot of a table. */
export function slotsOf<L extends Level>({ mm }: WalkerOf, level: L, table: Paddr): Slot<L>[] {
  const { bits, slotBytes } = mm.arch.geometry[level];
  const first: Slot<L> = { level, space: 'memory', addr: table };
  return Array.from({ length: 2 ** bits }, (_, n) => slotPlus(first, BigInt(n), slotBytes));
}

/** kasan_pXd_table: whether an entry designates the shared table of the level below. */
export function isShared({ mm }: WalkerOf, { tables }: EarlyShadow, step: UpperStep): boolean {
  const level = tableBelow(mm, step);
  return level !== undefined && tableAddress(mm.arch, step.slot.level, step.entry) === tables[level];
}

/** kasan_early_shadow_page_entry. */
export const isSharedPage = ({ mm }: WalkerOf, { page }: EarlyShadow, entry: Entry<'pte'>): boolean =>
  leafAddress(mm.arch, 'pte', entry) === page;
