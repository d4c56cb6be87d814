/** kasan's early shadow, populated and removed, against a plain map from page to what is there; in both forms. */
import {
  type Entry,
  type Level,
  makeLeaf,
  type Paddr,
  paddr,
  readEntry,
  type Slot,
  slotOf,
  tableAddress,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form, Range } from '../../src/index.ts';
import { type EarlyShadow, earlyShadow } from '../../src/walkers/early-shadow.ts';
import { populateEarlyShadow } from '../../src/walkers/kasan.ts';
import { removeEarlyShadow } from '../../src/walkers/kasan-remove.ts';
import { addZeroShadow, removeZeroShadow, shadowOf } from '../../src/walkers/kasan-zero.ts';
import { archs } from '../support/spaces.ts';
import { type Modelled, modelled } from './support/model.ts';
import { depth, reachableTables, writesOf } from './support/reach.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 100 : 6;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];

/** An empty address space with its shared page and tables; what these cost is not counted any more. */
function shadowed(
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
const borderOf = ({ m, size }: { m: Modelled; size: bigint }): bigint => {
  const border = (m.first + 12n) * m.page;
  return border > size ? border : 4n * size;
};

/** The frame at an address, and whether it may be written. */
const at = ({ mm }: Modelled, addr: bigint): Paddr | undefined => {
  const { result } = walk(mm, vaddr(addr));
  return result.kind === 'leaf' ? result.paddr : undefined;
};

/** The pmd slot of an address, if there is one. */
const pmdOf = ({ mm }: Modelled, addr: bigint): Entry | undefined => {
  const slot = slotOf(mm, vaddr(addr), 'pmd') as Slot;
  return readEntry(mm, slot);
};

/** Pages to look at: near every border of a pmd in the range, and beside it. */
const samples = ({ m, page, size }: ReturnType<typeof shadowed>, { start, end }: Range): bigint[] => {
  const found = [start - page, start, end - page, BigInt(end)];
  for (let b = start & -size; b <= end; b += size) found.push(b - page, b, b + page, b + m.page * 7n);
  return found;
};

/** Tables that are counted can be reached, or are shared; nothing that was freed can. */
function expectSound(m: Modelled, shadow: EarlyShadow): void {
  const shared = new Set<bigint>(Object.values(shadow.tables));
  const reached = reachableTables(m.mm);
  const own = [...reached.keys()].filter((table) => !shared.has(table));
  const { p4d, pud, pmd, pte } = m.port.counts;
  expect(own.length).toBe(p4d + pud + pmd + pte);
  expect(m.port.freed.filter(({ table }) => reached.has(table) || shared.has(table))).toEqual([]);
  expect(new Set(m.port.freed.map(({ table }) => table)).size).toBe(m.port.freed.length);
}

const near = fc.integer({ min: -2, max: 2 });

describe.each(archs)('%s', (_, arch, top) => {
  test('populate: every page is the shared one, and a whole pmd has the shared table', () => {
    fc.assert(
      fc.property(near, near, fc.integer({ min: 0, max: 2 }), (a, b, pmds) => {
        const told = forms.map((form) => {
          const space = shadowed(arch, top);
          const { m, shadow, page, size } = space;
          const start = vaddr(borderOf(space) - size + BigInt(a) * page);
          const end = vaddr(borderOf(space) + BigInt(pmds) * size + BigInt(b) * page);
          const result = populateEarlyShadow(m, { start, end }, shadow, { form });
          expect(result).toEqual({ missed: [] });
          for (const addr of samples(space, { start, end })) {
            const inside = addr >= start && addr < end;
            expect(at(m, addr)).toBe(inside ? shadow.page : undefined);
            const pmd = addr & -size;
            const whole = pmd >= start && pmd + size <= end;
            if (inside) expect(sharedPmd(space, pmdOf(m, addr))).toBe(whole);
          }
          expectSound(m, shadow);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('remove: what is whole goes, with its tables; of a shared table no part does, or (v5.11) it is gone into', () => {
    fc.assert(
      fc.property(near, near, (a, b) => {
        const told = forms.map((form) => {
          const space = shadowed(arch, top);
          const { m, shadow, page, size } = space;
          const border = borderOf(space);
          const all = { start: vaddr(border - size - 2n * page), end: vaddr(border + size + 2n * page) };
          populateEarlyShadow(m, all, shadow, { form });
          const range = {
            start: vaddr(border - size + BigInt(a) * page),
            end: vaddr(border + size + BigInt(b) * page),
          };
          const kept = (addr: bigint): boolean => {
            const pmd = addr & -size;
            const shared = pmd >= all.start && pmd + size <= all.end;
            return shared && !(pmd >= range.start && pmd + size <= range.end);
          };
          const result = removeEarlyShadow(m, range, shadow, { form });
          for (const addr of samples(space, all)) {
            const stays = addr >= all.start && addr < all.end && !(addr >= range.start && addr < range.end);
            const there = stays || (addr >= range.start && addr < range.end && kept(addr));
            expect(at(m, addr)).toBe(there ? shadow.page : undefined);
          }
          expect(result.warned).toEqual([]);
          expect(result.kept.every(({ start, end }) => kept(start) && end - start < size)).toBe(true);
          expect(result.kept.length).toBe(Number(a > 0) + Number(b < 0));
          expectSound(m, shadow);
          removeEarlyShadow(m, all, shadow, { form });
          expect(m.port.counts).toEqual({ p4d: 0, pud: 0, pmd: 0, pte: 0 });
          expectSound(m, shadow);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('memory for tables that ends anywhere: what is missed is told, though the call says so only at the top', () => {
    for (let left = 0; left < 12; left++) {
      const told = forms.map((form) => {
        const space = shadowed(arch, top);
        const { m, shadow, page } = space;
        const start = vaddr(borderOf(space) - 4n * page);
        const range = { start, end: vaddr(start + 8n * page) };
        m.port.tablesLeft = left;
        const result = populateEarlyShadow(m, range, shadow, { form });
        for (let addr = BigInt(range.start); addr < range.end; addr += page) {
          const missed = result.missed.some((part) => addr >= part.start && addr < part.end);
          // A failure at the top table ends it all.
          if (!result.error || missed) expect(at(m, addr)).toBe(missed ? undefined : shadow.page);
        }
        expect(result.failure).toBeUndefined();
        // The range needs two ways down from the top table, and what fails below the first does not stop the second.
        expect(result.error === 'ENOMEM').toBe(hasTopLevel(space) && left <= depth(m));
        expect(result.missed.length > 0).toBe(m.port.tablesLeft < 0);
        expectSound(m, shadow);
        return [writesOf(m), joined(result.missed), result.error];
      });
      expect(told[0]).toEqual(told[1]);
    }
  });
});

/** Ranges that meet, as one. */
function joined(ranges: readonly Range[]): Range[] {
  const all: Range[] = [];
  for (const { start, end } of ranges) {
    const last = all.at(-1);
    if (last?.end === start) all.pop();
    all.push({ start: last?.end === start ? last.start : start, end });
  }
  return all;
}

/** Whether an entry of the top table is of pgd: only there does the caller hear that there is no memory. */
const hasTopLevel = ({ m, shadow }: ReturnType<typeof shadowed>): boolean =>
  m.top === 'pgd' && shadow.tables.p4d !== undefined;

/** Whether a pmd designates the shared table. */
const sharedPmd = ({ m, shadow }: ReturnType<typeof shadowed>, pmd: Entry | undefined): boolean =>
  pmd !== undefined && tableAddress(m.arch, 'pmd', pmd) === shadow.tables.pte;

const [, arch, top] = archs[3]!;

test.each([
  ['static', [false, false]],
  ['entryAware', [false, true]],
] as const)('not neutral: s390 with 3 levels, memory comes back after one failure, %s', (form, there) => {
  // The level whose result is ignored is the loop of the folded pud: the static form gives all of it up, across the
  // border of 2 GiB; the entry-aware form has returned to pgd there, and tries anew.
  const [, s390, pud] = archs[0]!;
  const { m, shadow, page } = shadowed(s390, pud);
  const border = s390.geometry.pud.size;
  const range = { start: vaddr(border - page), end: vaddr(border + page) };
  const { allocTable } = m.port;
  let failures = 0;
  m.port.allocTable = (level) => (failures++ === 0 ? undefined : allocTable(level));
  const { error, missed } = populateEarlyShadow(m, range, shadow, { form });
  expect([at(m, border - page), at(m, border)]).toEqual(there.map((yes) => (yes ? shadow.page : undefined)));
  expect([error, missed]).toEqual([undefined, [{ start: range.start, end: form === 'static' ? range.end : border }]]);
});

test('so early that there is no slab: no memory ends it, but for tables of ptes', () => {
  const results = [0, 1, 2, 3].map((left) => {
    const space = shadowed(arch, top);
    space.m.port.tablesLeft = left;
    const range = { start: vaddr(4n * space.size), end: vaddr(4n * space.size + space.page) };
    const { error, missed, failure } = populateEarlyShadow(space.m, range, space.shadow, { early: true });
    return [error, missed.length, failure?.kind];
  });
  expect(results).toEqual([
    [undefined, 0, 'no-memory'],
    [undefined, 0, 'no-memory'],
    [undefined, 1, undefined],
    [undefined, 0, undefined],
  ]);
});

test('an end within a page: that page has no shadow; an empty range makes tables for nothing; a reversed one is refused', () => {
  for (const form of forms) {
    const { m, shadow, page, size } = shadowed(arch, top);
    const start = vaddr(4n * size);
    populateEarlyShadow(m, { start, end: vaddr(start + 2n * page + 8n) }, shadow, { form });
    expect([0n, 1n, 2n].map((n) => at(m, start + n * page))).toEqual([shadow.page, shadow.page, undefined]);
    const empty = shadowed(arch, top);
    expect(populateEarlyShadow(empty.m, { start, end: start }, empty.shadow, { form })).toEqual({ missed: [] });
    expect([at(empty.m, start), empty.m.port.counts.pte]).toEqual([undefined, 1]);
    const reversed = () => populateEarlyShadow(m, { start, end: vaddr(start - page) }, shadow);
    expect(reversed).toThrow(expect.objectContaining({ code: 'range-reversed' }));
  }
});

test('no memory for the shared tables: nothing is kept', () => {
  for (let left = 0; left < 3; left++) {
    const m = modelled(arch, top, ['none']);
    m.port.tablesLeft = left;
    expect(earlyShadow(m, paddr(0n))).toBeUndefined();
    expect(m.port.counts).toEqual({ p4d: 0, pud: 0, pmd: 0, pte: 0 });
  }
});

test('v5.11: a shared table of which a part is removed is gone into, for everybody; and it is never freed', () => {
  for (const form of forms) {
    const { m, shadow, page, size } = shadowed(arch, top);
    const start = vaddr(4n * size);
    populateEarlyShadow(m, { start, end: vaddr(start + 2n * size) }, shadow, { form });
    const part = { start: vaddr(start + page), end: vaddr(start + 2n * page) };
    expect(removeEarlyShadow(m, part, shadow, { form })).toMatchObject({ kept: [part] });
    expect(at(m, start + page)).toBe(shadow.page);
    expect(removeEarlyShadow(m, part, shadow, { form, intoShared: true })).toEqual({ warned: [], kept: [] });
    expect([start, start + size].map((addr) => [at(m, addr), at(m, addr + page)])).toEqual([
      [shadow.page, undefined],
      [shadow.page, undefined],
    ]);
    for (const [from, to] of [
      [0n, 1n],
      [2n, 512n],
    ] as const) {
      const rest = { start: vaddr(start + from * page), end: vaddr(start + to * page) };
      removeEarlyShadow(m, rest, shadow, { form, intoShared: true });
    }
    expect(m.port.freed.map(({ level }) => level)).not.toContain('pte');
    expectSound(m, shadow);
  }
});

test('what is not shadow is left, with a warning: another page, a large page', () => {
  const { m, shadow, page, size } = shadowed(arch, top);
  const start = vaddr(4n * size);
  populateEarlyShadow(m, { start, end: vaddr(start + size + 4n * page) }, shadow);
  const write = (addr: bigint, level: 'pte' | 'pmd', frame: bigint): void => {
    const leaf = makeLeaf(arch, level, paddr(frame), { read: true, write: true, exec: false, user: false });
    writeEntry(m.mm, slotOf(m.mm, vaddr(addr), level) as Slot, leaf as Entry);
  };
  write(start + size + page, 'pte', 7n * page);
  write(start, 'pmd', 8n * size);
  const result = removeEarlyShadow(m, { start, end: vaddr(start + 2n * size) }, shadow);
  expect(result).toEqual({ warned: [start, start + size + page], kept: [] });
  expect([at(m, start), at(m, start + size + page), at(m, start + size)]).toEqual([8n * size, 7n * page, undefined]);
  expect(m.port.freed).toEqual([]);
});

test('nothing to remove: an empty range, and one without tables', () => {
  const { m, shadow, size } = shadowed(arch, top);
  const start = vaddr(4n * size);
  expect(removeEarlyShadow(m, { start, end: start }, shadow)).toEqual({ warned: [], kept: [] });
  expect(removeEarlyShadow(m, { start, end: vaddr(start + size) }, shadow)).toEqual({ warned: [], kept: [] });
  expect(m.port.writes).toEqual([]);
});

describe('of memory: every eight bytes have one of shadow', () => {
  const memory = { start: vaddr(0x10_0000n), size: 0x1_0000n, offset: 0x1000_0000n };

  test('added and removed again', () => {
    const { m, shadow } = shadowed(arch, top);
    expect(shadowOf(memory)).toEqual({ start: 0x1002_0000n, end: 0x1002_2000n });
    expect(addZeroShadow(m, memory, shadow)).toEqual({ missed: [] });
    expect([at(m, 0x1002_0000n), at(m, 0x1002_1000n), at(m, 0x1002_2000n)]).toEqual([
      shadow.page,
      shadow.page,
      undefined,
    ]);
    expect(removeZeroShadow(m, memory, shadow)).toEqual({ warned: [], kept: [] });
    expect([at(m, 0x1002_0000n), m.port.counts.pte]).toEqual([undefined, 0]);
  });

  test('no whole pages of shadow: EINVAL, or a warning and nothing done', () => {
    const { m, shadow } = shadowed(arch, top);
    for (const wrong of [{ start: vaddr(0x1000n) }, { size: 0x1000n }]) {
      expect(addZeroShadow(m, { ...memory, ...wrong }, shadow)).toEqual({ error: 'EINVAL' });
      expect(removeZeroShadow(m, { ...memory, ...wrong }, shadow)).toBeUndefined();
    }
    expect(m.port.writes).toEqual([]);
  });

  test('a failure removes the shadow of the shadow', () => {
    const [, la57, pgd] = archs[4]!;
    const { m, shadow } = shadowed(la57, pgd);
    const top = la57.geometry.pgd.size;
    // The shadow of the shadow of this memory lies in another entry of the top table than its shadow.
    const there = { start: vaddr(8n * top), size: 0x1_0000n, offset: top };
    const slip = shadowOf({ ...there, start: shadowOf(there).start, size: there.size >> 3n });
    populateEarlyShadow(m, { start: slip.start, end: vaddr(slip.start + 0x2000n) }, shadow);
    m.port.tablesLeft = 0;
    expect(addZeroShadow(m, there, shadow)).toMatchObject({ error: 'ENOMEM' });
    expect(slip.end - slip.start).toBe(0x400n);
  });
});
