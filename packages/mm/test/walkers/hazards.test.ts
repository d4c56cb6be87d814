/** Mistakes that the thread was afraid of, in walkers that are wrong on purpose; and that those on the core are free of them. */
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import {
  type Entry,
  type Level,
  type Pfn,
  pgdOffset,
  pXdAddrEnd,
  pXdAddrEndOf,
  pXdOffset,
  type RangeStep,
  readEntry,
  type Slot,
  slotOf,
  slotPlus,
  type Vaddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { vmapNoflush } from '../../src/walkers/vmap.ts';
import { archs } from '../support/spaces.ts';
import { type Modelled, modelled } from './support/model.ts';
import { reachableTables } from './support/reach.ts';

const prot = { read: true, write: true, exec: false, user: false };
const forms: Form[] = ['static', 'entryAware'];

/** A space with tables for a range that begins before a border of the top table and ends two entries later. */
function across(arch: Modelled['arch'], top: Level): { m: Modelled; start: Vaddr; end: Vaddr } {
  const m = modelled(arch, top, ['none']);
  const { size } = arch.geometry.pmd;
  const [start, end] = [vaddr(size - m.page), vaddr(2n * size + m.page)];
  // The last first, so that a pointer past the end of a table does not come into the next by chance.
  for (const at of [vaddr(2n * size), vaddr(size), start])
    vmapNoflush(m, { start: at, end: vaddr(at + m.page) }, [1 as Pfn], prot);
  m.port.writes.length = 0;
  return { m, start, end };
}

describe.each(['x86-32', 'riscv-sv32'])('%s: two levels, pmd folded when the kernel is built', (id) => {
  const { arch } = ARCHITECTURES[id]!();

  /** kasan_init_32's shape: `pmd++` over what is really the top table, each with the ptes up to the bound `end` says. */
  function overPmds(m: Modelled, start: Vaddr, end: Vaddr, bound: (entry: Entry<'pmd'>, addr: Vaddr) => Vaddr) {
    const { pte, pmd } = arch.geometry;
    const touched: { addr: bigint; slot: Slot<'pte'> }[] = [];
    let slot: Slot<'pmd'> = { ...pgdOffset(m.mm, start), level: 'pmd' };
    let addr = start;
    do {
      const entry = readEntry(m.mm, slot) as Entry<'pmd'>;
      const next = bound(entry, addr);
      const first = pXdOffset(m.mm, slot, entry, addr);
      for (let at = BigInt(addr), n = 0n; at < next; at += pte.size, n++)
        touched.push({ addr: at, slot: slotPlus(first, n, pte.slotBytes) });
      slot = slotPlus(slot, 1n, pmd.slotBytes);
      addr = next;
    } while (addr !== end);
    return touched;
  }

  const wrong = (m: Modelled, touched: ReturnType<typeof overPmds>): bigint[] =>
    touched.filter(({ addr, slot }) => slotOf(m.mm, vaddr(addr), 'pte')?.addr !== slot.addr).map(({ addr }) => addr);

  test('bounded by the folded level alone: one round, and its pointer runs past the end of its table', () => {
    const { m, start, end } = across(arch, 'pgd');
    // From the entry it is no better: both answer `end`, relying on the level above having cropped.
    for (const bound of [
      (_: Entry<'pmd'>, addr: Vaddr) => pXdAddrEnd(m.mm, 'pmd', addr, end),
      (entry: Entry<'pmd'>, addr: Vaddr) => pXdAddrEndOf(m.mm, 'pmd', entry, addr, end),
    ]) {
      expect(bound(0n as Entry<'pmd'>, start)).toBe(end);
      const touched = overPmds(m, start, end, bound);
      const table = (BigInt(touched[0]!.slot.addr) & -4096n) + 4096n;
      expect(wrong(m, touched)).toEqual(touched.slice(1).map(({ addr }) => addr));
      expect(touched[1]!.slot.addr).toBe(table);
    }
  });

  test('bounded by the level that is there, pgd: every page has its slot', () => {
    const { m, start, end } = across(arch, 'pgd');
    const bound = (_: Entry<'pmd'>, addr: Vaddr) => pXdAddrEnd(m.mm, 'pgd', addr, end);
    const touched = overPmds(m, start, end, bound);
    expect(wrong(m, touched)).toEqual([]);
    expect(touched.length).toBe(Number((end - start) / m.page));
  });

  test('the core crops at pgd before it comes to pmd, in both forms', () => {
    for (const form of forms) {
      const m = modelled(arch, 'pgd', ['none']);
      const { size } = arch.geometry.pmd;
      const range = { start: vaddr(size - m.page), end: vaddr(size + m.page) };
      expect(vmapNoflush(m, range, [1, 2] as Pfn[], prot, { form })).toMatchObject({ mapped: 2 });
      expect(m.port.counts.pte).toBe(2);
    }
  });
});

/** Notes every slot that is read from now on. */
function watch({ port }: Modelled): Slot[] {
  const read: Slot[] = [];
  const { readOnce } = port;
  const noting: typeof readOnce = (slot) => {
    read.push(slot);
    return readOnce(slot);
  };
  Object.assign(port, { readOnce: noting });
  return read;
}

describe.each(archs)('%s', (_, arch, top) => {
  test('alloc-then-walk: an entry ends where it ended before a table was put there', () => {
    const m = modelled(arch, top, ['none']);
    const before: RangeStep[] = [];
    const range = { start: vaddr((m.first + 8n) * m.page), end: vaddr((m.first + 16n) * m.page) };
    const frames = Array.from({ length: 8 }, (_, n) => (n + 1) as Pfn);
    vmapNoflush(m, range, frames, prot, { form: 'entryAware', onStep: (step) => void before.push(step) });
    const filled = before.filter(({ slot, entry }) => readEntry(m.mm, slot) !== entry);
    expect(filled.length).toBeGreaterThan(0);
    for (const { slot, addr, end, next } of before)
      expect(pXdAddrEndOf(m.mm, slot.level, readEntry(m.mm, slot) as Entry<typeof slot.level>, addr, end)).toBe(next);
  });

  test('no pointer is ever advanced past the end of its table', () => {
    for (const form of forms) {
      const m = modelled(arch, top, ['none']);
      const read = watch(m);
      // Up to the last slots of tables, over a border of all levels that the region has.
      const start = vaddr((m.first + 8n) * m.page);
      const frames = Array.from({ length: 8 }, (_, n) => (n + 1) as Pfn);
      const range = { start, end: vaddr(start + 8n * m.page) };
      expect(vmapNoflush(m, range, frames, prot, { form }).mapped).toBe(8);
      const tables = [...reachableTables(m.mm), [BigInt(m.mm.pgd), top] as const].map(([table, level]) => ({
        table,
        end: table + BigInt(2 ** arch.geometry[level].bits * arch.geometry[level].slotBytes),
      }));
      expect(read.filter(({ addr }) => !tables.some(({ table, end }) => addr >= table && addr < end))).toEqual([]);
    }
  });

  test('a range that ends where a table ends: the last slot is read last', () => {
    for (const form of forms) {
      const m = modelled(arch, top, ['none']);
      const end = vaddr(4n * arch.geometry.pmd.size);
      const read = watch(m);
      vmapNoflush(m, { start: vaddr(end - 2n * m.page), end }, [1, 1] as Pfn[], prot, { form });
      expect(read.at(-1)?.addr).toBe(slotOf(m.mm, vaddr(end - m.page), 'pte')?.addr);
    }
  });
});
