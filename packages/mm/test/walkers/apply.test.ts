/** apply_to_page_range and apply_to_existing_page_range against a plain map from page to state, in both forms. */
import { ERRNO } from '@kernel-mm/gup-fast';
import { type Entry, makeLeaf, paddr, pXdIs, slotOf, vaddr } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { applyToExistingPageRange, applyToPageRange, type PteFn } from '../../src/walkers/apply.ts';
import { MODIFIED } from '../../src/walkers/modified.ts';
import { everyArch } from '../support/spaces.ts';
import { arbitraryRegion, type Modelled, modelInRegion, modelled, rangeOf, tablesAsModel } from './support/model.ts';
import { depth, starved, writesOf } from './support/reach.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const prot = { read: true, write: true, exec: false, user: true };

/** Notes pages, and that each is called with the slot that a walk of its address alone would find. */
const noting = (m: Modelled, calls: bigint[], ends = (_nth: number) => 0): PteFn => {
  return ({ addr, slot }) => {
    expect(slot.addr).toBe(slotOf(m.mm, addr, 'pte')?.addr);
    calls.push(addr / m.page);
    return ends(calls.length);
  };
};

/** The pages of a range, and the first of them that is huge. */
const pagesOf = (m: Modelled, from: number, to: number) => {
  const numbers = [...Array(to - from).keys()].map((n) => m.first + BigInt(from + n));
  return { numbers, huge: numbers.findIndex((n) => m.model.get(n)?.kind === 'huge') };
};

/** Whether the architecture takes a huge pmd for a bad one. */
const hugeIsBad = ({ mm, arch }: Modelled): boolean => {
  const leaf = makeLeaf(arch, 'pmd', paddr(arch.geometry.pmd.size * 4n), prot);
  return leaf !== undefined && pXdIs(mm, 'bad', 'pmd', leaf as Entry<'pmd'>);
};

describe.each(everyArch)('%s', (_, arch, top) => {
  test('create: every pte is called for, up to a huge page', () => {
    fc.assert(
      fc.property(arbitraryRegion, ({ wishes, from, to }) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, wishes);
          const { numbers, huge } = pagesOf(m, from, to);
          const before = tablesAsModel(m);
          const calls: bigint[] = [];
          const result = applyToPageRange(m, rangeOf(m, from, to), noting(m, calls), { form });
          expect(calls).toEqual(huge < 0 ? numbers : numbers.slice(0, huge));
          expect([result.ret, result.failure?.kind]).toEqual(huge < 0 ? [0, undefined] : [undefined, 'occupied']);
          expect(tablesAsModel(m)).toEqual(before);
          expect([m.port.wrong, [...m.port.held]]).toEqual([[], []]);
          return [writesOf(m), result.modified];
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('existing: every pte that is not none; a huge page is cleared as bad, or ends it', () => {
    fc.assert(
      fc.property(arbitraryRegion, ({ wishes, from, to }) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, wishes);
          const { numbers, huge } = pagesOf(m, from, to);
          const ends = huge >= 0 && !hugeIsBad(m);
          const called = (ends ? numbers.slice(0, huge) : numbers).filter((n) => m.model.get(n)?.level === 'pte');
          const span = arch.geometry.pmd.size / m.page;
          const cleared = new Set(numbers.filter((n) => m.model.get(n)?.kind === 'huge').map((n) => n / span));
          if (!ends) for (const n of m.model.keys()) if (cleared.has(n / span)) m.model.delete(n);
          const calls: bigint[] = [];
          const result = applyToExistingPageRange(m, rangeOf(m, from, to), noting(m, calls), { form });
          expect(calls).toEqual(called);
          expect([result.ret, result.failure?.kind]).toEqual(ends ? [undefined, 'occupied'] : [0, undefined]);
          expect(tablesAsModel(m)).toEqual(modelInRegion(m));
          expect([m.port.wrong, [...m.port.held], m.port.counts.pte]).toEqual([[], [], 0]);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test.each([false, true])('memory for tables that ends anywhere, of the kernel: %s', (kernel) => {
    const results = starved(arch, top, (m, form) => {
      const calls: bigint[] = [];
      const value = applyToPageRange(m, rangeOf(m, 4, 20), noting(m, calls), { form, kernel, syncMask: 31 });
      // Each table that was put is told of at the level above it, but for those of ptes of a process.
      const { p4d, pud, pmd, pte } = m.port.counts;
      const put = [p4d && MODIFIED.pgd, pud && MODIFIED.p4d, pmd && MODIFIED.pud, kernel && pte && MODIFIED.pmd];
      const mask = put.reduce((sum: number, bit) => sum + (bit || 0), calls.length ? MODIFIED.pte : 0);
      expect([value.modified, value.synced, m.port.syncs.length]).toEqual([mask, mask > 0, mask > 0 ? 1 : 0]);
      return { failed: value.ret !== 0, value: { ...value, calls: calls.length } };
    });
    for (const { value, left, m } of results) {
      const calls = left < depth(m) ? 0 : value.ret === 0 ? 16 : 8;
      expect([value.calls, value.ret]).toEqual([calls, calls === 16 ? 0 : -ERRNO.ENOMEM]);
    }
  });
});

const [, arch, top] = everyArch[3]!;

test('a range without pages: EINVAL', () => {
  const m = modelled(arch, top, ['page']);
  for (const [from, to] of [
    [4, 4],
    [8, 4],
  ] as const)
    expect(applyToPageRange(m, rangeOf(m, from, to), () => 0)).toMatchObject({ ret: -ERRNO.EINVAL });
  for (const apply of [applyToPageRange, applyToExistingPageRange])
    expect(apply(m, { start: vaddr(0n), end: vaddr(0n) }, () => 0)).toEqual({
      ...{ ret: -ERRNO.EINVAL, modified: 0, synced: false },
    });
  expect(m.port.reads).toEqual({});
});

test('what the function says ends it, and is what the call returns; it is synced all the same', () => {
  for (const apply of [applyToPageRange, applyToExistingPageRange]) {
    const m = modelled(arch, top, ['page']);
    const calls: bigint[] = [];
    const fn = noting(m, calls, (nth) => (nth === 3 ? 7 : 0));
    const result = apply(m, rangeOf(m, 0, 8), fn, { syncMask: MODIFIED.pte });
    expect([calls.length, result]).toEqual([3, { ret: 7, modified: MODIFIED.pte, synced: true }]);
    expect([...m.port.held]).toEqual([]);
  }
});

test("the kernel's own tables have no lock", () => {
  const m = modelled(arch, top, ['page']);
  const held: number[] = [];
  const fn: PteFn = () => held.push(m.port.held.size) * 0;
  applyToPageRange(m, rangeOf(m, 0, 2), fn, { kernel: true });
  applyToPageRange(m, rangeOf(m, 0, 2), fn);
  expect(held).toEqual([0, 0, 1, 1]);
});

test.each(forms)('the old bug, %s: behind a none pte the rest of the table is taken for none', (form) => {
  const called = (stuckOnNone: boolean) => {
    const m = modelled(arch, top, ['page', 'page', 'none', 'page']);
    const calls: bigint[] = [];
    const fn: PteFn = ({ addr }) => calls.push(addr / m.page - m.first) * 0;
    applyToExistingPageRange(m, rangeOf(m, 0, 24), fn, { form, ...(stuckOnNone && { stuckOnNone }) });
    return calls.map(Number);
  };
  // The region is 24 pages, and another table begins at the 12th.
  expect(called(true)).toEqual([0, 1, 12, 13]);
  expect(called(false)).toEqual([...Array(24).keys()].filter((n) => n % 4 !== 2));
});

test('entries that lead out of memory end it, with the place', () => {
  const m = modelled(arch, top, ['page']);
  Object.assign(m.port, { readOnce: () => undefined });
  const result = applyToExistingPageRange(m, { start: vaddr(0n), end: vaddr(m.page) }, () => 0);
  expect(result).toMatchObject({ failure: { kind: 'outside-memory' }, synced: false });
  expect(result.ret).toBeUndefined();
});
