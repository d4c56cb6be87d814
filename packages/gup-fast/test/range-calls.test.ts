/** The range walks for bulk: what they take is what walkLockless finds and what get_user_pages_fast_only gets. */
import { arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import {
  type Arch,
  endOfPages,
  leafAddress,
  limitOf,
  type Mm,
  type Pfn,
  pfnOf,
  topOfRoot,
  translatedBits,
  UsageError,
  type Vaddr,
  vaddr,
  vaddrWrap,
  walk,
} from '@kernel-mm/pgtable-core';
import { arbitrarySpace, type Space } from '@kernel-mm/pgtable-core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countRange, getUserPagesFastOnly, pinRange, quietPort, VARIANTS, walkLockless } from '../src/index.ts';

const archs: Arch[] = [
  ...[s390(), s390({ layout: 'present' }), x86({ paging: '4-level' }), x86({ paging: 'pae' })],
  ...[riscv({ mode: 'sv39' }), arm64({ granule: '4k', va: 48 }), arm64({ granule: '16k', va: 52, lpa2: false })],
];
const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 500 : 25;

interface Case {
  readonly space: Space;
  readonly start: Vaddr;
  readonly pages: number;
}

const cases = (arch: Arch): fc.Arbitrary<Case> =>
  arbitrarySpace(arch).chain((space) =>
    fc.record({
      space: fc.constant(space),
      start: fc
        .tuple(fc.constantFrom(...space.mappings), fc.bigInt(-3n, 520n))
        .map(([{ addr }, n]) => vaddr(BigInt.asUintN(64, addr + n * arch.geometry.pte.size))),
      pages: fc.oneof(fc.integer({ min: 0, max: 24 }), fc.constantFrom(256, 513)),
    }),
  );

const fits = (arch: Arch, start: Vaddr, pages: number): boolean =>
  start + (BigInt(pages) << BigInt(arch.spec.pageShift)) < 1n << 64n;

/**
 * Where a page of a leaf is counted: at pte at its own frame, above at the leaf's first. An address between the end of user
 * space and TASK_SIZE_MAX is walked as that which the indexes leave of it.
 */
function counterOf(mm: Mm, addr: Vaddr): number {
  const top = topOfRoot(mm) ?? 'pgd';
  const { extend } = mm.arch.spec.va;
  const left = BigInt[extend === 'sign' ? 'asIntN' : 'asUintN'](translatedBits(mm.arch, top), addr);
  const { result } = walk(mm, addr < limitOf(mm, top) ? addr : vaddrWrap(left));
  if (result.kind !== 'leaf') throw new Error(result.kind);
  const at = result.level === 'pte' ? result.paddr : leafAddress(mm.arch, result.level, result.entry);
  return pfnOf(at, mm.arch.spec.pageShift);
}

describe.each(archs.map((arch) => [arch.id, arch] as const))('%s', (_, arch) => {
  test('countRange counts what walkLockless finds, and stops where it stops, in every form', () => {
    fc.assert(
      fc.property(cases(arch), ({ space: { mm }, start, pages }) => {
        fc.pre(fits(arch, start, pages));
        const end = endOfPages(arch, start, pages);
        for (const { stepper } of Object.values(VARIANTS)) {
          const { leaves, strays, stop } = walkLockless(mm, start, end, { stepper });
          const found = leaves.reduce((sum, { addr, end: to }) => sum + BigInt.asUintN(64, to - addr), 0n);
          expect(countRange(mm, start, end, { stepper })).toEqual({
            pages: Number(found >> BigInt(arch.spec.pageShift)),
            strays: strays.length,
            ...(stop && { stop }),
          });
        }
      }),
      { numRuns, seed: 14 },
    );
  });

  test('pinRange gets the frames that get_user_pages_fast_only gets, and counts each of them', () => {
    fc.assert(
      fc.property(cases(arch), fc.boolean(), ({ space: { mm, mappings }, start, pages }, write) => {
        fc.pre(fits(arch, start, pages));
        const end = endOfPages(arch, start, pages);
        const first = pfnOf(mappings[0]!.paddr, arch.spec.pageShift);
        const counts = { words: new Int32Array(1024).fill(1), first: Math.max(0, first - 512) as Pfn };
        const isCounted = (pfn: number): boolean => pfn >= counts.first && pfn < counts.first + 1024;
        const frames = new Float64Array(600);
        const got = pinRange(mm, start, end, { write, counts, frames });
        const call = getUserPagesFastOnly({ mm, port: quietPort(mm) }, start, pages, write ? ['WRITE'] : []);
        const wanted = call.frames.slice(0, got.pages);
        expect([...frames.subarray(0, got.pages)]).toEqual(wanted);
        // Where the call refuses a range that no process can have, the bare walk says that it is not permitted. It walks
        // no range of no pages, of which the call asks first whether it may be.
        if (call.error || pages === 0) {
          expect(got).toEqual({ pages: 0, strays: 0, ...(pages && { stop: { kind: 'not-permitted' } }) });
          return;
        }
        // It may end earlier for one reason only: a frame without a counter.
        if (got.stop?.kind !== 'refused' || got.stop.rule !== 'no-page') {
          expect(got.pages).toBe(call.frames.length);
          expect({ ...got.stop, pfn: 0 }).toEqual({ ...call.stop, pfn: 0 });
        } else expect(isCounted(counterOf(mm, got.stop.addr))).toBe(false);
        const expected = new Map<number, number>();
        for (let n = 0; n < got.pages; n++) {
          const at = counterOf(mm, vaddr(start + (BigInt(n) << BigInt(arch.spec.pageShift))));
          expected.set(at, (expected.get(at) ?? 0) + 1);
        }
        for (const [n, count] of counts.words.entries()) expect(count).toBe(1 + (expected.get(counts.first + n) ?? 0));
      }),
      { numRuns, seed: 15 },
    );
  });
});

describe('a budget', () => {
  const arch = x86({ paging: '4-level' });
  const [space] = fc.sample(arbitrarySpace(arch), { numRuns: 1, seed: 3 });
  const { mm, mappings } = space!;
  const { addr: start, size } = mappings[0]!;
  const end = vaddr(start + size);

  test('ends the walk there, and says where to go on', () => {
    const whole = countRange(mm, start, end);
    expect(whole.stop).toBeUndefined();
    expect(countRange(mm, start, end, { budget: 1 })).toEqual({
      ...{ pages: 1, strays: 0 },
      ...(size > 4096n && { stop: { kind: 'budget', addr: start + 4096n } }),
    });
    expect(countRange(mm, start, end, { budget: 0 }).stop).toEqual({ kind: 'budget', addr: start });
  });

  test('that is none is refused', () => {
    for (const budget of [-1, 0.5, Number.NaN, 2 ** 31])
      expect(() => countRange(mm, start, end, { budget })).toThrow(UsageError);
  });

  test('of pinRange is the room for frames; without any nothing is held', () => {
    const counts = { words: new Int32Array(4).fill(1), first: 0 as Pfn };
    expect(pinRange(mm, start, end, { write: false, counts, frames: new Float64Array(0) })).toEqual({
      ...{ pages: 0, strays: 0, stop: { kind: 'budget', addr: start } },
    });
    expect([...counts.words]).toEqual([1, 1, 1, 1]);
  });
});

test('a count that is not above 0 refuses the page, and stays; the highest of all is taken once, and wraps', () => {
  const arch = x86({ paging: '4-level' });
  const [space] = fc.sample(arbitrarySpace(arch), { numRuns: 1, seed: 3 });
  const { mm, mappings } = space!;
  const { addr, paddr } = mappings[0]!;
  const { result } = walk(mm, addr);
  expect(result.kind).toBe('leaf');
  const counter = counterOf(mm, addr);
  const pinned = (count: number) => {
    const counts = { words: new Int32Array(1).fill(count), first: counter as Pfn };
    const take = () =>
      pinRange(mm, addr, vaddr(addr + 4096n), { ...{ write: false, counts, frames: new Float64Array(1) } });
    return { counts, take };
  };
  const most = pinned(2 ** 31 - 1);
  expect(most.take()).toEqual({ pages: 1, strays: 0 });
  expect(most.counts.words[0]).toBe(-(2 ** 31));
  expect(most.take().stop).toMatchObject({ kind: 'refused', rule: 'count-negative' });
  expect(most.counts.words[0]).toBe(-(2 ** 31));
  for (const [count, rule] of [
    [0, 'count-zero'],
    [-1, 'count-negative'],
    [-(2 ** 31), 'count-negative'],
  ] as const) {
    const { counts, take } = pinned(count);
    const { pages, stop } = take();
    expect({ pages, stop }).toMatchObject({ pages: 0, stop: { kind: 'refused', rule, pfn: Number(paddr >> 12n) } });
    expect(counts.words[0]).toBe(count);
  }
});
