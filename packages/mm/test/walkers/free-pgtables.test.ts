/** free_pgtables: the kernel facts' worked table, and random mappings against what no other mapping reaches into. */
import {
  type Arch,
  type Level,
  makeLeaf,
  paddr,
  populate,
  pXdIs,
  type RangeStep,
  readEntry,
  type Slot,
  topLevel,
  type Vaddr,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { freePgdRange, freePgtables } from '../../src/walkers/free-pgtables.ts';
import { Gather } from '../../src/walkers/gather.ts';
import { unmapSingleVma } from '../../src/walkers/zap.ts';
import { mapped } from '../support/mapped.ts';
import { everyArch } from '../support/spaces.ts';
import { type Modelled, modelled } from './support/model.ts';
import { tablesAt } from './support/tables-at.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 8;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const FULL = { read: true, write: true, exec: false, user: true };
const [, x86] = everyArch.find(([name]) => name === 'x86-64')!;

interface Vma {
  start: Vaddr;
  end: Vaddr;
  hugetlb?: boolean;
}

/** An address space with pages in these mappings: their first and last one, and one in each pmd between. */
function filled(arch: Arch, top: Level, vmas: readonly Vma[]): Modelled & { known: Map<bigint, string> } {
  const m = modelled(arch, top, ['none']);
  const known = new Map<bigint, string>();
  for (const { start, end } of vmas)
    for (const addr of touched(m, { start, end })) {
      const slot = populate(m.mm, m.tables, vaddr(addr), 'pte') as Slot<'pte'>;
      writeEntry(m.mm, slot, makeLeaf(arch, 'pte', paddr(0x1000_0000n), FULL)!);
      for (const { table, level, from } of tablesAt(m.mm, addr)) {
        if (!known.has(table)) m.port.counts[level]++;
        known.set(table, `${level} ${from.toString(16)}`);
      }
    }
  return { ...m, known };
}

function touched({ arch, page }: Pick<Modelled, 'arch' | 'page'>, { start, end }: Vma): bigint[] {
  const found = [start, end - page];
  for (let at = (start & -arch.geometry.pmd.size) + arch.geometry.pmd.size; at < end; at += arch.geometry.pmd.size)
    found.push(at);
  return found;
}

describe('worked: PMD 2 MiB, PUD 1 GiB, PGDIR 512 GiB', () => {
  // What is walked, as cropped, comes last.
  const rows: [start: bigint, end: bigint, floor: bigint, ceiling: bigint, freed: string[], walked?: string][] = [
    [0x400000n, 0x401000n, 0n, 0x600000n, ['pte 400000'], '400000-401000'],
    [0x5ff000n, 0x600000n, 0x5f0000n, 0n, []],
    [0x400000n, 0x500000n, 0n, 0x580000n, []],
    [0x200000n, 0xa80000n, 0n, 0xb00000n, ['pte 200000', 'pte 400000', 'pte 600000', 'pte 800000'], '200000-880000'],
    [0x400000n, 0x401000n, 0n, 0n, ['pte 400000', 'pmd 0', 'pud 0'], '400000-401000'],
    [
      0x3fe00000n,
      0x40200000n,
      0x3f000000n,
      0x80000000n,
      ['pte 3fe00000', 'pte 40000000', 'pmd 40000000'],
      '3fe00000-40200000',
    ],
    [
      0x7ffffffde000n,
      0x7ffffffff000n,
      0x7fff00000000n,
      0n,
      ['pte 7fffffe00000', 'pmd 7fffc0000000'],
      '7fffffe00000-7ffffffff000',
    ],
    [0x1000n, 0x2000n, 0n, 0x100000n, []],
  ];
  test.each(rows)('%#: [%s, %s), floor %s, ceiling %s', (start, end, floor, ceiling, freed, walked) => {
    for (const form of forms) {
      const vma = { start: vaddr(start), end: vaddr(end) };
      const m = filled(x86, 'pgd', [vma]);
      const gather = new Gather(m);
      const bounds = { floor: vaddr(floor), ceiling: vaddr(ceiling) };
      const seen: string[] = [];
      const onStep = ({ slot, addr, end: last }: RangeStep): void =>
        void (slot.level === 'pgd' && seen.push(`${addr.toString(16)}-${last.toString(16)}`));
      expect(freePgdRange(m, vma, bounds, gather, { form, onStep })).toEqual({});
      expect(seen).toEqual(walked ? [walked] : []);
      gather.finish();
      expect(m.port.freed.map(({ table }) => m.known.get(table))).toEqual(freed);
      const left = [...m.known.values()].filter((name) => name.startsWith('pte')).length;
      expect(m.port.counts.pte).toBe(left - freed.filter((name) => name.startsWith('pte')).length);
    }
  });

  test('a table notes one page at the start of what it is for; the granule is that of a pmd', () => {
    const vma = { start: vaddr(0x400000n), end: vaddr(0x401000n) };
    const m = filled(x86, 'pgd', [vma]);
    const gather = new Gather(m);
    freePgdRange(m, vma, { floor: vaddr(0n), ceiling: vaddr(0n) }, gather);
    gather.finish();
    expect(gather.flushes).toEqual([{ start: 0n, end: 0x401000n, granule: 'pmd', tables: true }]);
  });

  test('what wraps when it is rounded up is none; nor is an empty range one', () => {
    const m = filled(x86, 'pgd', []);
    const gather = new Gather(m);
    const range = { start: vaddr(2n ** 64n - 0x1000n), end: vaddr(0n) };
    const bounds = { floor: vaddr(2n ** 64n - 0x2000n), ceiling: vaddr(0n) };
    expect(freePgdRange(m, range, bounds, gather)).toEqual({});
    expect(m.port.reads).toEqual({});
    expect(() => freePgdRange(m, { start: vaddr(4096n), end: vaddr(4096n) }, bounds, gather)).toThrow('range');
  });
});

/** Mappings around the places where entries of the top table and of the level of puds meet: gaps of pages, and of pmds. */
function vmasOf(
  { arch, page }: Modelled,
  top: Level,
  steps: readonly { gap: bigint; pmds: bigint; pages: bigint }[],
): Vma[] {
  const { pmd } = arch.geometry;
  const limit = arch.spec.root.tops[top]!.limit;
  const border = arch.geometry[top].size + 64n * pmd.size <= limit ? arch.geometry[top].size : arch.geometry.pud.size;
  let at = border - (border > 8n * pmd.size ? 6n : 1n) * pmd.size;
  return steps.flatMap(({ gap, pmds, pages }) => {
    const start = at + gap * page;
    const end = start + pmds * pmd.size + pages * page;
    if (end > limit) return [];
    at = end;
    return [{ start: vaddr(start), end: vaddr(end) }];
  });
}

const arbitraryVmas = fc.record({
  steps: fc.array(
    fc.record({
      gap: fc.constantFrom(0n, 1n, 3n, 100n, 512n, 700n),
      pmds: fc.constantFrom(0n, 0n, 1n, 3n),
      pages: fc.constantFrom(1n, 2n, 200n),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  from: fc.nat(5),
  count: fc.integer({ min: 1, max: 3 }),
});

describe.each(everyArch)('%s', (_, arch, top) => {
  test('freed is what no mapping that stays reaches into, each exactly once; nothing in use', () => {
    fc.assert(
      fc.property(arbitraryVmas, fc.boolean(), ({ steps, from, count }, ipi) => {
        const told = forms.map((form) => {
          const vmas = vmasOf(modelled(arch, top, ['none']), top, steps);
          const first = Math.min(from, vmas.length - 1);
          if (first < 0) return [];
          const gone = vmas.slice(first, first + count);
          const stay = vmas.filter((vma) => !gone.includes(vma));
          const m = filled(arch, top, vmas);
          const pages = stay.flatMap((vma) => touched(m, vma));
          const before = pages.map((addr) => walk(m.mm, vaddr(addr)).result);
          const tables = new Map(
            gone
              .flatMap((vma) => touched(m, vma))
              .flatMap((addr) => tablesAt(m.mm, addr))
              .map((t) => [t.table, t]),
          );
          const expected = [...tables.values()]
            .filter(({ from: at, size }) => !stay.some(({ start, end }) => start < at + size && end > at))
            .map(({ table }) => table);

          const gather = new Gather(m, { freeing: ipi ? 'ipi' : 'rcu' });
          for (const vma of gone) expect(unmapSingleVma(m, vma, mapped(vma), gather, { form })).toEqual({});
          const bounds = { floor: vmas[first - 1]?.end ?? vaddr(0n), ceiling: vmas[first + count]?.start ?? vaddr(0n) };
          expect(freePgtables(m, gone, bounds, gather, { form })).toEqual({});
          gather.finish();

          const freed = m.port.freed.map(({ table }) => table as bigint);
          const byNumber = (a: bigint, b: bigint): number => (a < b ? -1 : 1);
          expect(freed.toSorted(byNumber)).toEqual(expected.toSorted(byNumber));
          expect(m.port.freed.every(({ level, table }) => m.known.get(table)?.startsWith(level))).toBe(true);
          expect(pages.map((addr) => walk(m.mm, vaddr(addr)).result)).toEqual(before);
          const left = [...m.known].filter(([table]) => !freed.includes(table)).map(([, name]) => name.split(' ')[0]);
          for (const level of ['p4d', 'pud', 'pmd', 'pte'] as const)
            expect(m.port.counts[level]).toBe(left.filter((one) => one === level).length);
          expect(topLevel(m.mm)).toBe(topLevel(modelled(arch, top, ['none']).mm));
          return m.port.writes.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });
});

describe('groups', () => {
  const mib = 0x10_0000n;
  const vma = (start: bigint, end: bigint, hugetlb = false): Vma => ({
    start: vaddr(start * mib),
    end: vaddr(end * mib),
    hugetlb,
  });
  /** The ranges that are walked: where each walk of the top table begins. */
  function groups(vmas: Vma[]): number {
    const m = filled(x86, 'pgd', vmas);
    let walks = 0;
    const gather = new Gather(m);
    const onStep = ({ slot }: { slot: Slot }): void => void (slot.level === 'pgd' && walks++);
    freePgtables(m, vmas, { floor: vaddr(0n), ceiling: vaddr(0n) }, gather, { onStep });
    gather.finish();
    expect(m.port.counts).toEqual({ p4d: 0, pud: 0, pmd: 0, pte: 0 });
    return walks;
  }
  test('up to the size of a pmd apart, and hugetlb alone', () => {
    expect(groups([vma(2n, 4n), vma(6n, 8n)])).toBe(1);
    expect(groups([vma(2n, 4n), vma(7n, 8n)])).toBe(2);
    expect(groups([vma(2n, 4n), vma(4n, 6n, true), vma(6n, 8n)])).toBe(3);
    expect(groups([vma(2n, 4n, true), vma(4n, 6n)])).toBe(2);
  });
});

describe('what memory holds', () => {
  test('a large page or a bad entry that was left is no table, and never freed as one', () => {
    const start = x86.geometry.pud.size;
    const range = { start: vaddr(start), end: vaddr(start + 4096n) };
    for (const raw of [makeLeaf(x86, 'pmd', paddr(0x20_0000n), FULL)!, 0x5061n]) {
      const m = filled(x86, 'pgd', [range]);
      const slot = populate(m.mm, m.tables, range.start, 'pmd') as Slot<'pmd'>;
      writeEntry(m.mm, slot, raw as typeof raw & never);
      const gather = new Gather(m);
      freePgdRange(m, range, { floor: vaddr(0n), ceiling: vaddr(0n) }, gather);
      gather.finish();
      expect(m.port.freed.map(({ level }) => level)).toEqual(['pmd', 'pud']);
      expect(pXdIs(m.mm, 'none', 'pmd', readEntry(m.mm, slot)!)).toBe(true);
    }
  });
  test('riscv: a large pud is not bad, and no table either', () => {
    const [, riscv] = everyArch.find(([name]) => name === 'riscv-sv39')!;
    const m = modelled(riscv, 'pgd', ['none']);
    const leaf = makeLeaf(riscv, 'pud', paddr(0x4000_0000n), FULL)!;
    const slot = populate(m.mm, m.tables, vaddr(0n), 'pud') as Slot<'pud'>;
    writeEntry(m.mm, slot, leaf);
    const range = { start: vaddr(0n), end: vaddr(4096n) };
    expect(freePgdRange(m, range, { floor: vaddr(0n), ceiling: vaddr(0n) }, new Gather(m))).toEqual({});
    expect([m.port.writes, readEntry(m.mm, slot)]).toEqual([[], leaf]);
  });
  test('a table outside memory ends it', () => {
    const m = modelled(x86, 'pgd', ['none']);
    writeEntry(m.mm, { level: 'pgd', space: 'memory', addr: m.mm.pgd }, 0x7_0000_0067n as never);
    const range = { start: vaddr(0n), end: vaddr(4096n) };
    const { failure: outside } = freePgdRange(m, range, { floor: vaddr(0n), ceiling: vaddr(0n) }, new Gather(m));
    expect(outside).toMatchObject({ kind: 'outside-memory', slot: { level: 'pud' } });
  });
});
