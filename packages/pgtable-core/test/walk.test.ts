import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Arch,
  flatMemory,
  LEVELS,
  type Mm,
  mmFromRoot,
  mmFromTable,
  paddr,
  roleOf,
  sparseMemory,
  type Trace,
  vaddr,
  type WalkResult,
  walk,
} from '../src/index.ts';
import { property } from './support/runs.ts';
import { countingMemory } from './support/space.ts';
import { tables } from './support/tables.ts';
import { LARGE, RESERVED, toy3, toy32, toyBoot, toyProcess, toys } from './support/toys.ts';

const run = (mm: Mm, addr: bigint): Trace => walk(mm, vaddr(addr));
const resultOf = (mm: Mm, addr: bigint): WalkResult => run(mm, addr).result;
const memory = (addr: bigint) => ({ space: 'memory', addr });

describe('a leaf', () => {
  // pgd[1] -> pmd table at 0x1080, pmd[2] -> pte table at 0x1040; pmd[3] is a page of 32 KiB.
  const mm = tables(toy3, 0x1000n, { '0x1008': 0x1081n, '0x1090': 0x1041n, '0x1098': 0x2_8003n, '0x1058': 0x9021n });

  test('at pte: the frame and the offset in the page, and every step to it', () => {
    expect(run(mm, 0x9_3678n)).toEqual({
      addr: 0x9_3678n,
      steps: [
        { level: 'pgd', slot: { level: 'pgd', ...memory(0x1008n) }, index: 1, entry: 0x1081n, role: 'folded' },
        { level: 'p4d', slot: { level: 'p4d', ...memory(0x1008n) }, index: 1, entry: 0x1081n, role: 'folded' },
        { level: 'pud', slot: { level: 'pud', ...memory(0x1008n) }, index: 1, entry: 0x1081n, role: 'table' },
        { level: 'pmd', slot: { level: 'pmd', ...memory(0x1090n) }, index: 2, entry: 0x1041n, role: 'table' },
        { level: 'pte', slot: { level: 'pte', ...memory(0x1058n) }, index: 3, entry: 0x9021n, role: 'leaf' },
      ],
      result: {
        kind: 'leaf',
        level: 'pte',
        slot: { level: 'pte', ...memory(0x1058n) },
        entry: 0x9021n,
        paddr: 0x9678n,
        size: 0x1000n,
      },
    });
  });

  test('above pte: the offset is as long as the page', () => {
    const { steps, result } = run(mm, 0x9_e678n);
    expect(result).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: 0x2_e678n, size: 0x8000n });
    expect(steps.map(({ role }) => role)).toEqual(['folded', 'folded', 'table', 'leaf']);
  });
});

describe('no leaf', () => {
  test.each<[string, bigint, string]>([
    ['none', 0n, 'none'],
    ['not present', 0x20n, 'not-present'],
    ['bad', 0x1041n | RESERVED, 'bad'],
    // The kernel asks in this order.
    ['none before not present', 0n, 'none'],
    ['not present before bad', RESERVED, 'not-present'],
  ])('%s, at the slot where it stands', (_what, entry, kind) => {
    const mm = tables(toy3, 0x1000n, { '0x1008': 0x1081n, '0x1090': entry });
    const { result, steps } = run(mm, 0x9_3678n);
    expect(result).toEqual({ kind, level: 'pmd', slot: { level: 'pmd', ...memory(0x1090n) }, entry, index: 2 });
    expect(steps.at(-1)).toMatchObject({ level: 'pmd', role: kind });
  });

  test.each<[string, bigint, string]>([
    ['none', 0n, 'none'],
    ['not present', 0x9020n, 'not-present'],
  ])('at pte: %s', (_what, entry, kind) => {
    const mm = tables(toy3, 0x1000n, { '0x1008': 0x1081n, '0x1090': 0x1041n, '0x1058': entry });
    expect(resultOf(mm, 0x9_3678n)).toMatchObject({ kind, level: 'pte', index: 3, entry });
  });

  test('a leaf comes before a bad entry, as pmd_leaf does in the kernel', () => {
    const mm = tables(toy3, 0x1000n, { '0x1008': 0x1081n, '0x1098': 0x2_8003n | RESERVED });
    expect(resultOf(mm, 0x9_e678n).kind).toBe('leaf');
  });
});

describe('a table outside memory', () => {
  test('the last slot of memory is read, the one behind it is not', () => {
    // The pmd table begins 16 bytes before the end of memory.
    const mm = tables(toy3, 0x1000n, { '0x1000': 0x1fc1n, '0x1ff8': 0x8003n });
    expect(resultOf(mm, 7n << 15n)).toMatchObject({ kind: 'leaf', paddr: 0x8000n });
    expect(resultOf(mm, 8n << 15n)).toEqual({
      kind: 'outside-memory',
      level: 'pmd',
      slot: { level: 'pmd', ...memory(0x2000n) },
    });
  });

  test('the top table', () => {
    const { steps, result } = run(mmFromTable(toy3, flatMemory(new ArrayBuffer(64)), paddr(0x1000n)), 0n);
    expect(steps).toEqual([]);
    expect(result).toEqual({ kind: 'outside-memory', level: 'pgd', slot: { level: 'pgd', ...memory(0x1000n) } });
  });

  test('slot 0 of the top table, which says what is folded', () => {
    const mm = mmFromTable(toyProcess, flatMemory(new ArrayBuffer(64), 0x1008n), paddr(0x1000n));
    expect(resultOf(mm, 1n << 24n)).toEqual({
      kind: 'outside-memory',
      level: 'pgd',
      slot: { level: 'pgd', ...memory(0x1000n) },
    });
  });

  test('a table at the very end of memory, whose entry is cut in two', () => {
    const mm = tables(toy3, 0x1000n, { '0x1000': 0x1fc1n }, flatMemory(new ArrayBuffer(0xfc4), 0x1000n));
    expect(resultOf(mm, 0n)).toMatchObject({ kind: 'outside-memory', level: 'pmd', slot: memory(0x1fc0n) });
  });

  test('a top table that reaches past 2^64 does not go on at 0', () => {
    const high = (1n << 64n) - 8n;
    const sparse = sparseMemory(new ArrayBuffer(0x108), [
      { at: 0n, length: 0x100, offset: 0 },
      { at: high, length: 8, offset: 0x100 },
    ]);
    const mm = mmFromTable(toyProcess, sparse, paddr(high));
    sparse.write(paddr(high), 8, 'big', 7n);
    const { steps, result } = run(mm, 5n << 24n);
    expect(steps.filter(({ index }) => index < 0 || index > 7)).toEqual([]);
    expect(result.kind).toBe('outside-memory');
  });
});

describe('an address that the tables do not translate', () => {
  test.each<[string, Arch, bigint[], number]>([
    ['sign', toy3, [1n << 20n, (1n << 64n) - (1n << 20n) - 1n], 21],
    ['zero', toyProcess, [1n << 27n, (1n << 64n) - 1n], 27],
    ['halves', toyBoot, [1n << 22n, (1n << 64n) - (1n << 22n) - 1n], 22],
    ['zero, 32 bits', toy32, [1n << 32n], 32],
  ])('%s', (_rule, arch, addrs, bits) => {
    const mm = tables(arch, 0x1000n, { '0x1000': 7n });
    for (const addr of addrs)
      expect(run(mm, addr)).toEqual({ addr, steps: [], result: { kind: 'not-translatable', bits } });
    expect(resultOf(mm, 0n).kind).not.toBe('not-translatable');
  });

  test.each([
    [3n, 27],
    [2n, 24],
    [1n, 21],
    [0n, 18],
  ])('a process with the type %d in slot 0 translates %d bits', (type, bits) => {
    const mm = tables(toyProcess, 0x1000n, { '0x1000': type | 4n });
    expect(resultOf(mm, 1n << BigInt(bits))).toEqual({ kind: 'not-translatable', bits });
    expect(resultOf(mm, (1n << BigInt(bits)) - 1n).kind).not.toBe('not-translatable');
  });
});

describe('the root register', () => {
  const built = tables(toyProcess, 0x1000n, { '0x1000': 5n });

  test('that names another type than slot 0 of the table does', () => {
    expect(run(mmFromRoot(toyProcess, built.memory, 0x1002n), 0n)).toEqual({
      addr: 0n,
      steps: [],
      result: { kind: 'root-mismatch', register: 'p4d', table: 'pud' },
    });
  });

  test('that names the same', () => {
    expect(resultOf(mmFromRoot(toyProcess, built.memory, 0x1001n), 0n).kind).toBe('none');
  });

  test('of a type that the architecture does not have gives no address', () => {
    const { tops, fields } = toy3.spec.root;
    const mode = { ...fields, mode: { kind: 'type', hi: 63, lo: 60 } } as const;
    const top = { pgd: { ...tops.pgd!, base: 8n << 60n } };
    const arch: Arch = { ...toy3, spec: { ...toy3.spec, root: { fields: mode, tops: top } } };
    const { memory } = tables(toy3, 0x1000n, { '0x1000': 0x1081n, '0x1080': 0x8003n });
    expect(resultOf(mmFromRoot(arch, memory, (8n << 60n) | 0x1000n), 0n).kind).toBe('leaf');
    expect(resultOf(mmFromRoot(arch, memory, (9n << 60n) | 0x1000n), 0n).kind).not.toBe('leaf');
  });
});

describe('folding', () => {
  test.each<[string, bigint, bigint, number[]]>([
    ['five levels', 3n, 27n, [7, 6, 5, 4, 3]],
    ['four levels', 2n, 24n, [6, 6, 5, 4, 3]],
    ['three levels', 1n, 21n, [5, 5, 5, 4, 3]],
    ['two levels', 0n, 18n, [4, 4, 4, 4, 3]],
  ])('%s in one process, from tables that all lie in one', (_what, top, bits, indexes) => {
    // Table n lies at 0x1000 + 0x40 n; its slots are all the same, and lead to the next one.
    const words: Record<string, bigint> = {};
    for (let n = 0; n <= Number(top); n++)
      for (let i = 0; i < 8; i++)
        words[0x1000 + 0x40 * n + 8 * i] = BigInt(0x1000 + 0x40 * (n + 1)) | (top - BigInt(n));
    for (let i = 0; i < 8; i++) words[0x1000 + 0x40 * (Number(top) + 1) + 8 * i] = BigInt(0x9000 + 0x1000 * i) | 1n;
    const mm = tables(toyProcess, 0x1000n, words);
    const addr = ((7n << 24n) | (6n << 21n) | (5n << 18n) | (4n << 15n) | (3n << 12n) | 0xabcn) % (1n << bits);
    const { steps, result } = run(mm, addr);
    expect(result).toMatchObject({ kind: 'leaf', level: 'pte', paddr: 0xcabcn });
    expect(steps.map(({ index }) => index)).toEqual(indexes);
    expect(steps.filter(({ role }) => role === 'folded')).toHaveLength(3 - Number(top));
  });

  test('middle style at boot: the slot is found in the table that the pointer lies in', () => {
    // pud[5] of the top table, for an address in either half.
    const mm = tables(toyBoot, 0x1040n, { '0x1068': 0x1081n, '0x1080': 0x8003n, '0x1040': 0xf03n, '0x1058': 0xf03n });
    for (const upper of [0n, (1n << 64n) - (1n << 22n)]) {
      const { steps, result } = run({ ...mm, upper: upper !== 0n }, upper + (5n << 19n));
      expect(result).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: 0x8000n });
      expect(steps.map(({ level, index }) => [level, index])).toEqual([
        ['pgd', upper ? 3 : 0],
        ['p4d', upper ? 3 : 0],
        ['pud', 5],
        ['pmd', 0],
      ]);
    }
  });
});

describe('an entry whose type belongs to another level’s table is bad, where it stands', () => {
  test.each<[string, bigint, Record<string, bigint>, object]>([
    ['higher', 3n, { '0x1040': 0x1083n }, { level: 'p4d', index: 0 }],
    ['lower, which would fold a level of this process', 3n, { '0x1040': 0x1081n }, { level: 'p4d', index: 0 }],
    ['lower, in slot 3 of a top table', 3n, { '0x1018': 0x1042n }, { level: 'pgd', index: 3 }],
    ['higher, in slot 3 of a top table', 2n, { '0x1018': 0x1043n }, { level: 'pgd', index: 3 }],
  ])('%s', (_what, top, words, expected) => {
    const mm = tables(toyProcess, 0x1000n, { '0x1000': 0x1040n | top, ...words });
    const addr = '0x1018' in words ? 3n << (top === 3n ? 24n : 21n) : 0n;
    expect(resultOf(mm, addr)).toMatchObject({ kind: 'bad', ...expected });
  });
});

describe('tables that lead to themselves', () => {
  test('end at the last level, where they are read as pages', () => {
    const words = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [0x1000 + 8 * i, 0x1001n]));
    const mm = tables(toy3, 0x1000n, words);
    const { steps, result } = run(mm, 0x123n);
    expect(steps.map(({ entry }) => entry)).toEqual([0x1001n, 0x1001n, 0x1001n, 0x1001n, 0x1001n]);
    expect(result).toMatchObject({ kind: 'leaf', level: 'pte', paddr: 0x1123n });
  });

  test('a top table with all 1024 entries equal gives every 4 MiB the same pages', () => {
    const ram = flatMemory(new ArrayBuffer(0x2000), 0x1000n);
    const words = Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [0x1000 + 4 * i, 0x801n]));
    const mm = tables(toy32, 0x1000n, { ...words, '0x2004': 0x1401n }, ram);
    for (const i of [0n, 1n, 511n, 1023n]) {
      expect(resultOf(mm, (i << 22n) + 0x1234n)).toMatchObject({ kind: 'leaf', paddr: 0x5234n });
      expect(resultOf(mm, (i << 22n) + 0x2000n)).toMatchObject({ kind: 'none', level: 'pte', index: 2 });
    }
  });

  test('a region table whose entries all lead to itself is bad one level further down', () => {
    const words = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [0x1000 + 8 * i, 0x1003n]));
    const { steps, result } = run(tables(toyProcess, 0x1000n, words), 0n);
    expect(steps).toHaveLength(2);
    expect(result).toMatchObject({ kind: 'bad', level: 'p4d', entry: 0x1003n });
  });
});

test('whatever memory holds, a walk reads each level at most once, and slot 0', () => {
  const words = fc.oneof(
    fc.bigInt(0n, (1n << 64n) - 1n),
    // Words that lead to somewhere: origins inside memory, all types.
    fc.tuple(fc.bigInt(0n, 63n), fc.bigInt(0n, 15n)).map(([table, low]) => 0x1000n + table * 0x40n + low),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...toys),
      fc.array(words, { minLength: 512, maxLength: 512 }),
      fc.bigInt(0n, (1n << 28n) - 1n),
      (arch, content, addr) => {
        const ram = flatMemory(new ArrayBuffer(0x1000), 0x1000n);
        content.forEach((word, i) => ram.write(paddr(0x1000n + 8n * BigInt(i)), 8, arch.spec.byteOrder, word));
        const counting = countingMemory(ram);
        const { steps, result } = run(mmFromTable(arch, counting, paddr(0x1000n)), addr);
        expect(counting.reads).toBeLessThanOrEqual(LEVELS.length + (arch === toyProcess ? 1 : 0));
        expect(steps.map(({ level }) => level)).toEqual(LEVELS.slice(0, steps.length));
        if (result.kind === 'leaf') expect(steps.at(-1)!.role).toBe('leaf');
      },
    ),
    property,
  );
});

test('levels + 1 reads are enough', () => {
  const words = { '0x1000': 0x1043n, '0x1040': 0x1082n, '0x1080': 0x10c1n, '0x10c0': 0x1100n, '0x1100': 0x9001n };
  const mm = tables(toyProcess, 0x1000n, words);
  const counting = countingMemory(mm.memory);
  expect(resultOf({ ...mm, memory: counting }, 0n).kind).toBe('leaf');
  expect(counting.reads).toBeLessThanOrEqual(LEVELS.length + 1);
});

test('the role of an entry', () => {
  const mm = tables(toyProcess, 0x1000n, {});
  const role = (level: 'pgd' | 'pud' | 'pmd' | 'pte', raw: bigint) => roleOf(mm, level, raw as never);
  expect(role('pgd', 0x1002n)).toBe('folded');
  expect(role('pgd', 7n)).toBe('none');
  expect(role('pgd', 0x1007n)).toBe('not-present');
  expect(role('pgd', 0x1003n)).toBe('table');
  expect(role('pud', 0x4_0001n | LARGE)).toBe('leaf');
  expect(role('pmd', 0x4_0001n)).toBe('bad');
  expect(role('pte', 0x9001n)).toBe('leaf');
  expect(role('pte', 0x9000n)).toBe('not-present');
});
