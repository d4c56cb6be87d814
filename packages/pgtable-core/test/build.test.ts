import { describe, expect, test } from 'vitest';
import {
  type Arch,
  bumpAllocator,
  createMm,
  type Entry,
  flatMemory,
  type Level,
  map,
  mmFromTable,
  newTable,
  paddr,
  populate,
  readEntry,
  type Slot,
  topLevel,
  UsageError,
  upgrade,
  vaddr,
  walk,
  writeEntry,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { BASE, emptySpace, RW } from './support/space.ts';
import { LARGE, toy3, toy32, toyBoot, toyProcess } from './support/toys.ts';

const word = (arch: Arch, memory: ReturnType<typeof flatMemory>, at: bigint): bigint | undefined =>
  memory.read(paddr(at), arch.entryBytes, arch.spec.byteOrder);

describe('a new table', () => {
  const made = (arch: Arch, level: Level) => {
    const bytes = new Uint8Array(0x4000).fill(0xee);
    const memory = flatMemory(bytes, BASE);
    const table = newTable(arch, memory, bumpAllocator(paddr(BASE), paddr(BASE + 0x4000n)), level);
    const size = bytes.findIndex((_, i) => i % 8 === 0 && bytes.subarray(i, i + 8).every((b) => b === 0xee));
    const first = word(arch, memory, BASE);
    const alike = Array.from({ length: size / arch.entryBytes }, (_, i) =>
      word(arch, memory, BASE + BigInt(i * arch.entryBytes)),
    );
    return { table, size, first, alike: new Set(alike).size === 1 };
  };

  test.each<[string, Arch, Level, number, bigint]>([
    ['pte', toy3, 'pte', 64, 0n],
    ['pmd', toy3, 'pmd', 128, 0n],
    ['pgd, which is read as pud', toy3, 'pgd', 32, 0n],
    ['pgd of another type than pud', toyProcess, 'pgd', 64, 7n],
    ['p4d', toyProcess, 'p4d', 64, 6n],
    ['pud', toyProcess, 'pud', 64, 5n],
    ['pmd', toyProcess, 'pmd', 64, 4n],
    ['pgd, which is read as a larger pud table', toyBoot, 'pgd', 64, 0n],
    ['pte with entries of 4 bytes', toy32, 'pte', 4096, 0n],
  ])('%s: every slot is empty, and nothing behind it is touched', (_what, arch, level, size, empty) => {
    expect(made(arch, level)).toEqual({ table: BASE, size, first: empty, alike: true });
  });

  test('without memory for it', () => {
    const memory = flatMemory(new ArrayBuffer(0x100), BASE);
    expect(newTable(toy3, memory, bumpAllocator(paddr(BASE), paddr(BASE + 63n)), 'pte')).toBeUndefined();
  });

  test('where the allocator gives out what is no memory', () => {
    const memory = flatMemory(new ArrayBuffer(0x100), BASE);
    expect(newTable(toy3, memory, { alloc: () => paddr(BASE + 0xf8n) }, 'pte')).toBeUndefined();
  });
});

describe('a new address space', () => {
  test('has an empty top table, and a root register that designates it', () => {
    const { mm } = emptySpace(toyProcess, 'pud');
    expect(mm).toMatchObject({ arch: toyProcess, pgd: BASE, root: BASE | 1n });
    expect(topLevel(mm)).toBe('pud');
    expect(walk(mm, vaddr(0n)).result).toMatchObject({ kind: 'none', level: 'pud' });
  });

  test.each(['pgd', 'p4d', 'pud', 'pmd'] as const)('whose top level is %s', (top) => {
    expect(topLevel(emptySpace(toyProcess, top).mm)).toBe(top);
  });

  test('is pgd at the top unless said otherwise', () => {
    const memory = flatMemory(new ArrayBuffer(0x1000), BASE);
    const mm = createMm(toyProcess, memory, bumpAllocator(paddr(BASE), paddr(BASE + 0x1000n)))!;
    expect(topLevel(mm)).toBe('pgd');
  });

  test('without memory for it', () => {
    const memory = flatMemory(new ArrayBuffer(0x1000), BASE);
    expect(createMm(toy3, memory, { alloc: () => undefined })).toBeUndefined();
  });

  test.each<[Arch, Level, string]>([
    [toy3, 'pud', 'one of pgd'],
    [toyProcess, 'pte', 'one of pgd, p4d, pud, pmd'],
  ])('$id cannot have %s at the top', (arch, top, expected) => {
    const memory = flatMemory(new ArrayBuffer(0x1000), BASE);
    let given = 0;
    const alloc = (): undefined => void given++;
    expect(refused(UsageError, () => createMm(arch, memory, { alloc }, top))).toMatchObject({
      code: 'argument',
      argument: 'top',
      expected,
    });
    expect(given).toBe(0);
  });

  test('whose table the root register cannot address', () => {
    const memory = flatMemory(new ArrayBuffer(0x1000), 1n << 48n);
    const allocator = bumpAllocator(paddr(1n << 48n), paddr((1n << 48n) + 0x1000n));
    expect(refused(UsageError, () => createMm(toy3, memory, allocator))).toMatchObject({
      code: 'argument',
      argument: 'allocator',
    });
  });
});

describe('populate', () => {
  test('makes the tables on the way, and gives the slot', () => {
    const { mm, allocator } = emptySpace(toy3);
    // The top table has 32 bytes; the pmd table comes at a multiple of 128, the pte table at one of 64.
    expect(populate(mm, allocator, vaddr(0x9_3000n), 'pte')).toEqual({
      level: 'pte',
      space: 'memory',
      addr: BASE + 0x100n + 3n * 8n,
    });
    expect(readEntry(mm, { level: 'pud', space: 'memory', addr: BASE + 8n })).toBe((BASE + 0x80n) | 1n);
    expect(readEntry(mm, { level: 'pmd', space: 'memory', addr: BASE + 0x80n + 2n * 8n })).toBe((BASE + 0x100n) | 1n);
  });

  test('uses what is there', () => {
    const { mm, allocator } = emptySpace(toyProcess, 'pgd');
    const first = populate(mm, allocator, vaddr(0x1000n), 'pte') as Slot;
    expect(populate(mm, { alloc: () => undefined }, vaddr(0x2000n), 'pte')).toEqual({
      ...first,
      addr: first.addr + 8n,
    });
  });

  test('stops at the level that was asked for', () => {
    const { mm, allocator } = emptySpace(toy3);
    expect(populate(mm, allocator, vaddr(0x9_3000n), 'pmd')).toMatchObject({ level: 'pmd', addr: BASE + 0x90n });
    expect(walk(mm, vaddr(0x9_3000n)).result).toMatchObject({ kind: 'none', level: 'pmd' });
  });

  test('passes through folded levels of a smaller process', () => {
    const { mm, allocator } = emptySpace(toyProcess, 'pmd');
    expect(populate(mm, allocator, vaddr(0x1_9000n), 'pte')).toMatchObject({ level: 'pte', addr: BASE + 0x48n });
    expect(populate(mm, allocator, vaddr(0x1_9000n), 'pmd')).toMatchObject({ level: 'pmd', addr: BASE + 0x18n });
  });

  test('without memory: the level above the table that is lacking, and what was built stays', () => {
    const { mm } = emptySpace(toyProcess, 'pud');
    const from = paddr(BASE + 0x40n);
    const allocator = bumpAllocator(from, paddr(from + 0x40n));
    expect(populate(mm, allocator, vaddr(0x5000n), 'pte')).toEqual({ kind: 'no-memory', level: 'pmd', addr: 0x5000n });
    expect(walk(mm, vaddr(0x5000n)).result).toMatchObject({ kind: 'none', level: 'pmd' });
  });

  test('a table that the entry cannot address is no memory either', () => {
    const memory = flatMemory(new ArrayBuffer(0x1000), BASE);
    const mm = mmFromTable(toy3, memory, paddr(BASE));
    const failure = populate(mm, { alloc: () => paddr(BASE + 0x20n) }, vaddr(0n), 'pte');
    expect(failure).toEqual({ kind: 'no-memory', level: 'pud', addr: 0n });
  });

  test.each<[string, bigint]>([
    ['a leaf', 0x8003n],
    ['what is swapped out', 0x20n],
    ['a bad entry', 0x1041n | (1n << 48n)],
  ])('%s on the way is occupied', (_what, raw) => {
    const { mm, allocator } = emptySpace(toy3);
    const slot = populate(mm, allocator, vaddr(0x9_3000n), 'pmd') as Slot;
    writeEntry(mm, slot, raw as Entry);
    expect(populate(mm, allocator, vaddr(0x9_3000n), 'pte')).toEqual({
      kind: 'occupied',
      level: 'pmd',
      addr: 0x9_3000n,
      slot,
      entry: raw,
    });
  });

  test('a top table outside memory', () => {
    const { allocator, memory } = emptySpace(toyProcess);
    const slot = { level: 'pgd', space: 'memory', addr: 0x8000n };
    expect(populate(mmFromTable(toyProcess, memory, paddr(0x8000n)), allocator, vaddr(0n), 'pte')).toEqual({
      kind: 'outside-memory',
      level: 'pgd',
      addr: 0n,
      slot,
    });
  });
});

describe('one level more on top', () => {
  const grown = () => {
    const made = emptySpace(toyProcess, 'pud');
    const request = { addr: vaddr(0x4_1000n), paddr: paddr(0x9_9000n), size: 0x1000n, prot: RW };
    expect(map(made.mm, made.allocator, request)).toEqual({ size: 0x1000n });
    return made;
  };
  const found = (mm: Parameters<typeof walk>[0]) => walk(mm, vaddr(0x4_1678n)).result;

  test('the old addresses resolve from the new top and from the old one', () => {
    const { mm, allocator } = grown();
    const four = upgrade(mm, allocator)!;
    const five = upgrade(four, allocator)!;
    expect([mm, four, five].map((m) => topLevel(m))).toEqual(['pud', 'p4d', 'pgd']);
    for (const m of [mm, four, five]) expect(found(m)).toMatchObject({ kind: 'leaf', paddr: 0x9_9678n });
  });

  test('slot 0 designates the old table, the others are empty, and the root register says so', () => {
    const { mm, allocator } = grown();
    const before = mm.pgd;
    const four = upgrade(mm, allocator)!;
    expect(four.root).toBe(four.pgd | 2n);
    expect(word(toyProcess, four.memory, four.pgd)).toBe(before | 2n);
    for (let i = 1n; i < 8n; i++) expect(word(toyProcess, four.memory, four.pgd + 8n * i)).toBe(6n);
    expect(walk(four, vaddr(1n << 21n)).result).toMatchObject({ kind: 'none', level: 'p4d' });
    expect(walk(mm, vaddr(1n << 21n)).result.kind).toBe('not-translatable');
  });

  test('what is mapped under the new top shows through both', () => {
    const { mm, allocator } = grown();
    const four = upgrade(mm, allocator)!;
    map(four, allocator, { addr: vaddr(0x8_0000n), paddr: paddr(0x4_0000n), size: 0x1000n, prot: RW });
    for (const m of [mm, four]) expect(walk(m, vaddr(0x8_0000n)).result).toMatchObject({ paddr: 0x4_0000n });
  });

  test('without memory nothing changes', () => {
    const { mm } = grown();
    const bytes = [0n, 8n, 16n].map((at) => word(toyProcess, mm.memory, mm.pgd + at));
    expect(upgrade(mm, { alloc: () => undefined })).toBeUndefined();
    expect([0n, 8n, 16n].map((at) => word(toyProcess, mm.memory, mm.pgd + at))).toEqual(bytes);
  });

  test('from two levels to five', () => {
    const made = emptySpace(toyProcess, 'pmd');
    map(made.mm, made.allocator, { addr: vaddr(0x3_f000n), paddr: paddr(0x9_9000n), size: 0x1000n, prot: RW });
    let { mm } = made;
    for (const top of ['pud', 'p4d', 'pgd']) {
      mm = upgrade(mm, made.allocator)!;
      expect(topLevel(mm)).toBe(top);
      expect(walk(mm, vaddr(0x3_f000n)).result).toMatchObject({ kind: 'leaf', paddr: 0x9_9000n });
    }
  });

  test.each<[string, Arch]>([
    ['at the highest level', toyProcess],
    ['where folding is not per process', toy3],
  ])('is refused %s', (_where, arch) => {
    const { mm, allocator } = emptySpace(arch, 'pgd');
    expect(refused(UsageError, () => upgrade(mm, allocator))).toMatchObject({ code: 'argument', argument: 'mm' });
  });

  test('is refused where the level of the old top is unknown', () => {
    const { memory, allocator } = emptySpace(toyProcess);
    const mm = mmFromTable(toyProcess, memory, paddr(0x8000n));
    expect(refused(UsageError, () => upgrade(mm, allocator))).toMatchObject({ code: 'argument', argument: 'mm' });
  });
});

test('a large leaf of the toy is what its tests take it for', () => {
  expect(toyProcess.rules.pud.is.leaf?.({ entry: LARGE | 1n })).toBe(true);
});
