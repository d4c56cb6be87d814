/** s390's level upgrade (crst_table_upgrade): higher top tables for a process that wants higher addresses. */
import {
  below,
  LEVELS,
  type Level,
  limitOf,
  type Mm,
  type Paddr,
  type TableAllocator,
  topLevel,
  UsageError,
  upgrade,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import { needs } from './needs.ts';

/** The address space with its new top, or why it stays as it is. */
export type Upgraded =
  | { readonly kind: 'upgraded'; readonly mm: Mm; readonly from: Level; readonly to: Level }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'no-memory' | 'too-high' };

/**
 * Adds levels until `end` lies within the limit of the address space. All memory is taken first, so that a failure
 * changes nothing. The old top table stays where it is, as slot 0 of the new one: a walker that began there without a
 * lock still resolves what it could before. There is no way down again.
 * @param free takes back what was taken, where it did not suffice
 * @throws UsageError `argument` for a process with 2 levels: compat ones are not upgraded
 */
export function upgradeLevels(
  mm: Mm,
  tables: TableAllocator,
  end: Vaddr,
  free: (table: Paddr) => void = () => undefined,
): Upgraded {
  needs({ mm, tables, end });
  const from = topLevel(mm);
  const last = end - 1n;
  if (from === undefined) return { kind: 'too-high' };
  if (from === 'pmd') throw new UsageError('argument', 'mm', 'an address space with at least 3 levels');
  const wanted = LEVELS.slice(0, LEVELS.indexOf(from) + 1)
    .reverse()
    .filter((level) => mm.arch.spec.root.tops[level]);
  const to = wanted.find((level) => end !== 0n && last < limitOf(mm, level));
  if (!to) return { kind: 'too-high' };
  if (to === from) return { kind: 'unchanged' };
  const taken = reserve(mm, tables, wanted.indexOf(to));
  const grown = taken.length < wanted.indexOf(to) ? undefined : grow(mm, taken);
  if (grown) return { kind: 'upgraded', mm: grown, from, to };
  taken.forEach(free);
  return { kind: 'no-memory' };
}

/** Memory for up to `levels` top tables: as much as there is. */
function reserve({ arch }: Mm, tables: TableAllocator, levels: number): Paddr[] {
  const { tableBytes } = arch.geometry[below('pgd')];
  const taken: Paddr[] = [];
  while (taken.length < levels) {
    const table = tables.alloc(tableBytes);
    if (table === undefined) break;
    taken.push(table);
  }
  return taken;
}

/** A level for each table; none at all where one of them lies outside memory. */
const grow = (mm: Mm, taken: readonly Paddr[]): Mm | undefined =>
  taken.reduce<Mm | undefined>((grown, table) => grown && upgrade(grown, { alloc: () => table }), mm);
