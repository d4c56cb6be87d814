/** Which tables a top table leads to: what is allocated, is there once, or was freed. */
import {
  type Entry,
  isAlwaysFolded,
  isUpper,
  LEVELS,
  type Level,
  type Mm,
  pXdOffset,
  readEntry,
  roleOf,
  type Slot,
  slotPlus,
  tableAddress,
  topLevel,
  type UpperLevel,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { expect } from 'vitest';
import type { Form, TableCounts } from '../../../src/index.ts';
import { type Modelled, modelled } from './model.ts';

/** Every table but the top one, with its level. */
export function reachableTables(mm: Mm): Map<bigint, Level> {
  const found = new Map<bigint, Level>();
  const below = (slot: Slot, entry: Entry): void => {
    if (!isUpper(slot.level)) return;
    const at = slot as Slot<UpperLevel>;
    const role = roleOf(mm, at.level, entry);
    const down = role === 'folded' || role === 'table' ? pXdOffset(mm, at, entry as Entry<UpperLevel>, vaddr(0n)) : at;
    if (role === 'folded') below(down, entry);
    const table = tableAddress(mm.arch, at.level, entry);
    if (role !== 'table' || found.has(table)) return;
    found.set(table, down.level);
    each(down.level, table, down.level);
  };
  const each = (level: Level, table: bigint, sizedAs: Level): void => {
    const { bits, slotBytes } = mm.arch.geometry[sizedAs];
    // What stands there twice leads to the same tables.
    const seen = new Set<bigint>();
    for (let n = 0; n < 2 ** bits; n++) {
      const slot = slotPlus({ level, space: 'memory', addr: table }, BigInt(n), slotBytes);
      const entry = readEntry(mm, slot) ?? (0n as Entry);
      if (!seen.has(entry)) below(slot, entry);
      seen.add(entry);
    }
  };
  each('pgd', mm.pgd, topLevel(mm) ?? 'pgd');
  return found;
}

/** How many there are of each level. */
export const tablesByLevel = (mm: Mm): TableCounts => {
  const counts: TableCounts = { p4d: 0, pud: 0, pmd: 0, pte: 0 };
  for (const level of reachableTables(mm).values()) if (level !== 'pgd') counts[level]++;
  return counts;
};

/** Nothing leaked and nothing freed that is in use: what is counted can be reached; no lock is held. */
export function expectSound({ mm, port }: Modelled): void {
  expect(tablesByLevel(mm)).toEqual(port.counts);
  const reached = reachableTables(mm);
  expect(port.freed.filter(({ table }) => reached.has(table))).toEqual([]);
  expect(new Set(port.freed.map(({ table }) => table)).size).toBe(port.freed.length);
  expect([port.wrong, [...port.held]]).toEqual([[], []]);
}

/** The levels that have tables of their own below the top one, here: how many tables one page needs. */
export const depth = ({ arch, top }: Pick<Modelled, 'arch' | 'top'>): number =>
  LEVELS.slice(LEVELS.indexOf(top) + 1).filter((level) => !isAlwaysFolded(arch, level)).length;

/**
 * Runs in an empty address space with memory for no table, for one, for two …, in both forms, until nothing fails: both
 * write the same, and are sound.
 * @returns every result, from no memory to enough
 */
export function starved<T>(
  arch: Modelled['arch'],
  top: Level,
  run: (m: Modelled, form: Form) => { readonly failed: boolean; readonly value: T },
): { readonly left: number; readonly value: T; readonly m: Modelled }[] {
  const results: { left: number; value: T; m: Modelled }[] = [];
  for (let left = 0; left < 20; left++) {
    const told = (['static', 'entryAware'] as const).map((form) => {
      const m = modelled(arch, top, ['none']);
      m.port.tablesLeft = left;
      const result = run(m, form);
      expectSound(m);
      return { m, result };
    });
    const [one, other] = told as [(typeof told)[0], (typeof told)[0]];
    expect(one.result).toEqual(other.result);
    expect(writesOf(one.m)).toEqual(writesOf(other.m));
    results.push({ left, value: one.result.value, m: one.m });
    if (!one.result.failed) return results;
  }
  throw new Error('never enough memory');
}

/** What was written, in order. */
export const writesOf = ({ port }: Modelled): string[] =>
  port.writes.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`);
