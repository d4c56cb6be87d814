/** Listings against `translate`, page by page; and what a listing owes its caller: order, bounds, nothing lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Access,
  type Arch,
  flatMemory,
  linuxMmu,
  type Machine,
  type Memory,
  type Merge,
  machine,
  type Paddr,
  type RangesItem,
  type RangesOptions,
  ranges,
  translate,
  UsageError,
  vaddr,
} from '../src/index.ts';
import { arbitrarySpace } from '../src/testing/index.ts';
import { BROKEN, type DeepState, deepMmu, GROUP, REAL, SHORT } from './support/deep-mmu.ts';
import { refused } from './support/refused.ts';
import { property } from './support/runs.ts';
import { countingMemory } from './support/space.ts';
import { LEAF, NX, RESERVED, toy3, toy32, toyBoot, toys, U, V, W, YOUNG } from './support/toys.ts';

const ACCESSES: readonly Access[] = ['read', 'write', 'execute'];
const ALL = { read: true, write: true, execute: true };
const CLEAN = { read: true, write: false, execute: true };
const NONE = { read: false, write: false, execute: false };
const ROOT = 0x1000n;

/** Memory from 0x1000 in which each address of `words` holds its word. */
function memoryOf(words: Readonly<Record<string, bigint>>, bytes = 0x1000): Memory {
  const memory = flatMemory(new ArrayBuffer(bytes), 0x1000n);
  for (const [at, word] of Object.entries(words))
    if (!memory.write(BigInt(at) as Paddr, 8, 'little', word)) throw new Error(`${at} lies outside memory`);
  return memory;
}
const full = (word: bigint): Memory =>
  memoryOf(Object.fromEntries(Array.from({ length: 512 }, (_, n) => [String(0x1000 + 8 * n), word])));

const mmu = (state: Partial<DeepState> = {}, arch: Arch = toy3): Machine => machine(deepMmu(arch), state);
const list = (memory: Memory, options?: RangesOptions, of: Machine = mmu(), root = ROOT): RangesItem[] => [
  ...ranges(of, memory, root, options),
];

/** Every page of a listing: where it lies and what may be done there, or what is wrong with it. */
function pagesOf(items: readonly RangesItem[]): [bigint, string][] {
  return items.flatMap((item) => {
    if (item.kind === 'cursor') return [];
    const count = Number(BigInt.asUintN(64, item.end - item.start) >> 12n);
    return Array.from({ length: count }, (_, n): [bigint, string] => {
      const offset = BigInt(n) << 12n;
      const addr = item.start + offset;
      if (item.kind === 'problem') return [addr, item.fault.name];
      if (item.refused !== undefined) return [addr, 'no access'];
      return [addr, `${item.paddr + offset} ${[item.user, item.supervisor].flatMap(Object.values)}`];
    });
  });
}

/** The same by translating each page. */
function translated(of: Machine, memory: Memory, root: bigint, pages: readonly bigint[]): [bigint, string][] {
  const privileges = [of.in({ user: true }), of.in({ user: false })];
  return pages.flatMap((addr): [bigint, string][] => {
    const answers = privileges.flatMap((one) =>
      ACCESSES.map((access) => translate(one, memory, { root, addr: vaddr(addr), access })),
    );
    const found = answers.find((one) => one.kind === 'address');
    if (found?.kind === 'address') return [[addr, `${found.paddr} ${answers.map(({ kind }) => kind === 'address')}`]];
    const last = answers.at(-1);
    const fault = last?.kind === 'fault' ? last.name : '';
    if (fault === 'absent' || fault === 'short') return [];
    return [[addr, fault === 'protection' || fault === 'old' ? 'no access' : fault]];
  });
}

const pagesFrom = (start: bigint, end: bigint): bigint[] =>
  Array.from({ length: Number((end - start) >> 12n) }, (_, n) => start + (BigInt(n) << 12n));
const SPACE = 1n << 64n;

describe('against translate, page by page', () => {
  const table = fc.tuple(fc.integer({ min: 0, max: 0x41 }), fc.constantFrom(0n, NX, SHORT, YOUNG));
  const flags = fc.constantFrom(0n, W, U, NX, YOUNG, W | U, W | YOUNG, U | YOUNG, W | U | YOUNG, W | U | NX | YOUNG);
  const large = fc.tuple(fc.nat(7), flags, fc.constantFrom(0n, SHORT));
  const word = fc.oneof(
    { arbitrary: table.map(([n, more]) => V | (0x1000n + 0x40n * BigInt(n)) | more), weight: 5 },
    { arbitrary: fc.tuple(fc.nat(63), flags).map(([n, more]) => V | (BigInt(n) << 12n) | more), weight: 3 },
    { arbitrary: large.map(([n, more, short]) => V | LEAF | (BigInt(n) << 15n) | more | short), weight: 2 },
    { arbitrary: fc.constantFrom(0n, YOUNG, V | RESERVED, V | GROUP | 0x8000n), weight: 2 },
  );
  const memories = fc.array(word, { minLength: 512, maxLength: 512 }).map((words) => {
    return memoryOf(Object.fromEntries(words.map((raw, n) => [String(0x1000 + 8 * n), raw])));
  });
  const states = fc.record({ flag: fc.boolean(), smep: fc.boolean(), closed: fc.boolean(), user: fc.boolean() });
  const merge = fc.constantFrom<Merge>('page', 'size', 'any');

  test.each<[string, Arch, bigint[], bigint]>([
    ['sign-extended', toy3, [...pagesFrom(0n, 1n << 20n), ...pagesFrom(SPACE - (1n << 20n), SPACE)], 0n],
    ['the lower half of two', toyBoot, pagesFrom(0n, 1n << 22n), 0n],
    ['the upper half of two', toyBoot, pagesFrom(SPACE - (1n << 22n), SPACE), 1n << 63n],
  ])('%s', (_what, arch, pages, start) => {
    fc.assert(
      fc.property(memories, states, merge, (memory, state, how) => {
        const items = list(memory, { start: vaddr(start), merge: how }, mmu(state, arch));
        expect(pagesOf(items)).toEqual(translated(mmu(state, arch), memory, ROOT, pages));
      }),
      { ...property, numRuns: property.numRuns / 10 },
    );
  });

  test.each(toys.map((arch) => [arch.id, arch] as const))(
    'what was built, by the kernel’s reading: %s',
    (_id, arch) => {
      fc.assert(
        fc.property(arbitrarySpace(arch), ({ mm, mappings }) => {
          const of = machine(linuxMmu(arch));
          const start = vaddr(mm.upper ? 1n << 63n : 0n);
          const root = mm.root ?? 0n;
          for (const item of ranges(of, mm.memory, root, { start, merge: 'any' })) {
            if (item.kind !== 'mapped') throw new Error(`${item.kind} in a space that was built`);
            for (const addr of [item.start, vaddr(BigInt.asUintN(64, item.end - 1n))]) {
              const answer = translate(of, mm.memory, { root, addr, access: 'read' });
              expect(answer).toMatchObject({ kind: 'address', paddr: item.paddr + (addr - item.start) });
            }
          }
          for (const { addr } of mappings) {
            const answer = translate(of, mm.memory, { root, addr: vaddr(addr), access: 'read' });
            const one = list(mm.memory, { start: vaddr(addr), end: vaddr(addr + 1n) }, of, root);
            const paddr = answer.kind === 'address' ? [answer.paddr] : [];
            expect(one.map((item) => item.kind === 'mapped' && item.paddr)).toEqual(paddr);
          }
        }),
        property,
      );
    },
  );
});

// pgd[0] -> pmd at 0x1040; pmd[0] -> ptes at 0x1100; pmd[1] is a page of 32 KiB; pmd[2] -> ptes at 0x1140.
const WORDS = {
  '0x1000': V | 0x1040n,
  '0x1040': V | 0x1100n,
  '0x1048': V | LEAF | U | W | YOUNG | 0x10000n,
  '0x1050': V | 0x1140n,
  '0x1108': V | U | W | YOUNG | 0x9000n,
  '0x1130': V | U | W | YOUNG | 0xe000n,
  '0x1138': V | U | W | YOUNG | 0xf000n,
  '0x1140': V | U | YOUNG | 0x18000n,
};
const memory = memoryOf(WORDS);
const range = (start: bigint, end: bigint, paddr: bigint, level: string, pageSize: bigint, rights = ALL) => ({
  ...{ kind: 'mapped', start, end, paddr, level, pageSize, user: rights, supervisor: rights },
});

describe('which neighbours are one', () => {
  test.each<[boolean | Merge, object[]]>([
    [
      false,
      [
        range(0x1000n, 0x2000n, 0x9000n, 'pte', 0x1000n),
        range(0x6000n, 0x7000n, 0xe000n, 'pte', 0x1000n),
        range(0x7000n, 0x8000n, 0xf000n, 'pte', 0x1000n),
        range(0x8000n, 0x10000n, 0x10000n, 'pmd', 0x8000n),
        range(0x10000n, 0x11000n, 0x18000n, 'pte', 0x1000n, CLEAN),
      ],
    ],
    [
      true,
      [
        range(0x1000n, 0x2000n, 0x9000n, 'pte', 0x1000n),
        range(0x6000n, 0x8000n, 0xe000n, 'pte', 0x1000n),
        range(0x8000n, 0x10000n, 0x10000n, 'pmd', 0x8000n),
        range(0x10000n, 0x11000n, 0x18000n, 'pte', 0x1000n, CLEAN),
      ],
    ],
    [
      'any',
      [
        range(0x1000n, 0x2000n, 0x9000n, 'pte', 0x1000n),
        range(0x6000n, 0x10000n, 0xe000n, 'pte', 0x1000n),
        range(0x10000n, 0x11000n, 0x18000n, 'pte', 0x1000n, CLEAN),
      ],
    ],
  ])('merge: %s', (merge, expected) => {
    expect(list(memory, { merge })).toEqual(expected);
  });

  test('the slots of one larger page, and not those of two', () => {
    const group = (frame: bigint) => V | GROUP | U | W | YOUNG | frame;
    const words = { '0x1000': V | 0x1040n, '0x1040': V | 0x1100n };
    const slots = [0x8000n, 0x8000n, 0x8000n, 0x8000n, 0xc000n, 0xc000n, 0xc000n, 0xc000n].map(
      (frame, n) => [String(0x1100 + 8 * n), group(frame)] as const,
    );
    expect(list(memoryOf({ ...words, ...Object.fromEntries(slots) }))).toEqual([
      range(0n, 0x4000n, 0x8000n, 'pte', 0x4000n),
      range(0x4000n, 0x8000n, 0xc000n, 'pte', 0x4000n),
    ]);
  });
});

describe('a part of the space', () => {
  test('what crosses an end of the window is cut there, and keeps its place', () => {
    expect(list(memory, { start: vaddr(0x7800n), end: vaddr(0x9000n) })).toEqual([
      range(0x7800n, 0x8000n, 0xf800n, 'pte', 0x1000n),
      range(0x8000n, 0x9000n, 0x10000n, 'pmd', 0x8000n),
    ]);
  });

  test('an end of 0 is 2^64, as in the last page of a listing', () => {
    const last = memoryOf({ '0x1018': V | 0x1040n, '0x10b8': V | LEAF | U | W | YOUNG | 0x8000n });
    expect(list(last)).toEqual([range(SPACE - 0x8000n, 0n, 0x8000n, 'pmd', 0x8000n)]);
    expect(list(last, { end: vaddr(SPACE - 1n) })).toHaveLength(1);
    expect(list(last, { end: vaddr(SPACE - 0x8000n) })).toEqual([]);
  });

  test('a window in the hole of a sign-extended space is empty', () => {
    expect(list(full(V | 0x1000n), { start: vaddr(1n << 20n), end: vaddr(1n << 63n) })).toEqual([]);
  });

  test.each<[string, RangesOptions]>([
    ['range-reversed', { start: vaddr(2n), end: vaddr(1n) }],
    ['argument', { budget: 0 }],
    ['argument', { budget: 1.5 }],
  ])('a call that makes no sense is refused at once: %s', (code, options) => {
    expect(refused(UsageError, () => ranges(mmu(), memory, ROOT, options)).code).toBe(code);
  });
});

describe('the budget', () => {
  test.each([1, 2, 3, 7, 40])(
    'of %d slots: with the cursor the next listing goes on, nothing lost or twice',
    (budget) => {
      const whole = full(V | U | YOUNG | 0x1000n);
      const items: RangesItem[] = [];
      let start = vaddr(0n);
      for (let calls = 0; calls < 600; calls++) {
        const counted = countingMemory(whole);
        const part = list(counted, { start, budget });
        expect(counted.reads).toBeLessThanOrEqual(Math.max(budget, 3));
        const cursor = part.at(-1);
        items.push(...part.filter(({ kind }) => kind !== 'cursor'));
        if (cursor?.kind !== 'cursor') break;
        expect(cursor.next).toBeGreaterThan(start);
        start = cursor.next;
      }
      expect(pagesOf(items)).toEqual(pagesOf(list(whole)));
      expect(pagesOf(items)).toHaveLength(512);
    },
  );

  test('bounds what a table yields that designates itself 1024 times', () => {
    const itself = flatMemory(new ArrayBuffer(0x1000), 0x1000n);
    for (let at = 0x1000n; at < 0x2000n; at += 4n) itself.write(at as Paddr, 4, 'little', V | (1n << 10n));
    const items = list(itself, { merge: 'any', budget: 5000 }, machine(linuxMmu(toy32)), 1n);
    expect(items.at(-1)?.kind).toBe('cursor');
    expect(items.slice(0, -1).every(({ kind }) => kind === 'mapped')).toBe(true);
    // To 1024 ptes come the slot of the pgd, and the look at the root for it.
    expect(items.at(-1)).toEqual({ kind: 'cursor', next: BigInt(5000 - 5 * 2) << 12n });
  });

  test('nothing is read before the first part is asked for, nor more than it takes', () => {
    const counted = countingMemory(memory);
    const parts = ranges(mmu(), counted, ROOT);
    expect(counted.reads).toBe(0);
    // pgd[0], pmd[0], pte[0], pte[1], and the way to pte[6], whose range shows that the first has ended.
    expect(parts.next().value).toMatchObject({ start: 0x1000n });
    expect(counted.reads).toBe(9);
  });
});

describe('tables that nobody should have built', () => {
  test('a table full of the same pointer maps what it maps, every page', () => {
    // The table designates itself at each level; the last takes the pointer for a page.
    const counted = countingMemory(full(V | U | W | YOUNG | 0x1000n));
    const items = list(counted);
    expect(items).toHaveLength(512);
    expect(items.every((item) => item.kind === 'mapped' && item.paddr === 0x1000n)).toBe(true);
    expect(counted.reads).toBe(4 + 64 + 512);
  });

  test('a table outside memory is one problem, however many its slots', () => {
    const items = list(memoryOf({ '0x1000': V | 0x1040n, '0x1040': V | 0x9000n, '0x1048': V | 0xa000n }));
    const problem = (start: bigint, table: bigint) => ({
      ...{ kind: 'problem', problem: 'unreadable', level: 'pte', start, end: start + 0x8000n, table, at: table },
      ...{ why: 'the entry lies outside memory', fault: { name: 'bus', code: 6n } },
    });
    expect(items).toEqual([problem(0n, 0x9000n), problem(0x8000n, 0xa000n)]);
  });

  test('a table that ends with memory maps what is left of it', () => {
    const end = memoryOf({ '0x1000': V | 0x1fc0n, '0x1fc0': V | LEAF | YOUNG, '0x1ff8': V | LEAF | YOUNG });
    expect(list(end).map(({ kind }) => kind)).toEqual(['mapped', 'mapped', 'problem']);
  });

  test('an entry that breaks a rule is a problem; one that says that nothing is there is none', () => {
    const entry = V | RESERVED;
    const items = list(memoryOf({ '0x1000': V | 0x1040n, '0x1040': YOUNG | RESERVED, '0x1048': entry }));
    expect(items).toEqual([
      {
        ...{ kind: 'problem', problem: 'broken-rule', level: 'pmd', start: 0x8000n, end: 0x10000n, entry },
        ...{ table: 0x1040n, at: 0x1048n, why: 'bit 48 is not 0', fault: { name: 'reserved', code: 2n } },
      },
    ]);
  });
});

test('an entry may bound the table below it: what lies beyond is not read', () => {
  const counted = countingMemory(memoryOf({ '0x1000': V | SHORT | 0x1040n, '0x10b8': V | LEAF | YOUNG }));
  expect(list(counted, { end: vaddr(1n << 19n) })).toEqual([]);
  expect(counted.reads).toBe(1 + 8);
});

test('a root without tables maps every address to itself', () => {
  const items = list(memory, { start: vaddr(0x5000n), budget: 3, merge: true }, mmu(), REAL);
  const range = { start: 0x5000n, end: 0x8000n, paddr: 0x5000n, pageSize: 0x1000n, user: ALL, supervisor: ALL };
  expect(items).toEqual([
    { kind: 'mapped', ...range },
    { kind: 'cursor', next: 0x8000n },
  ]);
});

describe('rights', () => {
  const page = (raw: bigint, state: Partial<DeepState>) =>
    list(memoryOf({ '0x1000': V | 0x1040n, '0x1040': raw | V | LEAF }), {}, mmu(state))[0];

  test.each<[string, bigint, Partial<DeepState>, object]>([
    ['of a user page', U | W | YOUNG, {}, { user: ALL, supervisor: ALL }],
    ['of a kernel page', W | YOUNG, {}, { user: NONE, supervisor: ALL }],
    ['whichever privilege the machine is in', W | YOUNG, { user: true }, { user: NONE, supervisor: ALL }],
    ['that the whole path takes', U | W | YOUNG, { smep: true }, { supervisor: { ...ALL, execute: false } }],
    ['where user space begins no walk', U | W | YOUNG, { closed: true }, { user: NONE, supervisor: ALL }],
    ['of an old page', U | W, { flag: true }, { user: NONE, supervisor: NONE, refused: 'the page is old' }],
  ])('%s', (_what, raw, state, expected) => {
    expect(page(raw, state)).toMatchObject(expected);
  });

  test('are lost on the way down too', () => {
    const taken = memoryOf({ '0x1000': V | NX | 0x1040n, '0x1040': V | LEAF | U | W | YOUNG });
    expect(list(taken)[0]).toMatchObject({ user: { ...ALL, execute: false }, supervisor: { ...ALL, execute: false } });
  });
});

test('where no walk begins at all, that is said, once', () => {
  const why = 'the root is broken';
  expect(list(memory, { start: vaddr(0x5000n) }, mmu(), ROOT | BROKEN)).toEqual([
    { kind: 'problem', problem: 'no-walk', start: 0x5000n, end: 0n, why, fault: { name: 'absent', code: 1n } },
  ]);
});
