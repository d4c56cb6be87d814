import { describe, expect, test } from 'vitest';
import {
  type Arch,
  ArchError,
  type ArchSpec,
  defineArch,
  type Entry,
  fastLimitOf,
  flatMemory,
  isTranslatable,
  limitOf,
  type Memory,
  type Mm,
  mmFromRoot,
  mmFromTable,
  paddr,
  readEntry,
  type Slot,
  taskSizeMax,
  topLevel,
  topOfRoot,
  translatedBits,
  UsageError,
  vaddr,
  writeEntry,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { toy3, toy3Spec, toy32, toyBoot, toyProcess } from './support/toys.ts';

const memory = flatMemory(new ArrayBuffer(0x100), 0x1000n);
const slot = (addr: bigint, space: Slot['space'] = 'memory'): Slot<'pgd'> => ({ level: 'pgd', space, addr });
const TOP = (1n << 64n) - 1n;

test('from the root register: the origin of the top table, and nothing but the origin', () => {
  expect(mmFromRoot(toyProcess, memory, 0xffff_0000_0000_1041n)).toEqual({
    arch: toyProcess,
    memory,
    pgd: 0x1040n,
    root: 0xffff_0000_0000_1041n,
  });
});

test('from the table alone: no register is known', () => {
  const mm = mmFromTable(toyProcess, memory, paddr(0x1040n));
  expect(mm).toEqual({ arch: toyProcess, memory, pgd: 0x1040n });
  expect(topOfRoot(mm)).toBeUndefined();
});

test('a register or table that is no word of 64 bits', () => {
  for (const bad of [-1n, TOP + 1n]) {
    expect(refused(UsageError, () => mmFromRoot(toy3, memory, bad)).code).toBe('address-range');
    expect(refused(UsageError, () => mmFromTable(toy3, memory, bad as never)).code).toBe('address-range');
  }
});

test('entries are read and written in the byte order and width of the architecture', () => {
  const bytes = new Uint8Array(16);
  const at = (arch: Arch) => mmFromTable(arch, flatMemory(bytes, 0x1000n), paddr(0x1000n));
  expect(writeEntry(at(toyProcess), slot(0x1000n), 0x0102_0304_0506_0708n as Entry<'pgd'>)).toBe(true);
  expect([...bytes.subarray(0, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(readEntry(at(toyProcess), slot(0x1000n))).toBe(0x0102_0304_0506_0708n);
  expect(readEntry(at(toy3), slot(0x1000n))).toBe(0x0807_0605_0403_0201n);
  expect(readEntry(at(toy32), slot(0x1004n))).toBe(0x0807_0605n);
  expect(writeEntry(at(toy32), slot(0x1004n), 0xffn as Entry<'pgd'>)).toBe(true);
  expect([...bytes.subarray(0, 12)]).toEqual([1, 2, 3, 4, 0xff, 0, 0, 0, 0, 0, 0, 0]);
});

test('outside memory there is nothing to read, and nothing is written', () => {
  const mm = mmFromTable(toy3, memory, paddr(0x1000n));
  expect(readEntry(mm, slot(0x10f8n))).toBe(0n);
  expect(readEntry(mm, slot(0x1100n))).toBeUndefined();
  expect(writeEntry(mm, slot(0x1100n), 1n as Entry<'pgd'>)).toBe(false);
});

test('a slot on the stack is not for memory to read or write', () => {
  const mm = mmFromTable(toy3, memory, paddr(0x1000n));
  const expected = { code: 'argument', argument: 'slot' };
  expect(refused(UsageError, () => readEntry(mm, slot(0x1000n, 'stack')))).toMatchObject(expected);
  expect(refused(UsageError, () => writeEntry(mm, slot(0x1000n, 'stack'), 1n as Entry<'pgd'>))).toMatchObject(expected);
});

describe('an entry of two words: low, high, and low again until it has not changed', () => {
  const twoWords = defineArch({ ...toy3Spec, entryRead: 'low-high-low' });
  /** Memory of one entry which a writer changes, as `change` says, before the n-th read. */
  const racing = (first: bigint, change: (n: number, now: bigint) => bigint) => {
    const reads: string[] = [];
    let now = first;
    const memory: Memory = {
      read(at, bytes) {
        now = change(reads.length, now);
        reads.push(`${at === 0x1000n ? 'low' : 'high'} ${bytes}`);
        return at === 0x1000n ? now & 0xffff_ffffn : now >> 32n;
      },
      write: () => false,
      pieces: [],
    };
    return { reads, entry: () => readEntry(mmFromTable(twoWords, memory, paddr(0x1000n)), slot(0x1000n)) };
  };
  const [OLD, NEW] = [0x1_8000_0041n, 0x2_9000_0041n];

  test('at rest: three reads of 4 bytes', () => {
    const { entry, reads } = racing(OLD, (_, now) => now);
    expect(entry()).toBe(OLD);
    expect(reads).toEqual(['low 4', 'high 4', 'low 4']);
  });

  test.each([
    ['before high is read', 1],
    ['before low is read again', 2],
  ])('replaced %s: the new one, never a mixture', (_, when) => {
    // A look at high again would see nothing in the first case: 0x2_8000_0041, an address that never was.
    const { entry, reads } = racing(OLD, (n, now) => (n === when ? NEW : now));
    expect(entry()).toBe(NEW);
    expect(reads).toHaveLength(6);
  });

  test('replaced afterwards: the old one', () => {
    expect(racing(OLD, (n, now) => (n === 3 ? NEW : now)).entry()).toBe(OLD);
  });

  test('one that changes at every look has no value, and the walker comes back', () => {
    const { entry, reads } = racing(OLD, (_, now) => now + 1n);
    expect(entry()).toBeUndefined();
    expect(reads.length).toBeLessThanOrEqual(200);
  });

  test('half of it outside memory', () => {
    const mm = mmFromTable(twoWords, flatMemory(new ArrayBuffer(4), 0x1000n), paddr(0x1000n));
    expect(readEntry(mm, slot(0x1000n))).toBeUndefined();
  });

  test('the low word of a big-endian entry is the second', () => {
    const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    const big = defineArch({ ...toy3Spec, byteOrder: 'big', entryRead: 'low-high-low' });
    expect(readEntry(mmFromTable(big, flatMemory(bytes, 0x1000n), paddr(0x1000n)), slot(0x1000n))).toBe(
      0x0102_0304_0506_0708n,
    );
  });

  test('entries of 4 bytes are one word', () => {
    const { code, message } = refused(ArchError, () => defineArch({ ...toy32.spec, entryRead: 'low-high-low' }));
    expect([code, message]).toEqual(['malformed', 'entryRead: an entry of 4 bytes is read in one load']);
  });
});

describe('the level of the top table', () => {
  test('is pgd, without a look at memory, where folding is not per process', () => {
    expect(topLevel(mmFromTable(toy3, memory, paddr(0x9000n)))).toBe('pgd');
    expect(topLevel(mmFromTable(toyBoot, memory, paddr(0x9000n)))).toBe('pgd');
  });

  test.each([
    [3n, 'pgd'],
    [2n, 'p4d'],
    [1n, 'pud'],
    [0n, 'pmd'],
  ] as const)('is what the type %d of slot 0 says, also of an empty one', (type, level) => {
    for (const raw of [type, type | 4n, type | 0xfff0n]) {
      const mm = mmFromTable(toyProcess, flatMemory(new ArrayBuffer(8), 0x1000n), paddr(0x1000n));
      writeEntry(mm, slot(0x1000n), raw as Entry<'pgd'>);
      expect(topLevel(mm)).toBe(level);
    }
  });

  test('is unknown where slot 0 lies outside memory', () => {
    expect(topLevel(mmFromTable(toyProcess, memory, paddr(0x9000n)))).toBeUndefined();
  });

  test('comes from what the walker reads, once', () => {
    const seen: Slot[] = [];
    const top = topLevel(mmFromTable(toyProcess, memory, paddr(0x1040n)), (at) => {
      seen.push(at);
      return 2n as never;
    });
    expect(top).toBe('p4d');
    expect(seen).toEqual([slot(0x1040n)]);
  });

  test.each([
    [3n, 'pgd'],
    [2n, 'p4d'],
    [1n, 'pud'],
    [0n, 'pmd'],
  ] as const)('as the type %d of the root register names it', (type, level) => {
    expect(topOfRoot(mmFromRoot(toyProcess, memory, 0x1000n | type))).toBe(level);
  });

  test('a register whose type no top level has names none', () => {
    const { pgd, pud } = toyProcess.spec.root.tops;
    const spec = { ...toyProcess.spec, root: { ...toyProcess.spec.root, tops: { pgd: pgd!, pud: pud! } } };
    expect(topOfRoot(mmFromRoot(defineArch(spec), memory, 0x1002n))).toBeUndefined();
    expect(topOfRoot(mmFromRoot(defineArch(spec), memory, 0x1001n))).toBe('pud');
  });
});

test('the end of user space goes with the top level', () => {
  const mm = mmFromTable(toyProcess, memory, paddr(0x1000n));
  expect((['pgd', 'p4d', 'pud', 'pmd'] as const).map((top) => limitOf(mm, top))).toEqual([
    1n << 27n,
    1n << 24n,
    1n << 21n,
    1n << 18n,
  ]);
  expect(limitOf(mm, 'pte')).toBe(0n);
});

describe('how far a lockless walk may go', () => {
  const of = (change: Partial<ArchSpec>, taskSize?: bigint) =>
    defineArch({
      ...toyProcess.spec,
      ...change,
      root: { ...toyProcess.spec.root, ...(taskSize !== undefined && { taskSizeMax: taskSize }) },
    });
  const tops = ['pgd', 'p4d', 'pud', 'pmd'] as const;
  const walks = (arch: Arch) => tops.map((top) => fastLimitOf({ arch }, top));
  const own = [1n << 27n, 1n << 24n, 1n << 21n, 1n << 18n];

  test('to the limit of its own top table, and a call to the highest of them', () => {
    expect([walks(toyProcess), taskSizeMax(toyProcess)]).toEqual([own, 1n << 27n]);
  });

  test('a kernel that says more lets calls go further, not walks', () => {
    const arch = of({}, 1n << 40n);
    expect([walks(arch), taskSizeMax(arch)]).toEqual([own, 1n << 40n]);
  });

  test('without a gup_fast_permitted as far as a call', () => {
    expect(walks(of({ gupFastPermitted: false }))).toEqual(Array(4).fill(1n << 27n));
    expect(walks(of({ gupFastPermitted: false }, 1n << 40n))).toEqual(Array(4).fill(1n << 40n));
  });

  test('what TASK_SIZE_MAX may not be: below the limit of a top table', () => {
    expect(() => of({}, (1n << 27n) - 1n)).toThrow('root.taskSizeMax: is below the limit of a top level');
    expect(taskSizeMax(of({}, 1n << 27n))).toBe(1n << 27n);
  });
});

test('how many address bits a top table translates', () => {
  expect((['pgd', 'p4d', 'pud', 'pmd'] as const).map((top) => translatedBits(toyProcess, top))).toEqual([
    27, 24, 21, 18,
  ]);
  expect(translatedBits(toy3, 'pgd')).toBe(21);
  // 24 bits of index, of which the definition says 22 are translated.
  expect(translatedBits(toyBoot, 'pgd')).toBe(22);
});

const lower = (arch: Arch): Mm => mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));

describe('which addresses a table can be asked for', () => {
  test('the upper half is asked of its own address space', () => {
    const upper = { ...lower(toyBoot), upper: true };
    for (const addr of [TOP, TOP - (1n << 22n) + 1n]) expect(isTranslatable(upper, 'pgd', vaddr(addr))).toBe(true);
    for (const addr of [0n, TOP - (1n << 22n)]) expect(isTranslatable(upper, 'pgd', vaddr(addr))).toBe(false);
  });

  test.each<[string, Arch, bigint[], bigint[]]>([
    ['zero', toyProcess, [0n, (1n << 27n) - 1n], [1n << 27n, 1n << 63n, TOP, TOP - (1n << 27n) + 1n]],
    [
      'sign',
      toy3,
      [0n, (1n << 20n) - 1n, TOP, TOP - (1n << 20n) + 1n],
      [1n << 20n, (1n << 21n) - 1n, 1n << 63n, TOP - (1n << 20n)],
    ],
    ['halves', toyBoot, [0n, (1n << 22n) - 1n], [1n << 22n, 1n << 63n, TOP - (1n << 22n), TOP - (1n << 22n) + 1n, TOP]],
  ])('%s', (_rule, arch, yes, no) => {
    for (const addr of yes) expect(isTranslatable(lower(arch), 'pgd', vaddr(addr)), addr.toString(16)).toBe(true);
    for (const addr of no) expect(isTranslatable(lower(arch), 'pgd', vaddr(addr)), addr.toString(16)).toBe(false);
  });

  test.each(['zero', 'sign', 'halves'] as const)('all of them, where 64 bits are translated: %s', (extend) => {
    const { pgd, pmd, pte } = toy3Spec.levels;
    const levels = {
      ...toy3Spec.levels,
      pgd: { ...pgd, bits: 20 },
      pmd: { ...pmd, bits: 20 },
      pte: { ...pte, bits: 12 },
    };
    const arch = defineArch({ ...toy3Spec, va: { extend }, levels });
    expect(translatedBits(arch, 'pgd')).toBe(64);
    for (const addr of [0n, (1n << 63n) - 1n, 1n << 63n, TOP])
      expect(isTranslatable(lower(arch), 'pgd', vaddr(addr))).toBe(true);
  });
});
