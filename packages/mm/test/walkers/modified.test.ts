/** The mask of modified levels, and who is told of it. */
import { type Entry, makeTable, type Paddr, pgdOffset, readEntry, vaddr, writeEntry } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { allocTrack, MODIFIED, syncModified } from '../../src/walkers/modified.ts';
import { archs } from '../support/spaces.ts';
import { modelled } from './support/model.ts';

test('the bits of the kernel', () => {
  expect(MODIFIED).toEqual({ pgd: 1, p4d: 2, pud: 4, pmd: 8, pte: 16 });
});

test('told only of levels that the architecture asks for', () => {
  const [, arch, top] = archs[3]!;
  for (const [mask, syncMask, told] of [
    [24, undefined, false],
    [24, 1, false],
    [24, 8, true],
    [0, 31, false],
  ] as const) {
    const m = modelled(arch, top, ['none']);
    const range = { start: vaddr(0n), end: vaddr(m.page) };
    expect(syncModified(m, range, { mask }, { ...(syncMask !== undefined && { syncMask }) })).toBe(told);
    expect(m.port.syncs).toEqual(told ? [range] : []);
  }
});

describe('alloc-track', () => {
  const [, arch, top] = archs[4]!;
  const setUp = () => {
    const m = modelled(arch, top, ['none']);
    const slot = pgdOffset(m.mm, vaddr(0n));
    return { m, slot, step: () => ({ slot, entry: readEntry(m.mm, slot) as Entry<'pgd'> }), modified: { mask: 0 } };
  };

  test('the level of the entry that was none; never of one that was not', () => {
    const { m, step, modified } = setUp();
    allocTrack(m, step(), modified);
    expect([modified.mask, m.port.counts.p4d]).toEqual([MODIFIED.pgd, 1]);
    modified.mask = 0;
    allocTrack(m, step(), modified);
    expect([modified.mask, m.port.counts.p4d]).toEqual([0, 1]);
  });

  test('no memory: nothing is told', () => {
    const { m, step, modified } = setUp();
    m.port.tablesLeft = 0;
    expect([allocTrack(m, step(), modified), modified.mask]).toEqual([undefined, 0]);
  });

  test('somebody else was faster: his table stays, ours is freed, and it is told all the same', () => {
    const { m, slot, step, modified } = setUp();
    const seen = step();
    const theirs = makeTable(arch, 'pgd', m.tables.alloc(4096) as Paddr) as Entry<'pgd'>;
    writeEntry(m.mm, slot, theirs);
    expect(allocTrack(m, seen, modified)).toBe(theirs);
    expect([modified.mask, m.port.freed.length, m.port.counts.p4d]).toEqual([MODIFIED.pgd, 1, 0]);
  });

  test('a table that no entry can designate goes back', () => {
    const { m, step, modified } = setUp();
    m.port.allocTable = () => {
      m.port.counts.p4d++;
      return (1n << 60n) as Paddr;
    };
    expect(allocTrack(m, step(), modified)).toBeUndefined();
    expect([modified.mask, m.port.counts.p4d, m.port.freed.length]).toEqual([0, 0, 1]);
  });
});
