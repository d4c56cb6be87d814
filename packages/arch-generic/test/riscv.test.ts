import {
  type Entry,
  explainEntry,
  fieldsOf,
  isTranslatable,
  type Level,
  leafAddress,
  leafSize,
  limitOf,
  makeLeaf,
  makeTable,
  map,
  mmFromRoot,
  type Predicate,
  paddr,
  populate,
  roleOf,
  type Slot,
  tableAddress,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { riscv } from '../src/index.ts';
import { asks, bare, numbers, rights, space } from './support/entries.ts';

const sv39 = riscv({ mode: 'sv39' });
const sv48 = riscv({ mode: 'sv48' });
const sv57 = riscv({ mode: 'sv57' });
const sv32 = riscv({ mode: 'sv32' });

test('geometry: the shifts of folded levels collapse, their 512 entries stay', () => {
  expect(numbers(sv39)).toEqual([
    [30, 512],
    [30, 512],
    [30, 512],
    [21, 512],
    [12, 512],
  ]);
  expect(numbers(sv48).slice(0, 3)).toEqual([
    [39, 512],
    [39, 512],
    [30, 512],
  ]);
  expect(numbers(sv57).slice(0, 3)).toEqual([
    [48, 512],
    [39, 512],
    [30, 512],
  ]);
  expect([sv39, sv48, sv57, sv32].map(({ id }) => id)).toEqual([
    ...['riscv-sv39', 'riscv-sv48', 'riscv-sv57', 'riscv-sv32'],
  ]);
});

test('geometry folded when the kernel is built: Sv32, and Sv39 until v5.17', () => {
  expect(numbers(sv32)).toEqual([
    [22, 1024],
    [22, 1],
    [22, 1],
    [22, 1],
    [12, 1024],
  ]);
  expect(sv32.entryBytes).toBe(4);
  const old = riscv({ mode: 'sv39', linux: '5.16' });
  expect(numbers(old).slice(0, 4)).toEqual([
    [30, 512],
    [30, 1],
    [30, 1],
    [21, 512],
  ]);
  const folds = (arch: typeof old) => [arch.spec.levels.p4d.fold?.when, arch.spec.levels.pud.fold?.when];
  expect([folds(old), folds(sv39)]).toEqual([
    ['build', 'build'],
    ['boot', 'boot'],
  ]);
});

test('the user half, and which addresses are sign-extended', () => {
  expect([sv39, sv48, sv57].map((arch) => limitOf(bare(arch), 'pgd'))).toEqual([1n << 38n, 1n << 47n, 1n << 56n]);
  expect(isTranslatable(bare(sv39), 'pgd', vaddr(1n << 38n))).toBe(false);
  expect(isTranslatable(bare(sv39), 'pgd', vaddr((1n << 64n) - (1n << 38n)))).toBe(true);
  expect(isTranslatable(bare(sv48), 'pgd', vaddr(1n << 38n))).toBe(true);
});

describe('the predicates, by raw values', () => {
  const rows: readonly (readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean])[] = [
    ...(['pgd', 'p4d', 'pud', 'pmd', 'pte'] as const).flatMap((level) => [
      [level, 'none', 0n, true] as const,
      [level, 'none', 0x20n, false] as const,
      [level, 'none', 1n << 63n, false] as const,
    ]),
    ['pte', 'present', 0x1n, true],
    ['pte', 'present', 0x20n, true],
    ['pte', 'present', 0xen, false],
    // With THP a pmd under split has V clear, and is present by R, W, X.
    ['pmd', 'present', 0x1n, true],
    ['pmd', 'present', 0x20n, true],
    ['pmd', 'present', 0x2n, true],
    ['pmd', 'present', 0x8n, true],
    ['pmd', 'present', 0x40n, false],
    ['pmd', 'bad', 0x1n, false],
    ['pmd', 'bad', 0x3n, true],
    ['pmd', 'bad', 0x9n, true],
    ['pmd', 'bad', 0x40n, true],
    ['pmd', 'leaf', 0x3n, true],
    ['pmd', 'leaf', 0x2n, true],
    ['pmd', 'leaf', 0x1n, false],
    // Above, only V counts, and a leaf is not bad.
    ...(['pud', 'p4d', 'pgd'] as const).flatMap((level) => [
      [level, 'present', 0x1n, true] as const,
      [level, 'present', 0x2en, false] as const,
      [level, 'bad', 0x1n, false] as const,
      [level, 'bad', 0xfn, false] as const,
      [level, 'bad', 0xen, true] as const,
    ]),
    ['pud', 'leaf', 0x3n, true],
    ['pud', 'leaf', 0x2n, false],
    ['pud', 'leaf', 0x1n, false],
    ['p4d', 'leaf', 0x3n, false],
    ['pgd', 'leaf', 0x3n, false],
    // G says PROT_NONE only where V is clear.
    ['pte', 'protnone', 0x20n, true],
    ['pte', 'protnone', 0x21n, false],
    ['pte', 'special', 0x101n, true],
    ['pte', 'write', 0x5n, true],
    ['pte', 'exec', 0x9n, true],
    ['pte', 'exec', 0x1n, false],
    ['pte', 'user', 0x11n, true],
    ['pte', 'young', 0x41n, true],
    ['pte', 'dirty', 0x81n, true],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(asks(sv57, level, predicate, raw)).toBe(yes);
    },
  );

  test('a pud that is a leaf is walked as one, a pmd too', () => {
    expect(roleOf(bare(sv48), 'pud', 0x1000_00cfn as Entry)).toBe('leaf');
    expect(roleOf(bare(sv48), 'pmd', 0x8_00cfn as Entry)).toBe('leaf');
    expect(roleOf(bare(sv48), 'pud', 0xcen as Entry)).toBe('not-present');
  });

  test('above a folded level the answers are constants', () => {
    for (const [arch, levels] of [
      [sv39, ['pgd', 'p4d']],
      [sv48, ['pgd']],
    ] as const)
      for (const level of levels)
        for (const raw of [0n, 0x1n, 0xffn])
          expect((['present', 'none', 'bad', 'leaf'] as const).map((is) => asks(arch, level, is, raw))).toEqual([
            true,
            false,
            false,
            false,
          ]);
  });
});

describe('frame numbers begin at bit 10', () => {
  test('of a table', () => {
    expect(makeTable(sv39, 'pmd', paddr(0x8000_3000n))).toBe(0x2000_0c01n);
    expect(tableAddress(sv39, 'pmd', 0x2000_0c01n as Entry)).toBe(0x8000_3000n);
    expect(tableAddress(sv39, 'pmd', ((1n << 64n) - 1n) as Entry)).toBe((1n << 56n) - 0x1000n);
    expect(makeTable(sv39, 'pmd', paddr(1n << 56n))).toBeUndefined();
  });

  test.each([
    ['rwxu', 0xdfn],
    ['rwu', 0xd7n],
    ['rxu', 0x5bn],
    ['ru', 0x53n],
    ['rw', 0xc7n],
    ['', 0x62n],
  ])('of a page with the rights "%s"', (text, flags) => {
    expect(makeLeaf(sv39, 'pte', paddr(0x8000_3000n), rights(text))).toBe(0x2000_0c00n | flags);
    expect(leafAddress(sv39, 'pte', (0x2000_0c00n | flags) as Entry)).toBe(0x8000_3000n);
  });

  test('of the top table: satp', () => {
    const { memory } = space(sv39).mm;
    const mm = mmFromRoot(sv39, memory, 0x8000_0000_0000_1000n);
    expect(mm.pgd).toBe(0x100_0000n);
    expect(walk(mm, vaddr(0n)).result.kind).toBe('none');
    // ASID is no part of it.
    expect(mmFromRoot(sv39, memory, 0x8fff_f000_0000_1000n).pgd).toBe(0x100_0000n);
  });
});

test('Sv32: 34-bit frames, a superpage of 4 MiB at pmd, satp of 32 bits', () => {
  const { mm, allocator } = space(sv32);
  expect(mm.root).toBe((1n << 31n) | 0x1000n);
  const request = { addr: vaddr(0x40_0000n), paddr: paddr(0x3_0040_0000n), size: 0x40_1000n, prot: rights('rwu') };
  expect(map(mm, allocator, request)).toEqual({ size: 0x40_1000n });
  const at = (addr: bigint) => walk(mm, vaddr(addr)).result;
  expect(at(0x52_3456n)).toMatchObject({ level: 'pmd', paddr: 0x3_0052_3456n, size: 0x40_0000n });
  expect(at(0x80_0123n)).toMatchObject({ level: 'pte', paddr: 0x3_0080_0123n });
  expect(makeLeaf(sv32, 'pte', paddr(1n << 34n), rights('r'))).toBeUndefined();
});

test('Svnapot: 16 ptes hold the same entry, and map 64 KiB as one', () => {
  const { mm, allocator } = space(sv48);
  const first = populate(mm, allocator, vaddr(0x5_0000n), 'pte') as Slot;
  // PPN 0x80010 with 1000 in its low bits, which says 64 KiB; N is bit 63.
  const napot = ((1n << 63n) | (0x8_0018n << 10n) | 0xd7n) as Entry;
  for (let n = 0n; n < 16n; n++) writeEntry(mm, { ...first, addr: first.addr + 8n * n }, napot);
  const at = (addr: bigint) => walk(mm, vaddr(addr)).result;
  expect(at(0x5_0000n)).toMatchObject({ level: 'pte', paddr: 0x8001_0000n, size: 0x1_0000n });
  expect(at(0x5_f123n)).toMatchObject({ paddr: 0x8001_f123n, size: 0x1_0000n });
  expect(leafAddress(sv48, 'pte', napot)).toBe(0x8001_0000n);
  expect(explainEntry(mm, 'pte', napot)).toBe('64 KiB at 0x80010000: write, user, young, dirty');
  // Without N it is the page that its bits say; a kernel before v6.4 knows no N.
  const plain = (napot & ~(1n << 63n)) as Entry;
  expect([leafAddress(sv48, 'pte', plain), leafSize(sv48, 'pte', plain)]).toEqual([0x8001_8000n, 0x1000n]);
  expect(leafAddress(riscv({ mode: 'sv48', linux: '6.3' }), 'pte', napot)).toBe(0x8001_8000n);
});

test('Svpbmt: the memory type is no part of the frame', () => {
  for (const type of [0n, 1n, 2n])
    expect(leafAddress(sv39, 'pte', ((type << 61n) | 0x2000_0cdfn) as Entry)).toBe(0x8000_3000n);
  expect(fieldsOf(sv39, 'pte', 'leaf', ((2n << 61n) | 0xdfn) as Entry)).toMatchObject({ PBMT: 2n, N: 0n });
});

test.each([
  ['sv48', 9n],
  ['sv57', 10n],
  ['bare', 0n],
])('a satp of mode %s is not walked as Sv39', (_mode, mode) => {
  const { mm, allocator } = space(sv39);
  map(mm, allocator, { addr: vaddr(0x5000n), paddr: paddr(0x9000n), size: 0x1000n, prot: rights('r') });
  const at = (satp: bigint) => walk(mmFromRoot(sv39, mm.memory, satp), vaddr(0x5000n)).result;
  expect(at((8n << 60n) | 0x1000n)).toMatchObject({ kind: 'leaf', paddr: 0x9000n });
  expect(at((mode << 60n) | 0x1000n)).toMatchObject({ kind: 'root-mismatch', table: 'pgd' });
});

test.each([
  [sv39, 0x8000_0000_0000_1000n],
  [sv48, 0x9000_0000_0000_1000n],
  [sv57, 0xa000_0000_0000_1000n],
])('$id: pages of three sizes, from tables of its own', (arch, satp) => {
  const { mm, allocator } = space(arch);
  expect(mm.root).toBe(satp);
  const from = (1n << 38n) - (1n << 31n);
  const size = (1n << 30n) + (1n << 21n) + 0x1000n;
  expect(map(mm, allocator, { addr: vaddr(from), paddr: paddr(1n << 40n), size, prot: rights('rwu') })).toEqual({
    size,
  });
  const at = (off: bigint) => walk(mm, vaddr(from + off)).result;
  expect(at(0x1234_5678n)).toMatchObject({ level: 'pud', paddr: (1n << 40n) + 0x1234_5678n, size: 1n << 30n });
  expect(at((1n << 30n) + 0x12_3456n)).toMatchObject({ level: 'pmd', size: 1n << 21n });
  expect(at(size - 1n)).toMatchObject({ level: 'pte', paddr: (1n << 40n) + size - 1n });
  expect(at(size).kind).toBe('none');
});

test('a superpage whose frame is not aligned: Linux adds the offset in the page to it', () => {
  const { mm, allocator } = space(sv39);
  const slot = populate(mm, allocator, vaddr(0x20_0000n), 'pmd') as Slot;
  // The frame at 0x201000 as a page of 2 MiB. The hardware would refuse it, Linux reads pfn + offset.
  writeEntry(mm, slot, ((0x20_1000n >> 2n) | 0xcfn) as Entry);
  const at = (addr: bigint) => walk(mm, vaddr(addr)).result;
  expect(at(0x20_0000n)).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: 0x20_1000n });
  expect(at(0x20_1678n)).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: 0x20_2678n });
});
