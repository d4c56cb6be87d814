import {
  type Entry,
  isTranslatable,
  leafAddress,
  makeLeaf,
  makeTable,
  map,
  mmFromRoot,
  newTable,
  paddr,
  pgdOffset,
  pXdOffset,
  roleOf,
  type Slot,
  type UpperLevel,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { arm64 } from '../src/index.ts';
import { arm64Of } from './support/arm64.ts';
import { asks, bare, rights, space } from './support/entries.ts';

const va48 = arm64({ granule: '4k', va: 48 });
const nolpa2 = arm64({ granule: '16k', va: 52, lpa2: false });
const bit = (n: number): bigint => 1n << BigInt(n);

test('two halves, of as many bits each as are left', () => {
  for (const [id, bits] of [
    ['arm64-16k-va36', 36n],
    ['arm64-4k-va48', 48n],
    ['arm64-4k-va52-lpa2', 52n],
    ['arm64-4k-va52-nolpa2', 48n],
    ['arm64-16k-va52-nolpa2', 47n],
  ] as const) {
    const arch = arm64Of(id);
    const [lower, upper] = [bare(arch), { ...bare(arch), upper: true }];
    for (const addr of [0n, (1n << bits) - 1n]) {
      expect(isTranslatable(lower, 'pgd', vaddr(addr))).toBe(true);
      expect(isTranslatable(upper, 'pgd', vaddr(addr))).toBe(false);
    }
    for (const addr of [(1n << 64n) - (1n << bits), (1n << 64n) - 1n]) {
      expect(isTranslatable(lower, 'pgd', vaddr(addr))).toBe(false);
      expect(isTranslatable(upper, 'pgd', vaddr(addr))).toBe(true);
    }
    for (const addr of [1n << bits, (1n << 64n) - (1n << bits) - 1n])
      for (const mm of [lower, upper]) expect(isTranslatable(mm, 'pgd', vaddr(addr))).toBe(false);
  }
});

test('above a folded level the answers are constants', () => {
  for (const [id, levels] of [
    ['arm64-16k-va36', ['pgd', 'p4d', 'pud']],
    ['arm64-4k-va39', ['pgd', 'p4d']],
    ['arm64-4k-va48', ['pgd']],
    ['arm64-4k-va52-lpa2', []],
    ['arm64-4k-va52-nolpa2', ['pgd']],
    ['arm64-16k-va52-nolpa2', ['pgd', 'p4d']],
  ] as const)
    for (const level of ['pgd', 'p4d', 'pud'] as const)
      for (const raw of [0n, 0x1n, 0x403n]) {
        const answers = (['present', 'none', 'bad', 'leaf'] as const).map((is) => asks(arm64Of(id), level, is, raw));
        const constant = (levels as readonly UpperLevel[]).includes(level);
        if (constant) expect(answers, `${id} ${level}`).toEqual([true, false, false, false]);
        else expect(answers[1], `${id} ${level}`).toBe(raw === 0n);
      }
});

describe('what is made', () => {
  test('a table: type 3', () => {
    expect(makeTable(va48, 'pmd', paddr(0x4000_5000n))).toBe(0x4000_5003n);
    expect(makeTable(nolpa2, 'pmd', paddr(0x4000_4000n))).toBe(0x4000_4003n);
    expect(makeTable(nolpa2, 'pmd', paddr(0x4000_5000n))).toBeUndefined();
  });

  test.each([
    // AF, nG, inner shareable, PXN; then USER, DBM with dirty or read-only, UXN.
    ['rwxu', 0x00a8_0000_0000_0f43n],
    ['rwu', 0x00e8_0000_0000_0f43n],
    ['rxu', 0x0020_0000_0000_0fc3n],
    ['ru', 0x0060_0000_0000_0fc3n],
    ['', 0x0060_0000_0000_0f82n],
  ])('a page with the rights "%s"', (text, flags) => {
    expect(makeLeaf(va48, 'pte', paddr(0x4000_5000n), rights(text))).toBe(0x4000_5000n | flags);
    expect(leafAddress(va48, 'pte', (0x4000_5000n | flags) as Entry)).toBe(0x4000_5000n);
    // With LPA2 there is no SH field: bits 9:8 are of the address.
    const lpa2 = makeLeaf(arm64Of('arm64-4k-va52-lpa2'), 'pte', paddr(0x4000_5000n), rights(text));
    expect(lpa2).toBe(0x4000_5000n | (flags & ~0x300n));
  });

  test('PROT_NONE up to v6.10 has bit 58', () => {
    const none = makeLeaf(arm64Of('arm64-4k-va48', '6.10'), 'pte', paddr(0x4000_5000n), rights(''));
    expect(none).toBe(0x0460_0000_4000_5f82n);
  });

  test('a block is of type 1, and PROT_NONE of type 0', () => {
    expect(makeLeaf(va48, 'pmd', paddr(0x4020_0000n), rights('rxu'))).toBe(0x0020_0000_4020_0fc1n);
    expect(makeLeaf(va48, 'pud', paddr(0x4000_0000n), rights('rxu'))).toBe(0x0020_0000_4000_0fc1n);
    expect(makeLeaf(va48, 'pmd', paddr(0x4020_0000n), rights(''))).toBe(0x0060_0000_4020_0f80n);
    expect(makeLeaf(nolpa2, 'pmd', paddr(0x200_0000n), rights('rxu'))).toBe(0x0020_0000_0200_0fc1n);
    expect(makeLeaf(nolpa2, 'pud', paddr(0n), rights('r'))).toBeUndefined();
    expect(roleOf(bare(nolpa2), 'pud', 0x4000_0401n as Entry)).toBe('leaf'); // pud_leaf reads the bits
  });
});

describe.each([
  // The level that is folded at boot: its shift, the bits of its index; log2 of the page; the pgd index of the upper half.
  { arch: nolpa2, parent: 'p4d', level: 'pud', shift: 36n, bits: 11n, page: 14n, last: 31n },
  { arch: arm64Of('arm64-4k-va52-nolpa2'), parent: 'pgd', level: 'p4d', shift: 39n, bits: 9n, page: 12n, last: 15n },
] as const)('$arch.id: the offset of $level indexes the page of its pointer anew', (row) => {
  const { arch, parent, level, shift, bits, page, last } = row;
  const va = shift + bits;
  const parentp = (addr: bigint, on: Slot['space'] = 'memory'): Slot<UpperLevel> => ({
    level: parent,
    space: on,
    addr,
  });
  const addr = vaddr((5n << shift) | (9n << page));
  const from = (slot: Slot<UpperLevel>, of = addr) => pXdOffset(bare(arch), slot, 0n as Entry<UpperLevel>, of);
  const base = 0x100n << page;
  const pageSize = 1n << page;

  test('whatever slot of that page the pointer is', () => {
    for (const at of [base, base + 8n, base + pageSize - 8n])
      expect(from(parentp(at))).toEqual({ level, space: 'memory', addr: base + 0x28n });
    expect(from(parentp(base + pageSize)).addr).toBe(base + pageSize + 0x28n);
  });

  test('with its whole index, and no bit above it', () => {
    expect(from(parentp(base), vaddr((1n << va) - 1n)).addr).toBe(base + pageSize - 8n);
    expect(from(parentp(base), vaddr(1n << va)).addr).toBe(base);
  });

  test('a pointer to a local copy leads to a place on the stack, at its first use', () => {
    const stack = 0x380_0000_0000n;
    expect(from(parentp(stack + 0x7c0n, 'stack'))).toEqual({ level, space: 'stack', addr: stack + 0x28n });
  });

  test('the pgd index of a user address is 0, of a kernel address the last: the same page', () => {
    const mm = bare(arch);
    expect(pgdOffset(mm, vaddr((1n << va) - 1n)).addr).toBe(0n);
    const high = vaddr((1n << 64n) - (1n << va) + addr);
    expect(pgdOffset(mm, high).addr).toBe(8n * last);
    expect(from(parentp(base + 8n * last), high).addr).toBe(base + 0x28n);
  });

  test('the top table fills a page', () => {
    const { mm, allocator } = space(arch);
    const first = newTable(arch, mm.memory, allocator, 'pgd') ?? 0n;
    expect(newTable(arch, mm.memory, allocator, 'pgd')).toBe(first + pageSize);
  });

  test('walks: up to the last page, each half by its own register', () => {
    const end = (1n << va) - pageSize;
    for (const [upper, half] of [
      [false, 0n],
      [true, (1n << 64n) - (1n << va)],
    ] as const) {
      const { mm: made, allocator } = space(arch);
      const mm = mmFromRoot(arch, made.memory, made.root ?? 0n, upper);
      for (const at of [half, half + end]) {
        const target = paddr((1n << 40n) + (at & 0xffff_ffffn));
        const wish = { addr: vaddr(at), paddr: target, size: pageSize, prot: rights('rwu') };
        expect(map(mm, allocator, wish)).toEqual({ size: pageSize });
        expect(walk(mm, vaddr(at + 0x123n)).result).toMatchObject({ level: 'pte', paddr: target + 0x123n });
        expect(walk({ ...mm, upper: !upper }, vaddr(at)).result).toEqual({
          kind: 'not-translatable',
          bits: Number(va),
        });
      }
      expect(walk(mm, vaddr(1n << va)).result).toEqual({ kind: 'not-translatable', bits: Number(va) });
    }
  });
});

test('4 KiB pages: pages of three sizes', () => {
  const { mm, allocator } = space(va48);
  const from = (1n << 47n) - (1n << 31n);
  const size = (1n << 30n) + (1n << 21n) + 0x1000n;
  expect(map(mm, allocator, { addr: vaddr(from), paddr: paddr(1n << 40n), size, prot: rights('rwu') })).toEqual({
    size,
  });
  const at = (off: bigint) => walk(mm, vaddr(from + off)).result;
  expect(at(0x1234_5678n)).toMatchObject({ level: 'pud', paddr: (1n << 40n) + 0x1234_5678n });
  expect(at((1n << 30n) + 0x12_3456n)).toMatchObject({ level: 'pmd', size: 1n << 21n });
  expect(at(size - 1n)).toMatchObject({ level: 'pte', paddr: (1n << 40n) + size - 1n });
  expect(at(size).kind).toBe('none');
});

test.each([
  ['arm64-16k-va36', 25n],
  ['arm64-64k-va42-lpa', 29n],
] as const)('%s: blocks of the top table, which is read as pmd', (id, shift) => {
  const { mm, allocator } = space(arm64Of(id));
  const size = 1n << shift;
  const target = paddr(id === 'arm64-64k-va42-lpa' ? bit(51) : bit(40));
  expect(map(mm, allocator, { addr: vaddr(size), paddr: target, size, prot: rights('rwu') })).toEqual({ size });
  expect(walk(mm, vaddr(size + 0x1234n)).result).toMatchObject({ level: 'pmd', size, paddr: target + 0x1234n });
});
