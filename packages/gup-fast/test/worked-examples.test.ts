/** The worked examples A to E of the bug, step by step: level, address, pointer, entry, next. */
import { type Levels, s390, topOf } from '@kernel-mm/arch-s390';
import { type Entry, type RangeStep, readEntry, type Slot, StackArea, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { folded, memoryPort, offsetLockless, stackCopy, walkLockless } from '../src/index.ts';
import { rangeOf, spaceWith } from './support/space.ts';

const arch = s390();

/** One line of the tables in the facts: where the pointer points is `top[n]`, `real[n]`, `&pgd` or `&p4d+8`. */
type Line = [level: string, addr: bigint, pointer: string, entry: bigint, next: bigint];

function walked(levels: Levels, start: bigint, pages: number, stepper = stackCopy) {
  const size = { 2: 1n << 20n, 3: 1n << 31n, 4: 1n << 42n, 5: 1n << 53n }[levels];
  const { mm, frameOf } = spaceWith(arch, topOf(levels), [0n, start], 8);
  const [addr, end] = rangeOf(arch, start, pages);
  const lines: Line[] = [];
  const pointerName = ({ slot, parent }: RangeStep): string => {
    if (slot.space === 'memory') {
      const offset = slot.addr - mm.pgd;
      return offset >= 0n && offset < 0x4000n ? `top[${offset / 8n}]` : `real[${(slot.addr & 0x3fffn) / 8n}]`;
    }
    const copy = parent?.copy.addr ?? 0n;
    return slot.addr === copy ? `&${parent?.slot.level}` : `&${parent?.slot.level}+${slot.addr - copy}`;
  };
  const walk = walkLockless(mm, addr, end, {
    stepper,
    onStep: (step) => lines.push([step.slot.level, step.addr, pointerName(step), step.entry, step.next]),
  });
  const top = (n: bigint): bigint => readEntry(mm, topSlot(n)) ?? -1n;
  const topSlot = (n: bigint): Slot => ({ level: 'pgd', space: 'memory', addr: mm.pgd + 8n * n });
  return { frameOf, lines, walk, top, size };
}

/** The pages that a walk returned, as [virtual page, virtual page whose frame it is]. */
function pages({ walk, frameOf, size }: ReturnType<typeof walked>) {
  return walk.leaves.map(({ addr, paddr }) =>
    paddr === frameOf(addr)
      ? 'right'
      : paddr === frameOf(addr - size)
        ? `page of 0x${(addr - size).toString(16)}`
        : 'other',
  );
}

test('A: 3 levels, 4 pages across 2 GiB: pud goes on beside the copy of p4d', () => {
  const run = walked(3, 0x7fffe000n, 4);
  const e = run.top(0n);
  const at = (n: number) => run.lines[n]?.[3] as bigint;
  expect(run.lines).toEqual([
    ['pgd', 0x7fffe000n, 'top[0]', e, 0x80002000n],
    ['p4d', 0x7fffe000n, '&pgd', e, 0x80002000n],
    ['pud', 0x7fffe000n, '&p4d', e, 0x80000000n],
    ['pmd', 0x7fffe000n, 'real[2047]', at(3), 0x80000000n],
    ['pud', 0x80000000n, '&p4d+8', e, 0x80002000n],
    ['pmd', 0x80000000n, 'real[0]', at(5), 0x80002000n],
  ]);
  expect(e & 0xcn).toBe(0x4n);
  expect(pages(run)).toEqual(['right', 'right', 'page of 0x0', 'page of 0x1000']);
  expect(run.walk.strays.map(({ level, addr }) => [level, addr])).toEqual([['pud', 0x80000000n]]);
});

test('A under patch 1: back to pgd, where the pointer is real', () => {
  const run = walked(3, 0x7fffe000n, 4, folded);
  const line = (level: string, addr: bigint, pointer: string, n: bigint, next: bigint) => [
    level,
    addr,
    pointer,
    run.top(n),
    next,
  ];
  expect(run.lines.filter(([level]) => level !== 'pmd')).toEqual([
    line('pgd', 0x7fffe000n, 'top[0]', 0n, 0x80000000n),
    line('p4d', 0x7fffe000n, '&pgd', 0n, 0x80000000n),
    line('pud', 0x7fffe000n, '&p4d', 0n, 0x80000000n),
    line('pgd', 0x80000000n, 'top[1]', 1n, 0x80002000n),
    line('p4d', 0x80000000n, '&pgd', 1n, 0x80002000n),
    line('pud', 0x80000000n, '&p4d', 1n, 0x80002000n),
  ]);
  expect(pages(run)).toEqual(['right', 'right', 'right', 'right']);
});

test('A as merged: pud goes on in the real top table', () => {
  const run = walked(3, 0x7fffe000n, 4, offsetLockless);
  expect(run.lines.filter(([level]) => level === 'pud')).toEqual([
    ['pud', 0x7fffe000n, 'top[0]', run.top(0n), 0x80000000n],
    ['pud', 0x80000000n, 'top[1]', run.top(1n), 0x80002000n],
  ]);
  expect(pages(run)).toEqual(['right', 'right', 'right', 'right']);
});

test('B: the range of the commit message: top index 512, the second page read 2 GiB too low', () => {
  const start = 0x1007ffff000n;
  const { mm, frameOf } = spaceWith(arch, topOf(3), [start, 0x10000000000n], 2);
  const [addr, end] = rangeOf(arch, start, 2);
  expect(end).toBe(0x10080001000n);
  const puds: RangeStep[] = [];
  const { leaves } = walkLockless(mm, addr, end, {
    stepper: stackCopy,
    onStep: (step) => step.slot.level === 'pud' && puds.push(step),
  });
  expect(puds.map(({ next }) => next)).toEqual([0x10080000000n, end]);
  expect(puds[0]?.parent?.copy.addr).toBe(puds[0]?.slot.addr);
  expect(leaves.map(({ paddr }) => paddr)).toEqual([frameOf(start), frameOf(0x10000000000n)]);
  expect((start >> 31n) & 2047n).toBe(512n);
});

test('C: 4 levels, 4 pages across 4 TiB: p4d goes on beside the copy of pgd', () => {
  const run = walked(4, 0x3ffffffe000n, 4);
  const e = run.top(0n);
  const at = (n: number) => run.lines[n]?.[3] as bigint;
  expect(run.lines).toEqual([
    ['pgd', 0x3ffffffe000n, 'top[0]', e, 0x40000002000n],
    ['p4d', 0x3ffffffe000n, '&pgd', e, 0x40000000000n],
    ['pud', 0x3ffffffe000n, 'real[2047]', at(2), 0x40000000000n],
    ['pmd', 0x3ffffffe000n, 'real[2047]', at(3), 0x40000000000n],
    ['p4d', 0x40000000000n, '&pgd+8', e, 0x40000002000n],
    ['pud', 0x40000000000n, 'real[0]', at(5), 0x40000002000n],
    ['pmd', 0x40000000000n, 'real[0]', at(6), 0x40000002000n],
  ]);
  expect(e & 0xcn).toBe(0x8n);
  expect(pages(run)).toEqual(['right', 'right', 'page of 0x0', 'page of 0x1000']);
});

test('C: a 2 GiB crossing in the same process is right, because pud points into a real table', () => {
  const run = walked(4, 0x7fffe000n, 4);
  expect(pages(run)).toEqual(['right', 'right', 'right', 'right']);
  expect(run.walk.strays).toEqual([]);
});

test('D: 2 levels, 4 pages across 1 MiB: pmd goes on beside the copy of pud', () => {
  const run = walked(2, 0xfe000n, 4);
  const e = run.top(0n);
  expect(run.lines).toEqual([
    ['pgd', 0xfe000n, 'top[0]', e, 0x102000n],
    ['p4d', 0xfe000n, '&pgd', e, 0x102000n],
    ['pud', 0xfe000n, '&p4d', e, 0x102000n],
    ['pmd', 0xfe000n, '&pud', e, 0x100000n],
    ['pmd', 0x100000n, '&pud+8', e, 0x102000n],
  ]);
  expect(e & 0xcn).toBe(0n);
  expect(pages(run)).toEqual(['right', 'right', 'page of 0x0', 'page of 0x1000']);
});

test('E: 5 levels, across 8 PiB: pgd iterates, with a real pointer', () => {
  const run = walked(5, (1n << 53n) - 0x2000n, 4);
  expect(run.lines.filter(([level]) => level === 'pgd').map(([, , pointer]) => pointer)).toEqual(['top[0]', 'top[1]']);
  expect(pages(run)).toEqual(['right', 'right', 'right', 'right']);
  expect(run.walk.strays).toEqual([]);
});

describe('what lies beside the copy', () => {
  const { mm, frameOf } = spaceWith(arch, topOf(3), [0n, 0x7fffe000n], 8);
  const [addr, end] = rangeOf(arch, 0x7fffe000n, 4);
  const beside = (neighbour: StackArea['neighbour']) =>
    walkLockless(mm, addr, end, { stepper: stackCopy, port: memoryPort(mm, new StackArea(neighbour)) });

  test('zero is "present" at every level, and leads to a read at physical 0', () => {
    const { leaves, strays, stop } = beside('zero');
    expect(leaves.map(({ paddr }) => paddr)).toEqual([frameOf(0x7fffe000n), frameOf(0x7ffff000n)]);
    expect(strays.map(({ level, entry }) => [level, entry])).toEqual([['pud', 0n]]);
    expect(stop).toMatchObject({ kind: 'outside-memory', level: 'pte', slot: { space: 'memory', addr: 0n } });
  });

  test.each(['poison', 'garbage'] as const)(
    '%s is followed as if it were an entry, and ends in a typed stop',
    (neighbour) => {
      const { strays, stop } = beside(neighbour);
      expect(strays).toHaveLength(1);
      expect(stop?.kind).toMatch(/^(none|not-present|outside-memory)$/);
    },
  );

  test('the very entry is what translates the address one top entry too low', () => {
    const { leaves, strays } = beside('same');
    expect(leaves.map(({ paddr }) => paddr)).toEqual([0x7fffe000n, 0x7ffff000n, 0n, 0x1000n].map((a) => frameOf(a)));
    expect(strays[0]?.entry).toBe(readEntry(mm, { level: 'pgd', space: 'memory', addr: mm.pgd }) as Entry);
  });
});

test('a range that several boundaries cross leaves the copy further behind with each', () => {
  const { mm } = spaceWith(arch, topOf(2), [0n], 0x301);
  const { strays } = walkLockless(mm, vaddr(0xff000n), vaddr(0x301000n), { stepper: stackCopy });
  expect(strays.map(({ slot }) => slot.addr - (strays[0]?.slot.addr ?? 0n))).toEqual([0n, 8n, 16n]);
});
