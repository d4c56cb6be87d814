/** mmu_gather: what is flushed, how finely, and in which order things are freed. */
import { type LowerLevel, paddr, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { Gather } from '../../src/walkers/gather.ts';
import { type GatherOptions, pagesOfGather } from '../../src/walkers/gather-options.ts';
import { archs } from '../support/spaces.ts';
import { modelled } from './support/model.ts';
import { watch } from './support/watch.ts';

const [, x86] = archs.find(([name]) => name === 'x86-64')!;
const { pmd, pud, pte } = x86.geometry;

function gathering(options: GatherOptions = {}) {
  const m = modelled(x86, 'pgd', ['none']);
  const w = watch(m.port);
  const told = (): string[] => w.events.map(({ what, at }) => `${what} ${at.toString(16)}`);
  return { ...m, w, gather: new Gather(m, options), told };
}

const table = (gather: Gather, addr: bigint, level: LowerLevel, at: bigint): void =>
  gather.table(addr, level, paddr(at));

describe('capacity', () => {
  test('8, then batches of a page, up to 10000 pages', () => {
    expect([pagesOfGather(4096, 0), pagesOfGather(4096, 2), pagesOfGather(4096)]).toEqual([
      8,
      8 + 2 * 510,
      8 + 19 * 510,
    ]);
    expect(pagesOfGather(65536)).toBe(8 + 8190);
  });

  test('full with the last page that fits, and as many fit again after a flush', () => {
    const { gather, port } = gathering({ capacity: 8 });
    const fill = (): boolean[] => Array.from({ length: 8 }, (_, n) => gather.page(n));
    expect(fill()).toEqual([...Array(7).fill(false), true]);
    gather.flush();
    expect(fill().indexOf(true)).toBe(7);
    expect(port.freedPages.length).toBe(8);
  });
});

describe('the flush', () => {
  test('the range of all that was noted, by the smallest size; then nothing is noted any more', () => {
    const { gather, port } = gathering();
    gather.note(pud.size, 'pud');
    gather.note(pmd.size, 'pmd');
    gather.flushTlb();
    gather.note(5n * pte.size, 'pte');
    gather.note(pmd.size, 'pmd');
    gather.flushTlb();
    gather.flushTlb();
    expect(gather.flushes).toEqual([
      { start: pmd.size, end: 2n * pud.size, granule: 'pmd', tables: false },
      { start: 5n * pte.size, end: 2n * pmd.size, granule: 'pte', tables: false },
    ]);
    expect(port.tlbFlushes.length).toBe(2);
  });

  test('a table notes one page at its address, and the level above; there is no note of a pgd', () => {
    const noted: [LowerLevel, string][] = [
      ['pte', 'pmd'],
      ['pmd', 'pud'],
      ['pud', 'p4d'],
      ['p4d', 'pte'],
    ];
    for (const [level, granule] of noted) {
      const { gather } = gathering();
      table(gather, pmd.size, level, 0x5000n);
      gather.flush();
      expect(gather.flushes).toEqual([{ start: pmd.size, end: pmd.size + pte.size, granule, tables: true }]);
    }
  });

  test('the hardware first, then tables after whoever is in them, then pages', () => {
    const { gather, told, port } = gathering();
    gather.page(7);
    table(gather, 0n, 'pte', 0x5000n);
    table(gather, 0n, 'pmd', 0x6000n);
    gather.finish();
    expect(told()).toEqual(['tlb 0', 'sync 0', 'table 5000', 'table 6000', 'page 7']);
    expect(port.tableSyncs).toEqual(['rcu']);
    expect(port.flushPending(0)).toBe(0);
  });
});

describe('tables', () => {
  test('rcu: a full batch goes early, and pages wait', () => {
    const { gather, told } = gathering({ tableCapacity: 2 });
    gather.page(7);
    for (const at of [1n, 2n, 3n]) table(gather, 0n, 'pte', at);
    expect(told()).toEqual(['tlb 0', 'sync 0', 'table 1', 'table 2']);
    gather.finish();
    expect(told().slice(4)).toEqual(['tlb 0', 'sync 0', 'table 3', 'page 7']);
  });

  test('rcu without memory for a batch: each at once, after an interrupt', () => {
    const { gather, told, port } = gathering({ tableCapacity: 0 });
    table(gather, 0n, 'pte', 1n);
    table(gather, 0n, 'pte', 2n);
    expect(told()).toEqual(['tlb 0', 'sync 0', 'table 1', 'tlb 0', 'sync 0', 'table 2']);
    gather.finish();
    expect([port.tableSyncs, told().length]).toEqual([['ipi', 'ipi'], 6]);
  });

  test('ipi: they take the place of pages, and fill the batch', () => {
    const { gather, told, port } = gathering({ freeing: 'ipi', capacity: 2 });
    gather.page(7);
    table(gather, 0n, 'pte', 1n);
    expect(told()).toEqual(['tlb 0', 'sync 0', 'table 1', 'page 7']);
    gather.finish();
    expect(port.tableSyncs).toEqual(['ipi']);
  });
});

test('another gather on the same address space: all is flushed, even if nothing was noted here', () => {
  const { gather, port, mm } = gathering();
  const other = new Gather({ mm, port });
  gather.finish();
  expect(gather.flushes).toEqual([{ start: 0n, end: 0n, granule: 'pte', tables: true }]);
  other.finish();
  expect([other.flushes, port.flushPending(0)]).toEqual([[], 0]);
});

test('a mapping: its cache, whatever part goes; nothing for the whole address space', () => {
  const vma = { start: vaddr(0n), end: vaddr(pmd.size) };
  for (const full of [false, true]) {
    const { gather, port } = gathering({ full });
    gather.startVma(vma);
    gather.note(0n, 'pte');
    gather.endVma();
    expect([port.cacheFlushes.length, gather.flushes.length]).toEqual(full ? [0, 0] : [1, 1]);
    gather.finish();
    expect(gather.flushes.at(-1)?.end).toBe(full ? 0n : pte.size);
  }
});
