import { describe, expect, test } from 'vitest';
import {
  defineArch,
  type Entry,
  entry,
  eq,
  flatMemory,
  isAlwaysFolded,
  isFolded,
  LEVELS,
  mmFromRoot,
  mmFromTable,
  paddr,
  pgdOffset,
  pXdOffset,
  pXdOffsetLockless,
  type Slot,
  type Space,
  topLevel,
  type UpperLevel,
  vaddr,
  writeEntry,
} from '../src/index.ts';
import { toy3, toy32, toyBoot, toyProcess, toyProcessSpec } from './support/toys.ts';

const memory = flatMemory(new ArrayBuffer(0x100), 0x1000n);
const at = (arch = toyProcess) => mmFromTable(arch, memory, paddr(0x1000n));
const slot = <L extends UpperLevel>(level: L, addr: bigint): Slot<L> => ({ level, space: 'memory', addr });
const onStack = <L extends UpperLevel>(level: L, addr: bigint): Slot<L, 'stack'> => ({ level, space: 'stack', addr });
const placed = <L extends UpperLevel>(level: L, addr: bigint, space: Space): Slot<L> => ({ level, space, addr });

/** An address whose index is 1 at pte, 2 at pmd, 3 at pud, 4 at p4d and 5 at pgd of the toy that folds per process. */
const ADDR = vaddr((5n << 24n) | (4n << 21n) | (3n << 18n) | (2n << 15n) | (1n << 12n) | 0x678n);

test('always folded: at build time and at boot, not per process', () => {
  expect(LEVELS.filter((level) => isAlwaysFolded(toy3, level))).toEqual(['p4d', 'pud']);
  expect(LEVELS.filter((level) => isAlwaysFolded(toy32, level))).toEqual(['p4d', 'pud', 'pmd']);
  expect(LEVELS.filter((level) => isAlwaysFolded(toyBoot, level))).toEqual(['p4d', 'pud']);
  expect(LEVELS.filter((level) => isAlwaysFolded(toyProcess, level))).toEqual([]);
});

test('per process: a level is folded below an entry of a lower type than its own table has', () => {
  const folded = (type: bigint) =>
    (['p4d', 'pud', 'pmd'] as const).filter((level) => isFolded(at(), level, (type | 0xff00n) as Entry));
  expect(folded(3n)).toEqual([]);
  expect(folded(2n)).toEqual(['p4d']);
  expect(folded(1n)).toEqual(['p4d', 'pud']);
  expect(folded(0n)).toEqual(['p4d', 'pud', 'pmd']);
  expect(isFolded(at(), 'pte', 0n as Entry)).toBe(false);
});

test('a fold may look at the root register, which is 0 where it is unknown', () => {
  const { pud } = toyProcessSpec.levels;
  const levels = { ...toyProcessSpec.levels, pud: { ...pud, fold: { ...pud.fold!, if: eq('root', 0x1002n) } } };
  const arch = defineArch({ ...toyProcessSpec, levels });
  expect(isFolded(mmFromRoot(arch, memory, 0x1002n), 'pud', 3n as Entry)).toBe(true);
  expect(isFolded(mmFromRoot(arch, memory, 0x1003n), 'pud', 3n as Entry)).toBe(false);
  expect(isFolded(at(arch), 'pud', 3n as Entry)).toBe(false);
});

describe('pgd_offset', () => {
  test.each([
    [3n, 5n],
    [2n, 4n],
    [1n, 3n],
    [0n, 2n],
  ])('is indexed by the type %d of slot 0', (type, index) => {
    const mm = at();
    writeEntry(mm, slot('pgd', 0x1000n), entry('pgd', type | 4n));
    expect(pgdOffset(mm, ADDR)).toEqual(slot('pgd', 0x1000n + 8n * index));
  });

  test('reads slot 0 through the reader it is given, once, and only where folding is per process', () => {
    const seen: bigint[] = [];
    const readOnce = (s: Slot): never => {
      seen.push(s.addr);
      return 2n as never;
    };
    expect(pgdOffset(at(), ADDR, topLevel(at(), readOnce)).addr).toBe(0x1000n + 8n * 4n);
    expect(seen).toEqual([0x1000n]);
    expect(pgdOffset(at(toy3), vaddr(3n << 19n), topLevel(at(toy3), readOnce)).addr).toBe(0x1018n);
    expect(seen).toEqual([0x1000n]);
  });

  test('is slot 0 itself where that cannot be read', () => {
    expect(pgdOffset(mmFromTable(toyProcess, memory, paddr(0x9000n)), ADDR)).toEqual(slot('pgd', 0x9000n));
  });

  test('elsewhere takes the index bits of pgd, and none above them', () => {
    expect(pgdOffset(at(toy3), vaddr(0xffff_ffff_ffff_ffffn)).addr).toBe(0x1018n);
    expect(pgdOffset(at(toy3), vaddr((1n << 21n) | (2n << 19n))).addr).toBe(0x1010n);
    expect(pgdOffset(at(toy32), vaddr(0x00c0_0000n)).addr).toBe(0x100cn);
  });
});

describe('pXd_offset', () => {
  test('of a real level: the table that the entry designates, wherever the entry was read', () => {
    for (const space of ['memory', 'stack'] as const) {
      expect(pXdOffset(at(), placed('pgd', 0x1028n, space), entry('pgd', 0x5003n), ADDR)).toEqual({
        level: 'p4d',
        space: 'memory',
        addr: 0x5020n,
      });
      expect(pXdOffset(at(), placed('pmd', 0x1028n, space), entry('pmd', 0x5040n), ADDR)).toEqual({
        level: 'pte',
        space: 'memory',
        addr: 0x5048n,
      });
    }
  });

  test('of a folded level: the very pointer, whatever the address', () => {
    for (const space of ['memory', 'stack'] as const)
      for (const addr of [ADDR, vaddr(0n)]) {
        expect(pXdOffset(at(), placed('pgd', 0x1028n, space), entry('pgd', 0x5001n), addr)).toEqual({
          level: 'p4d',
          space,
          addr: 0x1028n,
        });
        expect(pXdOffset(at(toy3), placed('p4d', 0x1008n, space), entry('p4d', 0x5001n), addr)).toEqual({
          level: 'pud',
          space,
          addr: 0x1008n,
        });
      }
  });

  test('of a level folded in middle style at boot: the table that the pointer lies in, indexed anew', () => {
    const addr = vaddr(5n << 19n);
    for (const from of [0x1040n, 0x1048n, 0x1078n])
      expect(pXdOffset(at(toyBoot), slot('p4d', from), entry('p4d', 0n), addr)).toEqual({
        level: 'pud',
        space: 'memory',
        addr: 0x1068n,
      });
    // A pointer to a local copy gives a place on the stack: fatal at its first use.
    expect(pXdOffset(at(toyBoot), onStack('p4d', 0x1048n), entry('p4d', 0n), addr)).toEqual({
      level: 'pud',
      space: 'stack',
      addr: 0x1068n,
    });
  });

  test('entries of 4 bytes', () => {
    expect(pXdOffset(at(toy32), slot('pmd', 0x1000n), entry('pmd', 0x0c01n), vaddr(0x5000n)).addr).toBe(0x3014n);
  });
});

describe('pXd_offset_lockless, as merged', () => {
  const real = slot('pgd', 0x1028n);
  const copy = onStack('pgd', 0x7000n);

  test('middle style takes the pointer', () => {
    expect(pXdOffsetLockless(at(), { slot: real, copy, entry: entry('pgd', 0x5001n) }, ADDR)).toEqual({
      ...real,
      level: 'p4d',
    });
    const p4d = { ...real, level: 'p4d' } as Slot<'p4d'>;
    const p4dCopy = onStack('p4d', copy.addr);
    expect(
      pXdOffsetLockless(at(toyBoot), { slot: p4d, copy: p4dCopy, entry: entry('p4d', 0n) }, vaddr(5n << 19n)).space,
    ).toBe('memory');
  });

  test('elsewhere the generic form takes the address of its copy, and a folded level hands that on', () => {
    expect(pXdOffsetLockless(at(toy3), { slot: real, copy, entry: entry('pgd', 1n) }, ADDR)).toEqual({
      ...copy,
      level: 'p4d',
    });
    expect(pXdOffsetLockless(at(toyBoot), { slot: real, copy, entry: entry('pgd', 1n) }, ADDR)).toEqual({
      ...copy,
      level: 'p4d',
    });
  });

  test('a real level has one answer', () => {
    const answer = { level: 'p4d', space: 'memory', addr: 0x5020n };
    expect(pXdOffsetLockless(at(), { slot: real, copy, entry: entry('pgd', 0x5003n) }, ADDR)).toEqual(answer);
  });
});
