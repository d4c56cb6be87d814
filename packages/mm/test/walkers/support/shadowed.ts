/** An address space with kasan's shared page and tables, and what tests ask of it. */
import {
  type Entry,
  type Level,
  type Paddr,
  paddr,
  readEntry,
  type Slot,
  slotOf,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { expect } from 'vitest';
import type { Range } from '../../../src/index.ts';
import { type EarlyShadow, earlyShadow } from '../../../src/walkers/early-shadow.ts';
import { type Modelled, modelled } from './model.ts';
import { reachableTables } from './reach.ts';

/** An empty address space with its shared page and tables; what these cost is not counted any more. */
export function shadowed(
  arch: Modelled['arch'],
  top: Level,
): { m: Modelled; shadow: EarlyShadow; page: bigint; size: bigint } {
  const m = modelled(arch, top, ['none']);
  const shadow = earlyShadow(m, paddr(64n * m.page)) as EarlyShadow;
  for (const level of ['p4d', 'pud', 'pmd', 'pte'] as const) m.port.counts[level] = 0;
  m.port.writes.length = 0;
  return { m, shadow, page: m.page, size: arch.geometry.pmd.size };
}

/** A border of the top table, where addresses go so far, but not the first pmds. */
export const borderOf = ({ m, size }: { m: Modelled; size: bigint }): bigint => {
  const border = (m.first + 12n) * m.page;
  return border > size ? border : 4n * size;
};

/** The frame at an address, and whether it may be written. */
export const at = ({ mm }: Modelled, addr: bigint): Paddr | undefined => {
  const { result } = walk(mm, vaddr(addr));
  return result.kind === 'leaf' ? result.paddr : undefined;
};

/** The pmd slot of an address, if there is one. */
export const pmdOf = ({ mm }: Modelled, addr: bigint): Entry | undefined => {
  const slot = slotOf(mm, vaddr(addr), 'pmd') as Slot;
  return readEntry(mm, slot);
};

/** Pages to look at: near every border of a pmd in the range, and beside it. */
export const samples = ({ m, page, size }: ReturnType<typeof shadowed>, { start, end }: Range): bigint[] => {
  const found = [start - page, start, end - page, BigInt(end)];
  for (let b = start & -size; b <= end; b += size) found.push(b - page, b, b + page, b + m.page * 7n);
  return found;
};

/** Tables that are counted can be reached, or are shared; nothing that was freed can. */
export function expectSound(m: Modelled, shadow: EarlyShadow): void {
  const shared = new Set<bigint>(Object.values(shadow.tables));
  const reached = reachableTables(m.mm);
  const own = [...reached.keys()].filter((table) => !shared.has(table));
  const { p4d, pud, pmd, pte } = m.port.counts;
  expect(own.length).toBe(p4d + pud + pmd + pte);
  expect(m.port.freed.filter(({ table }) => reached.has(table) || shared.has(table))).toEqual([]);
  expect(new Set(m.port.freed.map(({ table }) => table)).size).toBe(m.port.freed.length);
}
