import {
  type Entry,
  isTranslatable,
  type Level,
  leafAddress,
  limitOf,
  makeLeaf,
  makeTable,
  map,
  mmFromRoot,
  newTable,
  type Predicate,
  paddr,
  pgdOffset,
  pXdOffset,
  roleOf,
  type Slot,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { arm64 } from '../src/index.ts';
import { asks, bare, numbers, rights, space } from './support/entries.ts';

const va48 = arm64({ granule: '4k', va: 48 });
const nolpa2 = arm64({ granule: '16k', va: 52, lpa2: false });
const bit = (n: number): bigint => 1n << BigInt(n);

test('geometry: 16 KiB pages configured for 52 bits keep their 32 pgd entries without LPA2', () => {
  expect(numbers(va48)).toEqual([
    [39, 512],
    [39, 1],
    [30, 512],
    [21, 512],
    [12, 512],
  ]);
  expect(numbers(nolpa2)).toEqual([
    [47, 32],
    [47, 1],
    [36, 2048],
    [25, 2048],
    [14, 2048],
  ]);
  expect([va48.id, nolpa2.id]).toEqual(['arm64-4k-va48', 'arm64-16k-va52-nolpa2']);
});

test('two halves, of 48 or 47 bits each', () => {
  for (const [arch, bits] of [
    [va48, 48n],
    [nolpa2, 47n],
  ] as const) {
    expect(limitOf(bare(arch), 'pgd')).toBe(1n << bits);
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

describe('the predicates, by raw values', () => {
  const rows: readonly (readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean])[] = [
    ...(['p4d', 'pud', 'pmd', 'pte'] as const).flatMap((level) => [
      [level, 'none', 0n, true] as const,
      [level, 'none', 0x400n, false] as const,
      [level, 'none', bit(63), false] as const,
    ]),
    // pte, pmd and pud: VALID or PROT_NONE. Above, anything but 0.
    ...(['pte', 'pmd', 'pud'] as const).flatMap((level) => [
      [level, 'present', 0x1n, true] as const,
      [level, 'present', bit(58), true] as const,
      [level, 'present', 0x2n, false] as const,
    ]),
    ['p4d', 'present', 0x2n, true],
    ['p4d', 'present', bit(63), true],
    ['p4d', 'present', 0n, false],
    // bad: bit 1 is clear.
    ...(['p4d', 'pud', 'pmd'] as const).flatMap((level) => [
      [level, 'bad', 0x3n, false] as const,
      [level, 'bad', 0x2n, false] as const,
      [level, 'bad', 0x1n, true] as const,
    ]),
    // leaf: present and no table; also a huge page whose VALID is clear.
    ...(['pud', 'pmd'] as const).flatMap((level) => [
      [level, 'leaf', 0x1n, true] as const,
      [level, 'leaf', 0x3n, false] as const,
      [level, 'leaf', bit(58), true] as const,
      [level, 'leaf', 0x400n, false] as const,
    ]),
    ['p4d', 'leaf', 0x1n, false],
    ['pte', 'protnone', bit(58), true],
    ['pte', 'protnone', bit(58) | 0x1n, false],
    ['pmd', 'protnone', bit(58), true],
    ['pte', 'special', bit(56) | 0x3n, true],
    ['pte', 'user', 0x43n, true],
    ['pte', 'young', 0x403n, true],
    ['pte', 'write', bit(51) | 0x3n, true],
    ['pte', 'write', 0x3n, false],
    ['pte', 'exec', 0x3n, true],
    ['pte', 'exec', bit(54) | 0x3n, false],
    // dirty: the software bit, or writable by the hardware's own rule.
    ['pte', 'dirty', bit(55) | 0x83n, true],
    ['pte', 'dirty', bit(51) | 0x3n, true],
    ['pte', 'dirty', bit(51) | 0x83n, false],
    ['pte', 'dirty', 0x3n, false],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(asks(va48, level, predicate, raw)).toBe(yes);
    },
  );

  test('blocks of a pud exist with 4 KiB pages only', () => {
    expect(roleOf(bare(va48), 'pud', 0x4000_0401n as Entry)).toBe('leaf');
    expect(roleOf(bare(nolpa2), 'pud', 0x4000_0401n as Entry)).toBe('bad');
    expect(roleOf(bare(nolpa2), 'pmd', 0x200_0401n as Entry)).toBe('leaf');
  });

  test('above a folded level the answers are constants', () => {
    for (const [arch, levels] of [
      [va48, ['pgd']],
      [nolpa2, ['pgd', 'p4d']],
    ] as const)
      for (const level of levels)
        for (const raw of [0n, 0x1n, 0x3n])
          expect((['present', 'none', 'bad', 'leaf'] as const).map((is) => asks(arch, level, is, raw))).toEqual([
            true,
            false,
            false,
            false,
          ]);
  });
});

describe('what is made', () => {
  test('a table: type 3', () => {
    expect(makeTable(va48, 'pmd', paddr(0x4000_5000n))).toBe(0x4000_5003n);
    expect(makeTable(nolpa2, 'pmd', paddr(0x4000_4000n))).toBe(0x4000_4003n);
    expect(makeTable(nolpa2, 'pmd', paddr(0x4000_5000n))).toBeUndefined();
    expect(makeTable(va48, 'pmd', paddr(bit(48)))).toBeUndefined();
  });

  test.each([
    // AF, nG, inner shareable, PXN; then USER, DBM with dirty or read-only, UXN.
    ['rwxu', 0x00a8_0000_0000_0f43n],
    ['rwu', 0x00e8_0000_0000_0f43n],
    ['rxu', 0x0020_0000_0000_0fc3n],
    ['ru', 0x0060_0000_0000_0fc3n],
    ['', 0x0460_0000_0000_0f82n],
  ])('a page with the rights "%s"', (text, flags) => {
    expect(makeLeaf(va48, 'pte', paddr(0x4000_5000n), rights(text))).toBe(0x4000_5000n | flags);
    expect(leafAddress(va48, 'pte', (0x4000_5000n | flags) as Entry)).toBe(0x4000_5000n);
  });

  test('a block is of type 1, and PROT_NONE of type 0', () => {
    expect(makeLeaf(va48, 'pmd', paddr(0x4020_0000n), rights('rxu'))).toBe(0x0020_0000_4020_0fc1n);
    expect(makeLeaf(va48, 'pud', paddr(0x4000_0000n), rights('rxu'))).toBe(0x0020_0000_4000_0fc1n);
    expect(makeLeaf(va48, 'pmd', paddr(0x4020_0000n), rights(''))).toBe(0x0460_0000_4020_0f80n);
    expect(makeLeaf(nolpa2, 'pmd', paddr(0x200_0000n), rights('rxu'))).toBe(0x0020_0000_0200_0fc1n);
    expect(makeLeaf(nolpa2, 'pud', paddr(0n), rights('r'))).toBeUndefined();
  });

  test('TTBR: the table, without ASID and CnP', () => {
    const mm = mmFromRoot(va48, space(va48).mm.memory, 0xabcd_0000_0100_0001n);
    expect(mm.pgd).toBe(0x100_0000n);
  });
});

describe('16 KiB pages, 52 bits, no LPA2: pud_offset indexes the page of its pointer anew', () => {
  const p4dp = (addr: bigint, space: Slot['space'] = 'memory'): Slot<'p4d'> => ({ level: 'p4d', space, addr });
  const addr = vaddr((5n << 36n) | (7n << 25n) | (9n << 14n));
  const from = (slot: Slot<'p4d'>, of = addr) => pXdOffset(bare(nolpa2), slot, 0n as Entry<'p4d'>, of);

  test('whatever slot of that page the pointer is', () => {
    for (const at of [0x100_4000n, 0x100_4008n, 0x100_7ff8n])
      expect(from(p4dp(at))).toEqual({ level: 'pud', space: 'memory', addr: 0x100_4028n });
    expect(from(p4dp(0x100_8000n)).addr).toBe(0x100_8028n);
  });

  test('with the whole index of a pud, and no bit above it', () => {
    expect(from(p4dp(0x100_4000n), vaddr((1n << 47n) - 1n)).addr).toBe(0x100_4000n + 8n * 2047n);
    expect(from(p4dp(0x100_4000n), vaddr(1n << 47n)).addr).toBe(0x100_4000n);
  });

  test('a pointer to a local copy leads to a place on the stack, at its first use', () => {
    expect(from(p4dp(0x380_0000_7fc0n, 'stack'))).toEqual({
      level: 'pud',
      space: 'stack',
      addr: 0x380_0000_4028n,
    });
  });

  test('the pgd index of a user address is 0, of a kernel address 31: the same page', () => {
    const mm = bare(nolpa2);
    expect(pgdOffset(mm, addr).addr).toBe(0n);
    const high = vaddr((1n << 64n) - (1n << 47n) + addr);
    expect(pgdOffset(mm, high).addr).toBe(8n * 31n);
    expect(from(p4dp(0x100_4000n + 8n * 31n), high).addr).toBe(0x100_4028n);
  });

  test('the top table has the size of a pud table', () => {
    const { mm, allocator } = space(nolpa2);
    const first = newTable(nolpa2, mm.memory, allocator, 'pgd');
    const second = newTable(nolpa2, mm.memory, allocator, 'pgd');
    expect([first, second]).toEqual([0x100_4000n, 0x100_8000n]);
  });

  test('walks: up to the last page of 47 bits, each half by its own register', () => {
    const last = (1n << 47n) - 0x4000n;
    for (const [upper, base] of [
      [false, 0n],
      [true, (1n << 64n) - (1n << 47n)],
    ] as const) {
      const { mm: made, allocator } = space(nolpa2);
      const mm = mmFromRoot(nolpa2, made.memory, made.root ?? 0n, upper);
      for (const at of [base, base + last]) {
        const target = paddr((1n << 40n) + (at & 0xffff_ffffn));
        expect(map(mm, allocator, { addr: vaddr(at), paddr: target, size: 0x4000n, prot: rights('rwu') })).toEqual({
          size: 0x4000n,
        });
        expect(walk(mm, vaddr(at + 0x123n)).result).toMatchObject({
          kind: 'leaf',
          level: 'pte',
          paddr: target + 0x123n,
        });
        expect(walk({ ...mm, upper: !upper }, vaddr(at)).result).toEqual({ kind: 'not-translatable', bits: 47 });
      }
      expect(walk(mm, vaddr(1n << 47n)).result).toEqual({ kind: 'not-translatable', bits: 47 });
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
