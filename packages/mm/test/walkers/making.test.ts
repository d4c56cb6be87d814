/** What walkers that make tables share: ranges they refuse, frames that fit, and what is in their way. */
import { type Entry, makeSwap, paddr, type RangeStep, slotOf, vaddr, writeEntry } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { bytesOf, checkRange, isNoTable, leafOf, wayDown } from '../../src/walkers/making.ts';
import { archs } from '../support/spaces.ts';
import { modelled } from './support/model.ts';

const [, arch, top] = archs[3]!;
const prot = { read: true, write: true, exec: false, user: false };

test('ranges: not empty, not backwards, of whole pages; up to 2^64', () => {
  const m = modelled(arch, top, ['none']);
  const check = (start: bigint, end: bigint) => () => checkRange(m, { start: vaddr(start), end: vaddr(end) });
  const code = (what: string) => expect.objectContaining({ code: what });
  expect(check(0x1000n, 0x1000n)).toThrow(code('range-empty'));
  expect(check(0n, 0n)).toThrow(code('range-empty'));
  expect(check(0x2000n, 0x1000n)).toThrow(code('range-reversed'));
  expect(check(0x1000n, 0x2001n)).toThrow(code('range-unaligned'));
  expect(check(0x1000n, 0x3000n)()).toBeUndefined();
  expect(check(0x1000n, 0n)()).toBeUndefined();
  expect([bytesOf({ start: vaddr(0x1000n), end: vaddr(0n) }), bytesOf({ start: vaddr(0n), end: vaddr(0n) })]).toEqual([
    (1n << 64n) - 0x1000n,
    0n,
  ]);
});

test('frames that an entry can hold', () => {
  const m = modelled(arch, top, ['none']);
  expect(leafOf(m.mm, 'pte', 0x1000n, prot)).toBeTypeOf('bigint');
  for (const address of [1n << 52n, 1n << 64n, 0x800n])
    expect(() => leafOf(m.mm, 'pte', address, prot)).toThrow(expect.objectContaining({ code: 'argument' }));
});

test('a large page and one that is swapped out are no tables; none and tables, even bad ones, are no hindrance', () => {
  const m = modelled(arch, top, ['page']);
  const slot = slotOf(m.mm, vaddr(m.first * m.page), 'pmd')!;
  const step = (entry: bigint): RangeStep =>
    ({ slot, entry: entry as Entry, addr: vaddr(m.first * m.page) }) as RangeStep;
  const table = m.port.readOnce(slot)!;
  const huge = leafOf(m.mm, 'pmd', paddr(0n), prot);
  const swap = makeSwap(arch, 'pmd', { type: 1n, offset: 2n })!;
  expect([0n, table, table & ~2n, huge, swap].map((entry) => isNoTable(m, step(entry)))).toEqual([
    ...[false, false, false, true, true],
  ]);
  writeEntry(m.mm, slot, huge as Entry);
  expect(wayDown(m, step(huge))).toMatchObject({ kind: 'occupied', slot });
  expect(wayDown(m, step(table & ~2n))).toBe(table & ~2n);
  m.port.tablesLeft = 0;
  expect(wayDown(m, step(0n))).toMatchObject({ kind: 'no-memory', slot });
});

test('a large page that another puts there meanwhile is in the way, and the table that was made for it goes back', () => {
  const m = modelled(arch, top, ['page']);
  const slot = slotOf(m.mm, vaddr(m.first * m.page), 'pmd')!;
  const step = { slot, entry: 0n as Entry, addr: vaddr(m.first * m.page) } as RangeStep;
  const huge = leafOf(m.mm, 'pmd', paddr(0n), prot);
  m.port.lock = () => void writeEntry(m.mm, slot, huge as Entry);
  m.port.unlock = () => undefined;
  expect(wayDown(m, step)).toEqual({ kind: 'occupied', slot, entry: huge, addr: step.addr });
  expect([m.port.counts.pte, m.port.freed.length, m.port.writes]).toEqual([0, 1, []]);
});
