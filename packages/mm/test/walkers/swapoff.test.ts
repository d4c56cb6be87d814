/** unuse_vma against a plain map: what lies on the device comes back, and nothing else; errors leave what came back. */
import { change, type Entry, type Pfn, type Prot, pXdIs, type Slot, vaddr, walk } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { type SwapDevice, unuseVma } from '../../src/walkers/swapoff.ts';
import { everyArch } from '../support/spaces.ts';
import { arbitraryRegion, type Modelled, modelInRegion, modelled, rangeOf, tablesAsModel } from './support/model.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const forms: Form[] = ['static', 'entryAware'];
const PROT: Prot = { read: true, write: false, exec: false, user: true };
const BACK = 0x2_0000;

function deviceOf(over: Partial<SwapDevice> = {}) {
  const done: string[] = [];
  const device: SwapDevice = {
    type: 1n,
    readIn: (offset) => (BACK + Number(offset)) as Pfn,
    inUse: () => true,
    get: (pfn) => void done.push(`get ${pfn - BACK}`),
    free: (offset) => void done.push(`free ${offset}`),
    ...over,
  };
  return { device, done };
}

describe.each(everyArch)('%s', (_, arch, top) => {
  test('entries, references and locks as the model has them, also where memory ends after some', () => {
    fc.assert(
      fc.property(
        arbitraryRegion,
        fc.constantFrom(1n, 1n, 2n),
        fc.nat(8),
        fc.boolean(),
        ({ wishes, from, to }, type, memory, write) => {
          const swapped = wishes.map((wish) => (wish === 'page' ? 'swap' : wish));
          const runs = forms.map((form) => {
            const m = modelled(arch, top, swapped);
            const range = rangeOf(m, from, to);
            let left = memory;
            const readIn = (offset: bigint) => (left-- > 0 ? ((BACK + Number(offset)) as Pfn) : undefined);
            const { device, done } = deviceOf({ type, readIn, inUse: (offset) => offset % 2n === 1n });
            const must: string[] = [];
            const back: bigint[] = [];
            let ret: 0 | 'ENOMEM' = 0;
            let rest = memory;
            for (let n = range.start / m.page; n < range.end / m.page && type === 1n; n++) {
              const state = m.model.get(n);
              if (state?.kind !== 'swap') continue;
              if (rest-- > 0) {
                m.model.set(n, { kind: 'page', pfn: BACK + state.pfn, write, level: 'pte' });
                must.push(`get ${state.pfn}`, `free ${state.pfn}`);
                back.push(n);
              } else if (state.pfn % 2 === 1) {
                ret = 'ENOMEM';
                break;
              }
            }
            const before = JSON.stringify(m.port.counts);
            expect(unuseVma(m, { ...range, prot: { ...PROT, write } }, device, { form })).toEqual({
              ret,
              pages: back.length,
            });
            expect(done).toEqual(must);
            expect(tablesAsModel(m)).toEqual(modelInRegion(m));
            for (const n of back) {
              const { result } = walk(m.mm, vaddr(n * m.page));
              if (result.kind !== 'leaf') throw new Error('not mapped');
              expect(pXdIs(m.mm, 'young', result.level, result.entry)).toBe(false);
              expect(pXdIs(m.mm, 'dirty', result.level, result.entry)).toBe(false);
            }
            expect([m.port.wrong, [...m.port.held], m.port.tlbFlushes]).toEqual([[], [], []]);
            expect(JSON.stringify(m.port.counts)).toBe(before);
            return m.port.writes.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`);
          });
          expect(runs[0]).toEqual(runs[1]);
        },
      ),
      { numRuns, seed },
    );
  });
});

const x86 = (): Modelled => modelled(everyArch[3]![1], 'pgd', ['swap']);
const vmaOf = (m: Modelled, from = 0, to = 6) => ({ ...rangeOf(m, from, to), prot: PROT });

describe('one entry', () => {
  test('gone or changed when the lock is taken: left, and the walk goes on; soft-dirty changes nothing', () => {
    const m = x86();
    const { device, done } = deviceOf();
    const slotAt = (n: number) => {
      const { result } = walk(m.mm, rangeOf(m, n, n + 1).start);
      if (!('slot' in result)) throw new Error('no slot');
      return result.slot as Slot<'pte'>;
    };
    const readIn = (offset: bigint) => {
      const slot = slotAt(Number(offset) - 1);
      if (offset === 1n) m.port.writeOnce(slot, 0n as Entry<'pte'>);
      if (offset === 2n) m.port.writeOnce(slot, m.port.readOnce(slotAt(4))!);
      const entry = m.port.readOnce(slot)!;
      if (offset === 3n) m.port.writeOnce(slot, (change(m.arch, 'pte', 'softDirty', entry) ?? entry) as Entry<'pte'>);
      return BACK as Pfn;
    };
    expect(unuseVma(m, vmaOf(m, 0, 4), { ...device, readIn })).toEqual({ ret: 0, pages: 2 });
    expect(done.filter((one) => one.startsWith('free'))).toEqual(['free 3', 'free 4']);
    expect([m.port.wrong, m.port.held.size]).toEqual([[], 0]);
  });

  test('a copy for an entry that has gone meanwhile: given back, not mapped', () => {
    const m = x86();
    const dropped: Pfn[] = [];
    const { device } = deviceOf({ copy: (pfn) => (pfn + 100) as Pfn, drop: (copy) => void dropped.push(copy) });
    const { lock } = m.port;
    let taken = 0;
    m.port.lock = (slot) => {
      lock(slot);
      if (taken++ === 0) m.port.writeOnce(slot as Slot<'pte'>, 0n as Entry<'pte'>);
    };
    expect(unuseVma(m, vmaOf(m, 0, 2), device)).toEqual({ ret: 0, pages: 1 });
    expect(dropped).toEqual([BACK + 101]);
  });

  test('a frame that no pte can hold is refused, with no lock held and the entry as it was', () => {
    const m = x86();
    const { device } = deviceOf({ copy: () => (2 ** 45) as Pfn });
    const before = tablesAsModel(m);
    expect(() => unuseVma(m, vmaOf(m, 0, 2), device)).toThrow(expect.objectContaining({ code: 'argument' }));
    expect([tablesAsModel(m), m.port.held.size]).toEqual([before, 0]);
  });

  test('a copy that KSM needs: the copy is mapped; no memory for it ends the walk', () => {
    const m = x86();
    const { device } = deviceOf({ copy: (pfn) => (pfn === BACK + 3 ? undefined : ((pfn + 100) as Pfn)) });
    expect(unuseVma(m, vmaOf(m), device)).toEqual({ ret: 'ENOMEM', pages: 2 });
    expect([...tablesAsModel(m).values()].slice(0, 3)).toMatchObject([
      { kind: 'page', pfn: BACK + 101 },
      { kind: 'page', pfn: BACK + 102 },
      { kind: 'swap', pfn: 3 },
    ]);
    expect(m.port.held.size).toBe(0);
  });
});

describe('frontswap', () => {
  test('only what lies there, and the last that is wanted ends the pass with 1', () => {
    const m = x86();
    const frontswap = { has: (offset: bigint) => offset % 2n === 0n, pages: 2 };
    const { device, done } = deviceOf({ frontswap });
    expect(unuseVma(m, vmaOf(m, 0, 12), device)).toEqual({ ret: 1, pages: 2 });
    expect(done.filter((one) => one.startsWith('free'))).toEqual(['free 2', 'free 4']);
    expect(frontswap.pages).toBe(0);
    expect(unuseVma(m, vmaOf(m, 0, 12), device)).toEqual({ ret: 0, pages: 4 });
  });
});

test('an empty mapping is refused; outside memory is typed', () => {
  const m = x86();
  const { device } = deviceOf();
  expect(() => unuseVma(m, vmaOf(m, 3, 3), device)).toThrow(expect.objectContaining({ code: 'range-empty' }));
  expect(() => unuseVma(m, vmaOf(m, 5, 3), device)).toThrow(expect.objectContaining({ code: 'range-empty' }));
  const far = { ...m, mm: { ...m.mm, pgd: 0n as typeof m.mm.pgd } };
  expect(unuseVma(far, vmaOf(m), device)).toMatchObject({
    ret: 'EFAULT',
    pages: 0,
    failure: { kind: 'outside-memory' },
  });
});
