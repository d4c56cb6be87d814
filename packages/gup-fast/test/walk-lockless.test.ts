/** The range walk: what it takes, where it stops, and that quiet memory gives what the reference walk gives. */
import { arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  type Arch,
  below,
  bumpAllocator,
  createMm,
  endOfPages,
  entry,
  flatMemory,
  isAlwaysFolded,
  isUpper,
  type Level,
  leafAddress,
  type Mm,
  mmFromTable,
  type Paddr,
  paddr,
  type RangeStep,
  type ReadOnce,
  StackArea,
  UsageError,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { arbitraryAddr, arbitrarySpace } from '@kernel-mm/pgtable-core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatStop,
  gupFastPermitted,
  judge,
  type LocklessWalk,
  memoryPort,
  VARIANTS,
  type VariantName,
  walkLockless,
} from '../src/index.ts';
import { rangeOf, spaceWith } from './support/space.ts';

const archs: Arch[] = [
  s390(),
  s390({ layout: 'present' }),
  x86({ paging: '4-level', fold: 'build' }),
  x86({ paging: '4-level' }),
  x86({ paging: '5-level' }),
  riscv({ mode: 'sv39' }),
  riscv({ mode: 'sv48' }),
  riscv({ mode: 'sv57' }),
  arm64({ granule: '4k', va: 48 }),
  arm64({ granule: '16k', va: 52, lpa2: false }),
];
const names = Object.keys(VARIANTS) as VariantName[];
const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 400 : 60;
const plain = { stepper: VARIANTS.offsetLocklessStrict.stepper };

const kindOf = (arch: Arch) => (arch.id === 's390' ? 'dynamic' : arch.id.endsWith('nolpa2') ? 'nested' : 'static');

describe.each(archs.map((arch) => [`${arch.id} ${arch.spec.levels.p4d.fold?.when ?? ''}`, arch] as const))(
  '%s',
  (_, arch) => {
    const safe = names.filter((name) => VARIANTS[name].safety[kindOf(arch)].addressCorrect);

    test(`on quiet memory ${safe.join(', ')} reach what the reference walk reaches, and stop where it stops`, () => {
      const cases = arbitrarySpace(arch).chain((space) =>
        fc.record({
          space: fc.constant(space),
          // Around a mapping, or anywhere.
          start: fc.oneof(
            fc
              .constantFrom(...space.mappings, { addr: vaddr(0n), size: 0n })
              .chain(({ addr, size }) =>
                fc
                  .bigInt(-3n, 12n)
                  .map((n) => addr + (n < 8n ? n : size / arch.geometry.pte.size - n / 4n) * arch.geometry.pte.size),
              ),
            arbitraryAddr(arch, space.top),
          ),
          pages: fc.integer({ min: 1, max: 24 }),
        }),
      );
      fc.assert(
        fc.property(cases, ({ space: { mm, top }, start, pages }) => {
          const { size } = arch.geometry.pte;
          const limit = arch.spec.root.tops[top]?.limit ?? 0n;
          const first = start < 0n ? 0n : start;
          fc.pre(first + BigInt(pages) * size <= limit);
          const [addr, end] = rangeOf(arch, first, pages);
          const expected = reference(mm, addr, end);
          for (const name of safe) {
            const { stepper } = VARIANTS[name];
            const found = judge(mm, stepper, addr, end);
            expect(flattened(mm, found), name).toEqual(expected);
            expect({ correct: found.addressCorrect, strays: found.strays }).toEqual({ correct: true, strays: [] });
          }
        }),
        { numRuns, seed: 1_909 },
      );
    });

    test('every read is within memory, and only the form that reads again reads a slot twice in one visit', () => {
      const page = arch.geometry.pte.size;
      const { mm } = spaceWith(arch, Object.keys(arch.spec.root.tops)[0] as Level, [0n], 8);
      for (const name of safe) {
        const visits: string[] = [];
        const port = memoryPort(mm);
        const readOnce: ReadOnce = (slot) => {
          visits.push(`${slot.level} ${slot.space} ${slot.addr}`);
          return port.readOnce(slot);
        };
        walkLockless(mm, vaddr(0n), vaddr(8n * page), { stepper: VARIANTS[name].stepper, port: { ...port, readOnce } });
        // On s390 slot 0 of the top table is read once more, in pgd_offset.
        const own = visits.slice(arch.id === 's390' ? 1 : 0);
        // It does where the value leads on: not at pte, and not above a level that is folded for every entry.
        const isTwice = (visit: string): boolean => {
          const [level] = visit.split(' ') as [Level];
          return name === 'readAgain' && isUpper(level) && !isAlwaysFolded(arch, below(level));
        };
        expect(own, name).toEqual([...new Set(own)].flatMap((visit) => (isTwice(visit) ? [visit, visit] : [visit])));
        expect(own.length).toBeGreaterThan(8);
      }
    });
  },
);

/** The quiet walk, page by page, up to the first page it does not reach. */
function reference(mm: Mm, start: bigint, end: bigint): (readonly [bigint, bigint] | string)[] {
  const found: (readonly [bigint, bigint] | string)[] = [];
  for (let addr = start; addr !== end; addr += mm.arch.geometry.pte.size) {
    const { result } = walk(mm, vaddr(addr));
    if (result.kind !== 'leaf') return [...found, `absent at ${addr}`];
    found.push([addr, result.paddr]);
  }
  return found;
}

function flattened(mm: Mm, { leaves, stop }: LocklessWalk): (readonly [bigint, bigint] | string)[] {
  const page = mm.arch.geometry.pte.size;
  const pages = leaves.flatMap(({ addr, end, paddr: at }) =>
    Array.from(
      { length: Number((end - addr) / page) },
      (_, n) => [addr + BigInt(n) * page, at + BigInt(n) * page] as const,
    ),
  );
  return [...pages, ...(stop && 'addr' in stop ? [`absent at ${stop.addr}`] : [])];
}

describe('huge leaves', () => {
  const arch = s390();
  const top = topOf(3);
  const memory = flatMemory(new ArrayBuffer(2 ** 20), 0x10_0000n);
  const mm = createMm(arch, memory, bumpAllocator(paddr(0x10_0000n), paddr(0x20_0000n)), top) as Mm;
  const put = (slot: Parameters<typeof writeEntry>[1], raw: bigint) => writeEntry(mm, slot, entry(slot.level, raw));

  test('a 2 GiB leaf in the top table is taken at pud, by the part that the range covers', () => {
    put({ level: 'pud', space: 'memory', addr: mm.pgd + 8n }, 0x1_8000_0000n | 0x3407n);
    const range = [vaddr(0x8000_3000n), vaddr(0x8000_5000n)] as const;
    for (const name of names) {
      const { leaves, stop } = walkLockless(mm, ...range, { stepper: VARIANTS[name].stepper });
      expect(stop).toBeUndefined();
      expect(leaves).toMatchObject([{ level: 'pud', addr: range[0], end: range[1], paddr: 0x1_8000_3000n }]);
    }
  });
});

describe('where the walk stops', () => {
  const arch = s390();
  const { mm } = spaceWith(arch, topOf(3), [0n], 2);

  test('at a hole, with level, slot, entry and the address to go on from', () => {
    const { leaves, stop } = walkLockless(mm, vaddr(0n), vaddr(0x4000n), plain);
    expect(leaves).toHaveLength(2);
    expect(stop).toMatchObject({ kind: 'not-present', level: 'pte', addr: 0x2000n, entry: 0x400n });
    expect(stop && formatStop(stop)).toMatch(/^pte not present at 0x2000: 0x400 in the slot at physical 0x[0-9a-f]+$/);
  });

  test('where nothing is permitted: beyond the limit, and at 2^64', () => {
    expect(gupFastPermitted(mm, vaddr(1n << 42n))).toBe(true);
    for (const end of [(1n << 42n) + 0x1000n, 1n << 53n, 0n]) {
      expect(gupFastPermitted(mm, vaddr(end))).toBe(false);
      const found = walkLockless(mm, vaddr((1n << 42n) - 0x1000n), vaddr(end), plain);
      expect(found).toEqual({ leaves: [], strays: [], stop: { kind: 'not-permitted' } });
      expect(formatStop({ kind: 'not-permitted' })).toContain('limit');
    }
  });

  test('after the budget, which says where to go on', () => {
    const { leaves, stop } = walkLockless(mm, vaddr(0n), vaddr(0x2000n), { ...plain, budget: 1 });
    expect(leaves).toHaveLength(1);
    expect(stop).toEqual({ kind: 'budget', addr: 0x1000n });
    expect(stop && formatStop(stop)).toBe('budget spent: go on from 0x1000');
  });

  test('a pgd that is none, with 5 levels', () => {
    const five = spaceWith(arch, 'pgd', [0n], 1).mm;
    const { stop } = walkLockless(five, vaddr(1n << 53n), vaddr((1n << 53n) + 0x1000n), plain);
    expect(stop).toMatchObject({ kind: 'none', level: 'pgd', entry: 0x2cn });
    expect(stop && formatStop(stop)).toContain('pgd none at 0x20000000000000: 0x2c');
  });
});

describe('bad input', () => {
  const arch = s390();
  const { mm } = spaceWith(arch, 'pgd', [0n], 2);
  const code = (call: () => unknown): string => {
    try {
      call();
    } catch (error) {
      if (error instanceof UsageError) return error.code;
      throw error;
    }
    return 'no error';
  };

  test('unaligned and reversed ranges are refused, an empty one is empty', () => {
    expect(code(() => walkLockless(mm, vaddr(1n), vaddr(0x1000n), plain))).toBe('range-unaligned');
    expect(code(() => walkLockless(mm, vaddr(0n), vaddr(0x1001n), plain))).toBe('range-unaligned');
    expect(code(() => walkLockless(mm, vaddr(0x2000n), vaddr(0x1000n), plain))).toBe('range-reversed');
    expect(walkLockless(mm, vaddr(0x1000n), vaddr(0x1000n), plain)).toEqual({ leaves: [], strays: [] });
  });

  test.each([0, -1, -(2 ** 31)])('%i pages are none', (n) => {
    const addr = vaddr(0x1000n);
    expect(walkLockless(mm, addr, endOfPages(arch, addr, n), plain)).toEqual({ leaves: [], strays: [] });
  });

  test.each([Number.NaN, 2 ** 31, 1.5, Number.POSITIVE_INFINITY])('%d pages are no count', (n) => {
    expect(code(() => endOfPages(arch, vaddr(0n), n))).toBe('range-count');
  });

  test('a range past 2^64 is refused, one that ends there walks to the end', () => {
    const last = vaddr(2n ** 64n - 0x1000n);
    expect(code(() => endOfPages(arch, last, 2))).toBe('range-wraps');
    const end = endOfPages(arch, last, 1);
    expect(end).toBe(0n);
    const space = spaceWith(arch, 'pgd', [last - 0x1000n], 2);
    const { leaves, stop } = walkLockless(space.mm, vaddr(last - 0x1000n), end, { ...plain, unpermitted: true });
    expect(stop).toBeUndefined();
    expect(leaves.map(({ addr, end: e, paddr: p }) => [addr, e, p])).toEqual([
      [last - 0x1000n, last, space.frameOf(last - 0x1000n)],
      [last, 0n, space.frameOf(last)],
    ]);
  });

  const range = [vaddr(0n), vaddr(0x1000n)] as const;
  const mmWith = (entries: [bigint, bigint][], bytes = 2 ** 16): Mm => {
    const memory = flatMemory(new ArrayBuffer(bytes));
    for (const [at, raw] of entries) memory.write(paddr(at), 8, 'big', raw);
    return mmFromTable(arch, memory, paddr(0n));
  };

  test('a top table, and tables below, outside memory', () => {
    const lost = mmFromTable(arch, flatMemory(new ArrayBuffer(8)), paddr(1n << 40n));
    for (const name of names) {
      const { stepper } = VARIANTS[name];
      expect(walkLockless(lost, ...range, { stepper }).stop?.kind).toBe('not-permitted');
      expect(walkLockless(lost, ...range, { stepper, unpermitted: true }).stop).toMatchObject({
        kind: 'outside-memory',
        level: 'pgd',
      });
      for (const [raw, level] of [
        [0x7000_0007n, 'pmd'],
        [0x7000_0000n, 'pte'],
        [0x7000_000bn, 'pud'],
        [0x7000_000fn, 'p4d'],
      ] as const)
        expect(walkLockless(mmWith([[0n, raw]]), ...range, { stepper }).stop).toMatchObject({
          kind: 'outside-memory',
          level,
        });
    }
  });

  test('a table at the last byte of memory: the entry that would reach past it is outside', () => {
    const mmEnd = mmWith([[0n, 0xf800n]]);
    for (const name of names) {
      const { stepper } = VARIANTS[name];
      expect(walkLockless(mmEnd, vaddr(0xff000n), vaddr(0x100000n), { stepper }).stop).toMatchObject({
        kind: 'not-present',
        level: 'pte',
      });
      const cut = mmFromTable(arch, flatMemory(new Uint8Array(new ArrayBuffer(2 ** 16), 0, 2 ** 16 - 1)), paddr(0n));
      cut.memory.write(paddr(0n), 8, 'big', 0xf800n);
      expect(walkLockless(cut, vaddr(0xff000n), vaddr(0x100000n), { stepper }).stop).toMatchObject({
        kind: 'outside-memory',
        slot: { addr: 0xfff8n },
      });
    }
  });

  test('a top table whose slot 0 is zero has become a segment table: present, and its page table is at physical 0', () => {
    for (const name of names) {
      const { leaves, stop } = walkLockless(mmWith([]), ...range, { stepper: VARIANTS[name].stepper });
      expect(leaves).toEqual([]);
      expect(stop).toMatchObject({ kind: 'not-present', level: 'pte' });
      expect(gupFastPermitted(mmWith([]), vaddr(1n << 31n))).toBe(true);
      expect(gupFastPermitted(mmWith([]), vaddr((1n << 31n) + 0x1000n))).toBe(false);
    }
  });

  test.each([
    ['region-first in a region-third table', 0x0fn],
    ['region-second in a region-third table', 0x0bn],
    ['segment in a region-third table', 0x00n],
  ])('wrong type bits, %s, give an answer and no exception', (_, type) => {
    const mixed = mmWith([
      [0n, 0x4007n],
      [8n, 0x4000n | type],
      [0x4000n, 0x8000n],
      [0x8000n, 0x123_4000n | 0x3fn],
    ]);
    for (const name of names)
      for (const neighbour of ['same', 'zero', 'poison', 'garbage'] as const) {
        const stack = new StackArea(neighbour);
        const found = walkLockless(mixed, vaddr(0x7fff_f000n), vaddr(0x8000_1000n), {
          stepper: VARIANTS[name].stepper,
          port: memoryPort(mixed, stack),
        });
        expect(found.leaves.length > 0 || found.stop !== undefined).toBe(true);
      }
    expect(walk(mixed, vaddr(0x8000_0000n)).result.kind).toBe('bad');
  });

  test('tables that hold themselves, and all entries equal: the budget ends the walk', () => {
    // Slot by slot the table at 0 designates itself, as every level's table down to the ptes.
    for (const one of archs.filter((a) => a.id !== 's390')) {
      const memory = flatMemory(new ArrayBuffer(2 ** 16));
      const level = (['pgd', 'p4d', 'pud', 'pmd'] as const).find((l) => one.geometry[l].bits > 0) ?? 'pgd';
      const raw = (one.spec.levels[level].table?.base ?? 0n) | 0n;
      for (let at = 0n; at < 0x10000n; at += 8n) memory.write(paddr(at), 8, 'little', raw);
      const self = mmFromTable(one, memory, paddr(0n));
      const end = vaddr(BigInt(one.spec.root.tops.pgd?.limit ?? 0n) & -one.geometry.pte.size);
      const { leaves, stop } = walkLockless(self, vaddr(0n), end, { ...plain, budget: 5000 });
      expect(stop, one.id).toMatchObject({ kind: 'budget' });
      expect(leaves).toHaveLength(5000);
    }
  });

  test('a port that throws loses nothing: the exception is the caller’s own', () => {
    const port = {
      stack: new StackArea(),
      readOnce: () => {
        throw new RangeError('mine');
      },
    };
    expect(() => walkLockless(mm, ...range, { ...plain, port })).toThrow(new RangeError('mine'));
  });
});

test('an upgrade during a walk: a walker that began at the old top resolves what it could before', () => {
  const arch = s390();
  const { mm, frameOf } = spaceWith(arch, topOf(3), [0x7fff_e000n], 4);
  const steps: RangeStep[] = [];
  const before = walkLockless(mm, vaddr(0x7fff_e000n), vaddr(0x8000_2000n), { ...plain, onStep: (s) => steps.push(s) });
  expect(before.leaves.map(({ addr, paddr: p }) => p === frameOf(addr))).toEqual([true, true, true, true]);
  expect(steps[0]?.slot.addr).toBe(mm.pgd);
  expect(leafAddress(arch, 'pte', before.leaves[0]?.entry ?? entry('pte', 0n))).toBe(frameOf(0x7fff_e000n) as Paddr);
});
