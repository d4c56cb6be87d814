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
  upgrade,
  type Vaddr,
} from '@kernel-mm/pgtable-core';

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
 */
export function upgradeLevels(
  mm: Mm,
  tables: TableAllocator,
  end: Vaddr,
  free: (table: Paddr) => void = () => undefined,
): Upgraded {
  const from = topLevel(mm);
  const last = end - 1n;
  if (from === undefined) return { kind: 'too-high' };
  const wanted = LEVELS.slice(0, LEVELS.indexOf(from) + 1)
    .reverse()
    .filter((level) => mm.arch.spec.root.tops[level]);
  const to = wanted.find((level) => end !== 0n && last < limitOf(mm, level));
  if (!to) return { kind: 'too-high' };
  if (to === from) return { kind: 'unchanged' };
  const memory = reserve(mm, tables, wanted.indexOf(to), free);
  if (!memory) return { kind: 'no-memory' };
  let grown = mm;
  while (topLevel(grown) !== to) {
    const next = upgrade(grown, memory);
    if (!next) return { kind: 'no-memory' };
    grown = next;
  }
  return { kind: 'upgraded', mm: grown, from, to };
}

/** Memory for `levels` top tables, all or none. */
function reserve(
  { arch }: Mm,
  tables: TableAllocator,
  levels: number,
  free: (table: Paddr) => void,
): TableAllocator | undefined {
  const { tableBytes } = arch.geometry[below('pgd')];
  const taken: Paddr[] = [];
  for (let n = 0; n < levels; n++) {
    const table = tables.alloc(tableBytes);
    if (table === undefined) {
      taken.forEach(free);
      return undefined;
    }
    taken.push(table);
  }
  return { alloc: () => taken.shift() };
}
