import { describe, expect, test } from 'vitest';
import {
  type Arch,
  type Entry,
  type Level,
  type Mm,
  map,
  mmFromRoot,
  mmFromTable,
  paddr,
  populate,
  type Slot,
  type TableAllocator,
  UsageError,
  unmap,
  vaddr,
  walk,
  writeEntry,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { BASE, countingMemory, emptySpace, RW } from './support/space.ts';
import { toy3, toy32, toyBoot, toyProcess } from './support/toys.ts';

const PAGE = 0x1000n;
const mapped = (mm: Mm, allocator: TableAllocator, addr: bigint, target: bigint, size: bigint, largest?: Level) =>
  map(mm, allocator, { addr: vaddr(addr), paddr: paddr(target), size, prot: RW, ...(largest && { largest }) });
const found = (mm: Mm, addr: bigint) => {
  const { result } = walk(mm, vaddr(addr));
  return result.kind === 'leaf' ? [result.level, result.paddr] : result.kind;
};

describe('the largest leaf that fits', () => {
  test('goes by the alignment of both addresses and by what is left', () => {
    const { mm, allocator } = emptySpace(toyProcess, 'p4d');
    // Two pages up to a pmd boundary, a pmd up to a pud boundary, a pud, a pmd, a page.
    const from = 0x4_0000n - 0x8000n - 2n * PAGE;
    const size = 2n * PAGE + 0x8000n + 0x4_0000n + 0x8000n + PAGE;
    const offset = 0x10_0000n;
    expect(mapped(mm, allocator, from, from + offset, size)).toEqual({ size });
    const at = (addr: bigint) => found(mm, addr);
    expect(at(from)).toEqual(['pte', from + offset]);
    expect(at(from + PAGE)).toEqual(['pte', from + PAGE + offset]);
    expect(at(0x3_8678n)).toEqual(['pmd', 0x13_8678n]);
    expect(at(0x4_0000n)).toEqual(['pud', 0x14_0000n]);
    expect(at(0x7_ffffn)).toEqual(['pud', 0x17_ffffn]);
    expect(at(0x8_7fffn)).toEqual(['pmd', 0x18_7fffn]);
    expect(at(0x8_8000n)).toEqual(['pte', 0x18_8000n]);
    expect(at(0x8_9000n)).toBe('none');
    expect(at(from - 1n)).toBe('none');
  });

  test('is a page where only one of the addresses is aligned', () => {
    for (const [addr, target] of [
      [0x8000n, 0x9000n],
      [0x9000n, 0x1_0000n],
    ] as const) {
      const { mm, allocator } = emptySpace(toy3);
      mapped(mm, allocator, addr, target, 0x8000n);
      expect(found(mm, addr)).toEqual(['pte', target]);
    }
  });

  test.each([
    ['pud', 'pud'],
    ['pmd', 'pmd'],
    ['pte', 'pte'],
    ['pgd', 'pud'],
  ] as const)('is no larger than %s', (largest, level) => {
    const { mm, allocator } = emptySpace(toyProcess);
    expect(mapped(mm, allocator, 0n, 0n, 0x4_0000n, largest)).toEqual({ size: 0x4_0000n });
    expect(found(mm, 0x3_f123n)).toEqual([level, 0x3_f123n]);
  });

  test('is none of a level that this process folds', () => {
    const { mm, allocator } = emptySpace(toyProcess, 'pmd');
    expect(mapped(mm, allocator, 0n, 0n, 0x4_0000n)).toEqual({ size: 0x4_0000n });
    expect(found(mm, 0x3_f000n)).toEqual(['pmd', 0x3_f000n]);
  });

  test.each<[Arch, Level]>([
    [toy3, 'pmd'],
    [toyBoot, 'pmd'],
    [toy32, 'pte'],
  ])('is one that $id has', (arch, level) => {
    const { mm, allocator } = emptySpace(arch);
    const size = arch.geometry[level].size;
    expect(mapped(mm, allocator, size, size, size)).toEqual({ size });
    expect(found(mm, 2n * size - 1n)).toEqual([level, 2n * size - 1n]);
  });
});

describe('where it may be', () => {
  test('up to the last page that the table translates, in either half', () => {
    const { mm, allocator } = emptySpace(toy3);
    for (const addr of [(1n << 20n) - PAGE, (1n << 64n) - (1n << 20n), (1n << 64n) - PAGE]) {
      expect(mapped(mm, allocator, addr, 0x5000n, PAGE)).toEqual({ size: PAGE });
      expect(found(mm, addr)).toEqual(['pte', 0x5000n]);
    }
  });

  test('in middle style at boot, also in the upper half', () => {
    const { mm: lower, allocator } = emptySpace(toyBoot);
    const mm = { ...lower, upper: true };
    const addr = (1n << 64n) - (1n << 21n) + 0x9000n;
    expect(mapped(mm, allocator, addr, 0x5000n, PAGE)).toEqual({ size: PAGE });
    expect(found(mm, addr)).toEqual(['pte', 0x5000n]);
  });

  const refusal = (mm: Mm, addr: bigint, target: bigint, size: bigint) => {
    const { code, argument } = refused(UsageError, () => mapped(mm, { alloc: () => undefined }, addr, target, size));
    return [code, argument];
  };
  test.each<[string, bigint, bigint, bigint, [string, string]]>([
    ['an unaligned address', 0x1800n, 0n, PAGE, ['range-unaligned', 'addr, size']],
    ['an unaligned size', 0x1000n, 0n, 0x800n, ['range-unaligned', 'addr, size']],
    ['an unaligned frame', 0x1000n, 0x800n, PAGE, ['range-unaligned', 'paddr']],
    ['no size', 0x1000n, 0n, 0n, ['range-empty', 'size']],
    ['a negative size', 0x1000n, 0n, -PAGE, ['range-empty', 'size']],
    ['past 2^64', (1n << 64n) - PAGE, 0n, 2n * PAGE, ['range-wraps', 'size']],
    ['not translatable', 1n << 20n, 0n, PAGE, ['address-range', 'addr, size']],
    ['an end that is not translatable', (1n << 20n) - PAGE, 0n, 2n * PAGE, ['address-range', 'addr, size']],
    ['from one half to the other', 0n, 0n, 1n << 64n, ['address-range', 'addr, size']],
  ])('%s is refused', (_what, addr, target, size, expected) => {
    expect(refusal(emptySpace(toy3).mm, addr, target, size)).toEqual(expected);
  });

  test('a frame that a leaf cannot hold is refused before anything is built', () => {
    const { mm, allocator } = emptySpace(toy3);
    const high = (1n << 48n) - PAGE;
    for (const [target, size] of [
      [1n << 48n, PAGE],
      [high, 2n * PAGE],
      [(1n << 64n) - PAGE, 2n * PAGE],
    ] as const) {
      const call = () => mapped(mm, allocator, 0x5000n, target, size);
      expect(refused(UsageError, call)).toMatchObject({ code: 'argument', argument: 'paddr' });
      expect(found(mm, 0x5000n)).toBe('none');
    }
    expect(mapped(mm, allocator, 0x5000n, high, PAGE)).toEqual({ size: PAGE });
    expect(found(mm, 0x5678n)).toEqual(['pte', high + 0x678n]);
  });
});

describe('what stands in the way: what was mapped before it stays', () => {
  test('a page', () => {
    const { mm, allocator } = emptySpace(toy3);
    mapped(mm, allocator, 0x7000n, 0x2_0000n, PAGE);
    const slot = populate(mm, allocator, vaddr(0x7000n), 'pte') as Slot;
    const { size, failure } = mapped(mm, allocator, 0x5000n, 0x3_0000n, 4n * PAGE);
    expect(size).toBe(2n * PAGE);
    expect(failure).toEqual({ kind: 'occupied', level: 'pte', addr: 0x7000n, slot, entry: 0x2_003dn });
    expect(found(mm, 0x6000n)).toEqual(['pte', 0x3_1000n]);
    expect(found(mm, 0x7000n)).toEqual(['pte', 0x2_0000n]);
    expect(found(mm, 0x8000n)).toBe('none');
  });

  test('a large leaf above', () => {
    const { mm, allocator } = emptySpace(toy3);
    mapped(mm, allocator, 0x8000n, 0x2_0000n, 0x8000n);
    expect(mapped(mm, allocator, 0x9000n, 0n, PAGE)).toMatchObject({
      size: 0n,
      failure: { kind: 'occupied', level: 'pmd', addr: 0x9000n },
    });
  });

  test('a table, where a large leaf would fit', () => {
    const { mm, allocator } = emptySpace(toy3);
    mapped(mm, allocator, 0x9000n, 0x2_0000n, PAGE);
    expect(mapped(mm, allocator, 0x8000n, 0x1_0000n, 0x8000n)).toMatchObject({
      size: 0n,
      failure: { kind: 'occupied', level: 'pmd', addr: 0x8000n },
    });
    expect(found(mm, 0x9000n)).toEqual(['pte', 0x2_0000n]);
  });

  test('no memory for a table', () => {
    // Room for the top table, one pmd table and one pte table.
    const { mm, allocator } = emptySpace(toy3, 'pgd', 0x140);
    expect(mapped(mm, allocator, 0x6000n, 0x2_0000n, 4n * PAGE)).toEqual({
      size: 2n * PAGE,
      failure: { kind: 'no-memory', level: 'pmd', addr: 0x8000n },
    });
    expect(found(mm, 0x7000n)).toEqual(['pte', 0x2_1000n]);
  });

  test('a top table outside memory', () => {
    const { memory, allocator } = emptySpace(toy3);
    expect(mapped(mmFromTable(toy3, memory, paddr(0x8000n)), allocator, 0x6000n, 0n, PAGE)).toMatchObject({
      size: 0n,
      failure: { kind: 'outside-memory', level: 'pgd', addr: 0x6000n },
    });
  });
});

describe('unmap', () => {
  const three = () => {
    const made = emptySpace(toyProcess, 'p4d');
    mapped(made.mm, made.allocator, 0x3_7000n, 0x3_7000n, PAGE + 0x8000n + 0x4_0000n + PAGE);
    return made;
  };

  test('empties every leaf of the range, of whatever size, with what empty means at its level', () => {
    const { mm } = three();
    expect(unmap(mm, vaddr(0x3_7000n), PAGE + 0x8000n + 0x4_0000n + PAGE)).toEqual({ kind: 'done', leaves: 4 });
    for (const addr of [0x3_7000n, 0x3_8000n, 0x4_0000n, 0x8_0000n]) expect(found(mm, addr)).toBe('none');
    expect(walk(mm, vaddr(0x4_0000n)).result).toMatchObject({ level: 'pud', entry: 5n });
    expect(walk(mm, vaddr(0x3_8000n)).result).toMatchObject({ level: 'pmd', entry: 4n });
    expect(walk(mm, vaddr(0x3_7000n)).result).toMatchObject({ level: 'pte', entry: 4n });
  });

  test('leaves alone what lies beside the range', () => {
    const { mm, allocator } = emptySpace(toy3);
    mapped(mm, allocator, 0x5000n, 0x2_0000n, 5n * PAGE, 'pte');
    expect(unmap(mm, vaddr(0x6000n), 3n * PAGE)).toEqual({ kind: 'done', leaves: 3 });
    expect([0x5000n, 0x6000n, 0x8000n, 0x9000n].map((addr) => found(mm, addr))).toEqual([
      ['pte', 0x2_0000n],
      'none',
      'none',
      ['pte', 0x2_4000n],
    ]);
  });

  test('what it emptied can be mapped again, with the tables that are there', () => {
    const { mm, allocator } = emptySpace(toy3);
    mapped(mm, allocator, 0x5000n, 0x2_0000n, PAGE);
    unmap(mm, vaddr(0x5000n), PAGE);
    expect(mapped(mm, { alloc: () => undefined }, 0x5000n, 0x3_0000n, PAGE)).toEqual({ size: PAGE });
  });

  test.each<[string, bigint, bigint, bigint]>([
    ['at its start', 0x3_9000n, 0x1_0000n, 0x3_8000n],
    ['at its end', 0x3_8000n, 0x7000n, 0x3_8000n],
    ['in its middle', 0x3_c000n, PAGE, 0x3_8000n],
  ])('stops at a leaf that the range cuts %s', (_where, addr, size, first) => {
    const { mm } = three();
    expect(unmap(mm, vaddr(addr), size)).toEqual({ kind: 'partial-leaf', leaves: 0, addr: first, level: 'pmd' });
    expect(found(mm, addr)).toEqual(['pmd', addr]);
  });

  test('what came before a leaf that is cut is gone', () => {
    const { mm } = three();
    expect(unmap(mm, vaddr(0x3_7000n), 0x4_0000n)).toEqual({
      kind: 'partial-leaf',
      leaves: 2,
      addr: 0x4_0000n,
      level: 'pud',
    });
    expect(found(mm, 0x3_8000n)).toBe('none');
    expect(found(mm, 0x4_0000n)).toEqual(['pud', 0x4_0000n]);
  });

  test('swap entries, bad ones and tables are left alone', () => {
    const { mm, allocator } = emptySpace(toy3);
    const swap = populate(mm, allocator, vaddr(0x5000n), 'pte') as Slot;
    writeEntry(mm, swap, 0x9020n as Entry);
    const bad = populate(mm, allocator, vaddr(0x8000n), 'pmd') as Slot;
    writeEntry(mm, bad, ((1n << 48n) | 1n) as Entry);
    expect(unmap(mm, vaddr(0n), 1n << 20n)).toEqual({ kind: 'done', leaves: 0 });
    expect(walk(mm, vaddr(0x5000n)).result).toMatchObject({ kind: 'not-present', entry: 0x9020n });
    expect(walk(mm, vaddr(0x8000n)).result).toMatchObject({ kind: 'bad', entry: (1n << 48n) | 1n });
  });

  test('steps over what lies outside memory', () => {
    const { mm, allocator } = emptySpace(toy3);
    mapped(mm, allocator, 0x8_5000n, 0x2_0000n, PAGE);
    writeEntry(mm, { level: 'pud', space: 'memory', addr: BASE }, 0x9000_0001n as Entry<'pud'>);
    expect(unmap(mm, vaddr(0n), 1n << 20n)).toEqual({ kind: 'done', leaves: 1 });
    expect(unmap(mmFromTable(toyProcess, mm.memory, paddr(0x8000n)), vaddr(0n), 1n << 27n)).toEqual({
      kind: 'done',
      leaves: 0,
    });
  });

  test.each<[string, bigint, bigint, [string, string]]>([
    ['an unaligned address', 0x1800n, PAGE, ['range-unaligned', 'addr, size']],
    ['no size', 0x1000n, 0n, ['range-empty', 'size']],
    ['past 2^64', (1n << 64n) - PAGE, 2n * PAGE, ['range-wraps', 'size']],
    ['not translatable', 1n << 20n, PAGE, ['address-range', 'addr, size']],
  ])('%s is refused', (_what, addr, size, expected) => {
    const { code, argument } = refused(UsageError, () => unmap(emptySpace(toy3).mm, vaddr(addr), size));
    expect([code, argument]).toEqual(expected);
  });
});

describe('unmap ends soon', () => {
  /** An architecture that counts how often walks ask for its address rule, since not every step reads memory. */
  const counted = (arch: Arch, limit: number): Arch => {
    let asked = 0;
    return {
      ...arch,
      spec: {
        ...arch.spec,
        get va() {
          if (++asked > limit) throw new Error(`asked more than ${limit} times`);
          return arch.spec.va;
        },
      },
    };
  };

  test.each(['pgd', 'p4d', 'pud', 'pmd'] as const)('with nothing mapped under %s', (top) => {
    const { mm } = emptySpace(toyProcess, top);
    const memory = countingMemory(mm.memory, 100);
    const size = { pgd: 1n << 27n, p4d: 1n << 24n, pud: 1n << 21n, pmd: 1n << 18n }[top];
    expect(unmap({ ...mm, memory }, vaddr(0n), size)).toEqual({ kind: 'done', leaves: 0 });
    expect(memory.reads).toBeGreaterThanOrEqual(8);
  });

  test('across the hole between the halves, where nothing is translated', () => {
    const { mm } = emptySpace(toy3);
    const call = () => unmap({ ...mm, arch: counted(toy3, 10_000) }, vaddr(0n), 1n << 64n);
    expect(refused(UsageError, call)).toMatchObject({ code: 'address-range', argument: 'addr, size' });
  });

  test('under a root register that does not fit the table', () => {
    const { mm } = emptySpace(toyProcess, 'pgd');
    const memory = countingMemory(mm.memory, 10_000);
    const other = mmFromRoot(toyProcess, memory, mm.pgd | 1n);
    const { code, argument } = refused(UsageError, () => unmap(other, vaddr(0n), 1n << 27n));
    expect([code, argument]).toEqual(['argument', 'mm']);
  });
});
