/** map_kernel_range against a plain map from page to state, in both forms, with exact masks. */
import {
  type Entry,
  isFoldedInto,
  makeTable,
  type Pfn,
  paddr,
  pgdOffset,
  pXdIs,
  readEntry,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { MODIFIED } from '../../src/walkers/modified.ts';
import { type VmapOptions, vmap, vmapNoflush } from '../../src/walkers/vmap.ts';
import { everyArch } from '../support/spaces.ts';
import { arbitraryRegion, type Modelled, modelInRegion, modelled, rangeOf, tablesAsModel } from './support/model.ts';
import { depth, starved, writesOf } from './support/reach.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const prot = { read: true, write: true, exec: false, user: false };

/** Frames that do not follow one another. */
const frames = (n: number): Pfn[] => Array.from({ length: n }, (_, i) => (0x2_0000 + 3 * i) as Pfn);

/** What the tables that were put have made of the mask. */
const maskOfTables = ({ port: { counts } }: Modelled): number =>
  (counts.p4d && MODIFIED.pgd) |
  (counts.pud && MODIFIED.p4d) |
  (counts.pmd && MODIFIED.pud) |
  (counts.pte && MODIFIED.pmd);

describe.each(everyArch)('%s', (_, arch, top) => {
  test('the model and the tables agree; masks and syncs are exact', () => {
    fc.assert(
      fc.property(arbitraryRegion, fc.boolean(), fc.nat(31), ({ wishes, from, to }, empty, syncMask) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, empty ? ['none'] : ['none', 'none', ...wishes]);
          const range = rangeOf(m, from, to);
          const numbers = [...Array(to - from).keys()].map((n) => m.first + BigInt(from + n));
          const stop = numbers.findIndex((number) => m.model.has(number));
          const huge = m.model.get(numbers[stop] ?? -1n)?.kind === 'huge';
          const put = stop < 0 ? numbers.length : stop;
          for (const [n, number] of numbers.slice(0, put).entries())
            m.model.set(number, { kind: 'page', pfn: 0x2_0000 + 3 * n, write: true, level: 'pte' });
          const result = vmap(m, range, frames(to - from), prot, { form, syncMask });
          expect(result.mapped).toBe(put);
          expect([result.error, result.failure?.kind]).toEqual(
            stop < 0 ? [undefined, undefined] : [huge ? undefined : 'ENOMEM', 'occupied'],
          );
          expect(tablesAsModel(m)).toEqual(modelInRegion(m));
          // A table counts as completed only if no pte of it was refused.
          const completed = stop < 0 || numbers.slice(0, put).some((n) => tableOf(m, n) !== tableOf(m, numbers[stop]!));
          expect(result.modified).toBe(maskOfTables(m) | (completed ? MODIFIED.pte : 0));
          const synced = stop < 0 && (result.modified & syncMask) !== 0;
          expect([result.synced, m.port.syncs]).toEqual([synced, synced ? [range] : []]);
          expect([m.port.cacheFlushes, m.port.tlbFlushes]).toEqual([[range], []]);
          return [writesOf(m), result];
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('memory for tables that ends anywhere: ENOMEM at once, nothing is undone, nobody is told', () => {
    const results = starved(arch, top, (m, form) => {
      const value = vmapNoflush(m, rangeOf(m, 4, 20), frames(16), prot, { form, syncMask: 31 });
      // Where an entry that is none is bad too (x86, RISC-V: no table bits), the top table counts as modified even so.
      const none = !isFoldedInto(m.mm, 'pgd', EMPTY(m)) && (arch.rules.pgd.is.bad?.({ entry: EMPTY(m) }) ?? false);
      const mask = maskOfTables(m) | (none ? MODIFIED.pgd : 0) | (value.mapped ? MODIFIED.pte : 0);
      expect(value.modified).toBe(mask);
      expect([m.port.syncs.length, m.port.cacheFlushes.length]).toEqual([value.error ? 0 : 1, 0]);
      return { failed: value.error !== undefined, value };
    });
    for (const { value, left, m } of results) expect(value.mapped).toBe(left < depth(m) ? 0 : value.error ? 8 : 16);
  });
});

/** What the slots of an empty top table hold. */
const EMPTY = ({ mm }: Modelled): Entry<'pgd'> => readEntry(mm, { level: 'pgd', space: 'memory', addr: mm.pgd })!;

/** Which table of ptes a page is in. */
const tableOf = ({ arch, page }: Modelled, n: bigint): bigint => (n * page) / arch.geometry.pmd.size;

const [, arch, top] = everyArch[3]!;
const mapped = (pages: readonly (Pfn | undefined)[], options: VmapOptions = {}) => {
  const m = modelled(arch, top, ['none']);
  return { m, result: vmapNoflush(m, rangeOf(m, 0, pages.length), pages, prot, options) };
};

test('a page that the caller has not got: ENOMEM, those before it stay, the table is not complete', () => {
  const { result } = mapped([...frames(2), undefined, 9 as Pfn], { syncMask: 31 });
  expect(result).toMatchObject({ mapped: 2, error: 'ENOMEM', failure: { kind: 'no-page', index: 2 }, synced: false });
  expect(result.modified & MODIFIED.pte).toBe(0);
});

test('ranges that the kernel stops at with BUG, and pages that cannot be, are refused', () => {
  const m = modelled(arch, top, ['none']);
  const run = (from: number, to: number, pages: Pfn[]) => () => vmap(m, rangeOf(m, from, to), pages, prot);
  const code = (what: string) => expect.objectContaining({ code: what });
  expect(run(4, 4, frames(4))).toThrow(code('range-empty'));
  expect(() => vmap(m, { start: vaddr(0n), end: vaddr(0n) }, [], prot)).toThrow(code('range-empty'));
  expect(run(8, 4, frames(4))).toThrow(code('range-reversed'));
  expect(run(4, 8, frames(3))).toThrow(code('argument'));
  expect(run(4, 5, [(2 ** 52) as Pfn])).toThrow(code('argument'));
  expect(m.port.cacheFlushes).toEqual([]);
});

test('a bad entry of the top table is told of, not cleared, and followed', () => {
  const found = everyArch.flatMap(([, arch, top]) => {
    const m = modelled(arch, top, ['none']);
    const table = makeTable(arch, 'pgd', paddr(0x10_8000n));
    const bad = [...Array(64).keys()].map((n) => ((table ?? 0n) | (1n << BigInt(n))) as Entry<'pgd'>).find(isBad(m));
    return table !== undefined && bad !== undefined ? [{ m, bad }] : [];
  });
  expect(found.length).toBeGreaterThan(0);
  for (const { m, bad } of found) {
    const slot = pgdOffset(m.mm, vaddr(0n));
    writeEntry(m.mm, slot, bad);
    const result = vmapNoflush(m, { start: vaddr(0n), end: vaddr(m.page) }, frames(1), prot);
    expect(result.modified & MODIFIED.pgd).toBe(MODIFIED.pgd);
    expect(m.port.writes.filter((write) => write.slot.addr === slot.addr)).toEqual([]);
  }
});

const isBad =
  ({ mm }: Modelled) =>
  (entry: Entry<'pgd'>): boolean =>
    pXdIs(mm, 'bad', 'pgd', entry) && !pXdIs(mm, 'none', 'pgd', entry) && pXdIs(mm, 'present', 'pgd', entry);
