/** unmap_kernel_range against a plain map from page to state, in both forms, with exact masks. */
import { type Level, pXdIs, type RangeStep, slotPlus, vaddr, walk } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { MODIFIED } from '../../src/walkers/modified.ts';
import { vunmap, vunmapNoflush } from '../../src/walkers/vunmap.ts';
import { everyArch } from '../support/spaces.ts';
import { arbitraryRegion, type Modelled, modelInRegion, modelled, rangeOf, tablesAsModel } from './support/model.ts';
import { tablesByLevel, writesOf } from './support/reach.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];

/** What must be: in the model, and which pages are warned of. */
function unmapModel(m: Modelled, numbers: readonly bigint[]): bigint[] {
  const span = m.arch.geometry.pmd.size / m.page;
  const warned = numbers.filter((n) => m.model.get(n)?.kind === 'swap').map((n) => n * m.page);
  for (const n of numbers) {
    const huge = m.model.get(n)?.kind === 'huge';
    for (const other of huge ? [...m.model.keys()].filter((o) => o / span === n / span) : [n]) m.model.delete(other);
  }
  return warned;
}

/**
 * The bit that one page sets: of the level where the way down to it ends. An entry that is none has been cleared by
 * nobody; but where it is bad as well (x86: it lacks the bits of a table) the kernel counts it.
 */
function bitOf({ mm, page }: Modelled, n: bigint): number {
  const last = walk(mm, vaddr(n * page)).steps.at(-1)!;
  if (last.level === 'pte' || last.role === 'leaf') return MODIFIED[last.level];
  return pXdIs<Level>(mm, 'bad', last.level, last.entry) ? MODIFIED[last.level] : 0;
}

describe.each(everyArch)('%s', (_, arch, top) => {
  test('the model and the tables agree; masks, flushes and warnings are exact; no table goes', () => {
    fc.assert(
      fc.property(arbitraryRegion, fc.boolean(), fc.nat(31), ({ wishes, from, to }, empty, syncMask) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, empty ? ['none'] : wishes);
          const range = rangeOf(m, from, to);
          const numbers = [...Array(to - from).keys()].map((n) => m.first + BigInt(from + n));
          const mask = numbers.reduce((sum, n) => sum | bitOf(m, n), 0);
          const synced = (mask & syncMask) !== 0;
          const warned = unmapModel(m, numbers);
          const result = vunmap(m, range, { form, syncMask });
          expect(result).toEqual({ warned, modified: mask, synced });
          expect(tablesAsModel(m)).toEqual(modelInRegion(m));
          expect([m.port.cacheFlushes, m.port.tlbFlushes]).toEqual([[range], [range]]);
          expect([m.port.syncs, m.port.freed]).toEqual([synced ? [range] : [], []]);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });

  test('next before any skip: a slot that is skipped, whatever it holds, is followed by the next at its end', () => {
    for (const form of forms) {
      const m = modelled(arch, top, ['none', 'none', 'none', 'none', 'none', 'none', 'none', 'none', 'huge']);
      const steps: RangeStep[] = [];
      const { size } = arch.geometry.pmd;
      const end = vaddr((m.first + 12n) * m.page + 3n * size);
      vunmapNoflush(m, { start: vaddr(m.first * m.page), end }, { form, onStep: (step) => steps.push(step) });
      const tables = new Map<string, RangeStep[]>();
      for (const step of steps) {
        const table = `${step.slot.level} ${step.parent?.slot.addr} ${step.parent?.entry} ${step.end}`;
        tables.set(table, [...(tables.get(table) ?? []), step]);
      }
      for (const loop of tables.values())
        for (const [n, { slot, next, end }] of loop.entries()) {
          const after = loop[n + 1];
          if (!after) continue;
          expect([after.addr, after.slot.addr]).toEqual([
            next,
            slotPlus(slot, 1n, arch.geometry[slot.level].slotBytes).addr,
          ]);
          expect(next).not.toBe(end);
        }
    }
  });
});

test('only a part of a huge page in the range: it goes whole', () => {
  for (const [, arch, top] of everyArch) {
    const m = modelled(arch, top, ['huge']);
    if (![...m.model.values()].some(({ kind }) => kind === 'huge')) continue;
    const { modified } = vunmapNoflush(m, rangeOf(m, 3, 4));
    // One write: it is not gone into, nor cleared once more as a bad one.
    expect([modified, m.port.writes.length]).toEqual([MODIFIED.pmd, 1]);
    unmapModel(m, [m.first + 3n]);
    expect(tablesAsModel(m)).toEqual(modelInRegion(m));
  }
});

test('empty tables stay', () => {
  const [, arch, top] = everyArch[3]!;
  const m = modelled(arch, top, ['page']);
  const before = tablesByLevel(m.mm);
  vunmap(m, rangeOf(m, 0, 24));
  expect([tablesByLevel(m.mm), m.port.counts.pte]).toEqual([before, 0]);
  for (const range of [rangeOf(m, 4, 4), { start: vaddr(0n), end: vaddr(0n) }])
    expect(() => vunmap(m, range)).toThrow(expect.objectContaining({ code: 'range-empty' }));
});
