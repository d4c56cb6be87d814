/** remap_pfn_range against a plain map from page to state, in both forms. */
import { isAddressCorrect, type Pfn, pXdAddrEndOf, type RangeStep, readEntry, vaddr } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { type RemapOptions, remapPfnRange } from '../../src/walkers/remap.ts';
import { everyArch } from '../support/spaces.ts';
import { arbitraryRegion, type Modelled, modelInRegion, modelled, rangeOf, tablesAsModel } from './support/model.ts';
import { depth, starved, writesOf } from './support/reach.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const prot = { read: true, write: true, exec: false, user: true };
const PFN = 0x2_0000 as Pfn;

/** A mapping of the whole range; private if `cow`. */
const vmaOf = (range: ReturnType<typeof rangeOf>, cow = false) => ({
  ...range,
  ...{ read: true, write: true, mayRead: true, mayWrite: true, shared: !cow, io: false, pfnmap: false, fsdax: false },
  ...{ secret: false, dirtyTracking: false },
});

const remap = (m: Modelled, from: number, to: number, options: RemapOptions = {}, cow = false, size?: bigint) => {
  const range = rangeOf(m, from, to);
  const request = { addr: range.start, pfn: PFN, size: size ?? range.end - range.start, prot };
  return remapPfnRange(m, vmaOf(range, cow), request, options);
};

describe.each(everyArch)('%s', (_, arch, top) => {
  // um has no bit to mark a pte by: pte_mkspecial is the identity there.
  const kind = arch.spec.levels.pte.is.special === undefined ? 'page' : 'special';

  test('the model and the tables agree, and it ends at the first page that is there', () => {
    fc.assert(
      fc.property(arbitraryRegion, fc.boolean(), ({ wishes, from, to }, empty) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, empty ? ['none'] : ['none', 'none', ...wishes]);
          const numbers = [...Array(to - from).keys()].map((n) => m.first + BigInt(from + n));
          const stop = numbers.findIndex((number) => m.model.has(number));
          const put = stop < 0 ? numbers.length : stop;
          for (const [n, number] of numbers.slice(0, put).entries())
            m.model.set(number, { kind, pfn: PFN + n, write: true, level: 'pte' });
          const steps: boolean[] = [];
          const onStep = (step: RangeStep) => steps.push(isAddressCorrect(m.mm, m.port.stack, step.slot, step.addr));
          const result = remap(m, from, to, { form, onStep });
          expect([result.mapped, result.error, result.failure?.kind]).toEqual([
            put,
            undefined,
            stop < 0 ? undefined : 'occupied',
          ]);
          expect(tablesAsModel(m)).toEqual(modelInRegion(m));
          expect([m.port.cacheFlushes, m.port.tlbFlushes]).toEqual([[rangeOf(m, from, to)], []]);
          expect([m.port.wrong, [...m.port.held]]).toEqual([[], []]);
          expect(steps.every(Boolean)).toBe(true);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('memory for tables that ends anywhere: ENOMEM, what was mapped stays, the tracking is undone', () => {
    const results = starved(arch, top, (m, form) => {
      const undone: bigint[] = [];
      const value = remap(m, 4, 20, { form, untrack: (_pfn, size) => undone.push(size) });
      expect(undone).toEqual(value.error ? [16n * m.page] : []);
      return { failed: value.error !== undefined, value };
    });
    for (const { value, left, m } of results) {
      // The range lies across a border: the second way down may need tables of its own.
      const mapped = left < depth(m) ? 0 : value.error ? 8 : 16;
      expect([value.mapped, value.error, value.failure?.kind]).toEqual(
        mapped === 16 ? [16, undefined, undefined] : [mapped, 'ENOMEM', 'no-memory'],
      );
    }
    expect(results.length).toBeGreaterThan(depth({ arch, top }));
  });

  test('alloc-then-walk: an entry says the same boundary before its table is put, and after', () => {
    const m = modelled(arch, top, ['none']);
    const steps: RangeStep[] = [];
    remap(m, 0, 24, { form: 'entryAware', onStep: (step) => steps.push(step) });
    const again = steps.map(({ slot, addr, end }) =>
      pXdAddrEndOf(m.mm, slot.level, readEntry(m.mm, slot) ?? (0n as never), addr, end),
    );
    expect(again).toEqual(steps.map(({ next }) => next));
    expect(steps.some(({ slot, entry }) => readEntry(m.mm, slot) !== entry)).toBe(true);
  });
});

const [, arch, top] = everyArch[3]!;

test('a private mapping is remapped whole or not at all, and its offset becomes the frame', () => {
  const m = modelled(arch, top, ['none']);
  const range = rangeOf(m, 0, 4);
  const request = { addr: range.start, pfn: PFN, size: 2n * m.page, prot };
  expect(remapPfnRange(m, vmaOf(range, true), request)).toEqual({ mapped: 0, error: 'EINVAL', vma: { flags: [] } });
  expect(m.port.cacheFlushes).toEqual([]);
  const flags = ['IO', 'PFNMAP', 'DONTEXPAND', 'DONTDUMP'];
  expect(remap(m, 0, 4, {}, true)).toEqual({ mapped: 4, vma: { flags, offset: PFN } });
  expect(remap(modelled(arch, top, ['none']), 0, 4)).toEqual({ mapped: 4, vma: { flags } });
});

test('frames that cannot be tracked: EINVAL, nothing is undone, but a private mapping has its offset', () => {
  const m = modelled(arch, top, ['none']);
  const untrack = () => expect.unreachable();
  const result = remap(m, 0, 4, { track: () => false, untrack }, true);
  expect(result).toEqual({ mapped: 0, error: 'EINVAL', vma: { flags: [], offset: PFN } });
  expect(m.port.writes).toEqual([]);
});

test('a frame that may not be mapped: EACCES, those before it stay, no lock is left', () => {
  const m = modelled(arch, top, ['none']);
  const untracked: unknown[] = [];
  const options = {
    allowed: (pfn: Pfn) => pfn !== PFN + 2,
    untrack: (...args: unknown[]) => void untracked.push(args),
  };
  const { mapped, error, failure } = remap(m, 0, 4, options);
  expect([mapped, error, failure]).toEqual([2, 'EACCES', undefined]);
  expect(untracked).toEqual([[PFN, 4n * m.page]]);
  expect([...m.port.held]).toEqual([]);
});

test('the size is rounded up to pages; none at all, and frames that do not fit, are refused', () => {
  const m = modelled(arch, top, ['none']);
  expect(remap(m, 0, 4, {}, false, m.page + 1n).mapped).toBe(2);
  expect(() => remap(m, 8, 9, {}, false, 0n)).toThrow(expect.objectContaining({ code: 'range-empty' }));
  const range = rangeOf(m, 10, 12);
  const request = { addr: range.start, pfn: (2 ** 52) as Pfn, size: m.page, prot };
  expect(() => remapPfnRange(m, vmaOf(range), request)).toThrow(expect.objectContaining({ code: 'argument' }));
  const odd = { ...request, addr: vaddr(range.start + 1n), pfn: PFN };
  expect(() => remapPfnRange(m, vmaOf(range), odd)).toThrow(expect.objectContaining({ code: 'range-unaligned' }));
});
