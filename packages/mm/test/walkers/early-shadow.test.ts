/** The shared page and tables: every entry leads to the page; and what happens without memory for them. */
import { isAlwaysFolded, type Paddr, paddr, type Slot, tableAddress } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { earlyShadow, isSharedPage, slotsOf } from '../../src/walkers/early-shadow.ts';
import { archs } from '../support/spaces.ts';
import { modelled } from './support/model.ts';

test.each(archs)('%s: from every level every entry leads to the one below, and to the page', (_, arch, top) => {
  const m = modelled(arch, top, ['none']);
  const shadow = earlyShadow(m, paddr(64n * m.page))!;
  const levels = (['p4d', 'pud', 'pmd', 'pte'] as const).filter((level) => !isAlwaysFolded(arch, level));
  expect(Object.keys(shadow.tables).sort()).toEqual([...levels].sort());
  for (const [n, level] of levels.entries()) {
    const below = levels[n + 1];
    for (const slot of slotsOf(m, level, shadow.tables[level]!)) {
      const entry = m.port.readOnce(slot as Slot)!;
      if (below && level !== 'pte') expect(tableAddress(arch, level, entry)).toBe(shadow.tables[below]);
      else expect(isSharedPage(m, shadow, entry as never)).toBe(true);
    }
  }
});

const [, arch, top] = archs[3]!;

test('no memory for the shared tables: nothing is kept', () => {
  for (let left = 0; left < 3; left++) {
    const m = modelled(arch, top, ['none']);
    m.port.tablesLeft = left;
    expect(earlyShadow(m, paddr(0n))).toBeUndefined();
    expect(m.port.counts).toEqual({ p4d: 0, pud: 0, pmd: 0, pte: 0 });
  }
});

test('a table that no entry can designate: nothing is kept', () => {
  const m = modelled(arch, top, ['none']);
  const { allocTable } = m.port;
  m.port.allocTable = (level) => {
    const table = allocTable(level);
    return level === 'pte' ? ((1n << 52n) as Paddr) : table;
  };
  expect(earlyShadow(m, paddr(0n))).toBeUndefined();
  expect(m.port.counts).toEqual({ p4d: 0, pud: 0, pmd: 0, pte: 0 });
});
