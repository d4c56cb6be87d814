/** Tables that make way for a large page: unlinked, forgotten, freed, in this order; nothing that is no table. */
import {
  type Entry,
  makeLeaf,
  paddr,
  pXdIs,
  type RangeStep,
  readEntry,
  slotOf,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { freeTablesBelow } from '../../src/walkers/free-below.ts';
import { ioremapPageRange } from '../../src/walkers/ioremap.ts';
import { archs } from '../support/spaces.ts';
import { modelled } from './support/model.ts';

const prot = { read: true, write: true, exec: false, user: false };

test('the slot first, then what the hardware remembers, then the tables; above pud never', () => {
  const [, arch, top] = archs[4]!;
  const m = modelled(arch, top, ['none']);
  ioremapPageRange(m, { start: vaddr(0n), end: vaddr(m.page) }, paddr(0n), prot);
  const order: string[] = [];
  const { writeOnce, flushTlb, freeTable } = m.port;
  Object.assign(m.port, {
    writeOnce: (...args: Parameters<typeof writeOnce>) => order.push(`write ${args[0].level}`) && writeOnce(...args),
    flushTlb: (...args: Parameters<typeof flushTlb>) => order.push('flush') && flushTlb(...args),
    freeTable: (...args: Parameters<typeof freeTable>) => order.push(`free ${args[0]}`) && freeTable(...args),
  });
  const below = (level: 'p4d' | 'pud'): boolean => {
    const slot = slotOf(m.mm, vaddr(0n), level)!;
    return freeTablesBelow(m, { slot, entry: readEntry(m.mm, slot)!, addr: vaddr(0n) } as RangeStep);
  };
  expect([below('p4d'), order]).toEqual([false, []]);
  expect([below('pud'), order]).toEqual([true, ['write pmd', 'write pud', 'flush', 'free pte', 'free pmd']]);
});

test('a pmd table with an entry that is no table: nothing below that is freed', () => {
  const [, arch, top] = archs[3]!;
  const m = modelled(arch, top, ['none']);
  const pud = arch.geometry.pud.size;
  ioremapPageRange(m, { start: vaddr(pud), end: vaddr(pud + m.page) }, paddr(0n), prot);
  const leaf = makeLeaf(arch, 'pmd', paddr(0n), prot) as Entry<'pmd'>;
  const slot = slotOf(m.mm, vaddr(pud + arch.geometry.pmd.size), 'pmd');
  if (slot?.level === 'pmd') writeEntry(m.mm, { ...slot, level: 'pmd' }, leaf);
  expect(pXdIs(m.mm, 'leaf', 'pmd', leaf)).toBe(true);
  ioremapPageRange(m, { start: vaddr(pud), end: vaddr(2n * pud) }, paddr(2n * pud), prot);
  expect(m.port.freed.map(({ level }) => level)).toEqual(['pte', 'pmd']);
});
