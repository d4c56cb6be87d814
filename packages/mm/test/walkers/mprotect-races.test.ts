/** change_protection where others act before a lock is taken, and where entries are no pages; and ranges that are none. */
import {
  type Entry,
  makeLeaf,
  makeSwap,
  type Prot,
  paddr,
  populate,
  pXdIs,
  readEntry,
  type Slot,
  swapOf,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { changeProtection, madviseCold, migrationOf, SWAP_TYPES, zapPageRange } from '../../src/index.ts';
import { mapped } from '../support/mapped.ts';
import { archs } from '../support/spaces.ts';
import { type Modelled, modelled, rangeOf } from './support/model.ts';

const [, x86, top] = archs[3]!;
const { pte, pmd } = x86.geometry;
const READ: Prot = { read: true, write: false, exec: false, user: true };
/** uffd-wp of what is not present: kept as soft-dirty is (change_huge_pmd and change_pte_range, v5.7). */
const uffd = { pte: x86.spec.levels.pte.swap!.uffdWp!, pmd: x86.spec.levels.pmd.swap?.uffdWp ?? 0n };
const soft = { pte: x86.spec.levels.pte.swap!.softDirty!, pmd: x86.spec.levels.pmd.swap?.softDirty ?? 0n };
const START = vaddr(4n * pmd.size);
const WHOLE = { start: START, end: vaddr(START + pmd.size) };
const PART = { start: START, end: vaddr(START + pte.size) };

/** A space with this entry in the pmd of `START`. */
function withPmd(entry: bigint): { m: Modelled; slot: Slot<'pmd'> } {
  const m = modelled(x86, top, ['none']);
  const slot = populate(m.mm, m.tables, START, 'pmd') as Slot<'pmd'>;
  writeEntry(m.mm, slot, entry as Entry<'pmd'>);
  return { m, slot };
}

const HUGE = makeLeaf(x86, 'pmd', paddr(4n * pmd.size), { ...READ, write: true })!;

describe('a huge page', () => {
  test('that another zaps before the lock is taken: it stays away, and nothing counts', () => {
    const { m, slot } = withPmd(HUGE);
    const { lock } = m.port;
    m.port.lock = (at) => {
      lock(at);
      writeEntry(m.mm, slot, 0n as Entry<'pmd'>);
    };
    expect(changeProtection(m, WHOLE, READ)).toEqual({ changed: 0 });
    expect([readEntry(m.mm, slot), m.port.writes, m.port.tlbFlushes]).toEqual([0n, [], []]);
  });

  test('that another splits before the lock is taken: its ptes are changed', () => {
    const { m, slot } = withPmd(HUGE);
    const other = modelled(x86, top, ['page']);
    const table = readEntry(
      other.mm,
      populate(other.mm, other.tables, vaddr(other.first * other.page), 'pmd') as Slot,
    )!;
    expect(pXdIs(other.mm, 'leaf', 'pmd', table as Entry<'pmd'>)).toBe(false);
    const { lock } = m.port;
    const made = populate(m.mm, m.tables, vaddr(START + pmd.size), 'pte') as Slot<'pte'>;
    writeEntry(m.mm, made, makeLeaf(x86, 'pte', paddr(0x5000n), { ...READ, write: true })!);
    const split = readEntry(m.mm, { ...slot, addr: (slot.addr + 8n) as typeof slot.addr });
    m.port.lock = (at) => {
      lock(at);
      if (at.level === 'pmd') writeEntry(m.mm, slot, split!);
    };
    expect(changeProtection(m, WHOLE, READ)).toEqual({ changed: 1 });
    expect(readEntry(m.mm, slot)).toBe(split);
    expect(pXdIs(m.mm, 'write', 'pte', readEntry(m.mm, made)!)).toBe(false);
    expect([m.port.wrong, m.port.held.size]).toEqual([[], 0]);
  });

  test('that comes back after each split: left to be, and the walk ends', () => {
    const { m, slot } = withPmd(HUGE);
    const { unlock } = m.port;
    let rounds = 0;
    m.port.unlock = (at) => {
      unlock(at);
      if (at.level === 'pmd' && rounds++ < 1000) writeEntry(m.mm, slot, HUGE);
    };
    expect(changeProtection(m, PART, READ)).toEqual({ changed: 0 });
    expect([readEntry(m.mm, slot), rounds]).toEqual([HUGE, 1]);
  });

  test('that moves: written no more, soft-dirty as before, and not counted', () => {
    const moving = makeSwap(x86, 'pmd', { type: SWAP_TYPES.movesWritable, offset: 0x200n })!;
    const marks = soft.pmd | uffd.pmd;
    const { m, slot } = withPmd(moving | marks);
    expect(changeProtection(m, WHOLE, READ)).toEqual({ changed: 0 });
    const now = readEntry(m.mm, slot)!;
    expect([migrationOf(m.mm, 'pmd', now as Entry), now & marks]).toEqual([{ pfn: 0x200n, write: false }, marks]);
    expect(m.port.tlbFlushes).toEqual([]);
  });

  test('of a device or the zero page: its split counts and frees nothing', () => {
    for (const mark of ['special', 'devmap'] as const) {
      const bit = x86.spec.levels.pmd.is[mark];
      if (!bit) continue;
      const entry = makeLeaf(x86, 'pmd', paddr(4n * pmd.size), READ)! | markOf(mark);
      const { m } = withPmd(entry);
      expect(pXdIs(m.mm, mark, 'pmd', entry as Entry<'pmd'>)).toBe(true);
      const told: string[] = [];
      m.port.getPage = (pfn) => void told.push(`get ${pfn}`);
      m.port.addCounters = ({ pages }) => void told.push(`pages ${pages}`);
      expect(zapPageRange(m, PART, mapped(WHOLE), { huge: 'file' }).failure).toBeUndefined();
      expect([told, m.port.freedPages]).toEqual([[], []]);
      const again = withPmd(entry).m;
      again.port.getPage = (pfn) => void told.push(`get ${pfn}`);
      expect(changeProtection(again, PART, READ)).toEqual({ changed: 1 });
      expect([told, again.port.freedPages]).toEqual([[], []]);
    }
  });
});

/** The bit that makes a pmd leaf `special` or a device's. */
function markOf(mark: 'special' | 'devmap'): bigint {
  const m = modelled(x86, top, ['none']);
  const leaf = makeLeaf(x86, 'pmd', paddr(4n * pmd.size), READ)!;
  for (let bit = 0n; bit < 64n; bit++)
    if (pXdIs(m.mm, mark, 'pmd', (leaf | (1n << bit)) as Entry<'pmd'>)) return 1n << bit;
  throw new Error(`no bit for ${mark}`);
}

test('ptes that move or lie in a device: written no more, soft-dirty as before; all that change count, others do not', () => {
  const m = modelled(x86, top, ['page']);
  const { start } = rangeOf(m, 0, 5);
  const types = [SWAP_TYPES.moves, SWAP_TYPES.movesWritable, SWAP_TYPES.device, SWAP_TYPES.deviceWritable, 1n];
  const slots = types.map((type, n) => {
    const slot = populate(m.mm, m.tables, vaddr(start + BigInt(n) * pte.size), 'pte') as Slot<'pte'>;
    writeEntry(m.mm, slot, (makeSwap(x86, 'pte', { type, offset: BigInt(0x100 + n) })! | soft.pte) as Entry<'pte'>);
    return slot;
  });
  expect(changeProtection(m, rangeOf(m, 0, 5), READ)).toEqual({ changed: 2 });
  expect(slots.map((slot) => swapOf(x86, 'pte', readEntry(m.mm, slot)!))).toEqual(
    [SWAP_TYPES.moves, SWAP_TYPES.moves, SWAP_TYPES.device, SWAP_TYPES.device, 1n].map((type, n) => ({
      type,
      offset: BigInt(0x100 + n),
    })),
  );
  expect(slots.every((slot) => readEntry(m.mm, slot)! & soft.pte)).toBe(true);
});

test('gathers that end meanwhile know of the flush that is to come; so they do of an advice', () => {
  const m = modelled(x86, top, ['page']);
  const pending: number[] = [];
  const { flushPending, flushTlb } = m.port;
  m.port.flushPending = (by) => {
    pending.push(by);
    return flushPending(by);
  };
  m.port.flushTlb = (range) => {
    pending.push(0);
    flushTlb(range);
  };
  changeProtection(m, rangeOf(m, 0, 4), READ);
  expect(pending).toEqual([1, 0, -1]);
  const range = rangeOf(m, 0, 4);
  const vma = {
    ...range,
    pfnmap: false,
    backing: undefined,
    huge: 'pmd' as const,
    locked: false,
    write: true,
    shared: false,
  };
  madviseCold(
    m,
    range,
    vma as never,
    'cold' as never,
    { pages: { page: () => undefined, split: () => false } } as never,
  );
  expect(m.port.flushPending(0)).toBe(0);
});

test('a range that is none, and one that the top table does not have: refused before anything is touched', () => {
  const m = modelled(x86, top, ['page']);
  const { start, end } = rangeOf(m, 0, 4);
  const code = (what: string) => expect.objectContaining({ code: what });
  expect(() => changeProtection(m, { start, end: start }, READ)).toThrow(code('range-empty'));
  expect(() => changeProtection(m, { start: end, end: start }, READ)).toThrow(code('range-empty'));
  expect(() => changeProtection(m, { start, end: vaddr(2n ** 48n + 0x1000n) }, READ)).toThrow(code('address-range'));
  expect(m.port.writes).toEqual([]);
  const high = vaddr(-pmd.size & (2n ** 64n - 1n));
  expect(changeProtection(m, { start: high, end: vaddr(0n) }, READ)).toEqual({ changed: 0 });
});
