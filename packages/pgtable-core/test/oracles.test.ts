import { describe, expect, test } from 'vitest';
import {
  type Entry,
  isAddressCorrect,
  keepsLaw,
  mmFromTable,
  paddr,
  pXdAddrEnd,
  pXdAddrEndOf,
  pXdOffset,
  type RangeStep,
  readEntry,
  type Slot,
  StackArea,
  type Stepper,
  slotOf,
  slotPlus,
  type UpperLevel,
  type Visit,
  vaddr,
} from '../src/index.ts';
import { tables } from './support/tables.ts';
import { toyProcess } from './support/toys.ts';

/** Three levels: pud[0] -> pmd table at 0x1040, whose slot 1 -> pte table at 0x1080. */
const mm = tables(toyProcess, 0x1000n, { '0x1000': 0x1041n, '0x1008': 0x1041n, '0x1048': 0x1080n });
const slot = <L extends Slot['level']>(level: L, addr: bigint, space: Slot['space'] = 'memory'): Slot<L> => ({
  level,
  space,
  addr,
});

describe('the slot of an address, from the top and by real pointers', () => {
  test.each([
    ['pgd', 0x1008n],
    ['p4d', 0x1008n],
    ['pud', 0x1008n],
    ['pmd', 0x1048n],
    ['pte', 0x1090n],
  ] as const)('at %s', (level, addr) => {
    expect(slotOf(mm, vaddr(0x4_a000n), level)).toEqual(slot(level, addr));
  });

  test('is none where no table translates the address, though its indexes find one', () => {
    expect(slotOf(mm, vaddr(0x4_a000n + (1n << 21n)), 'pte')).toBeUndefined();
    expect(slotOf(mm, vaddr((1n << 21n) - 1n), 'pud')).toBeDefined();
    expect(slotOf(mm, vaddr(1n << 21n), 'pud')).toBeUndefined();
  });

  test('is unknown behind a slot that lies outside memory, and known at it', () => {
    const lost = mmFromTable(toyProcess, mm.memory, paddr(0x8000n));
    expect(slotOf(lost, vaddr(0n), 'pgd')).toEqual(slot('pgd', 0x8000n));
    expect(slotOf(lost, vaddr(0n), 'p4d')).toBeUndefined();
  });
});

describe('address-correct', () => {
  const stack = new StackArea();
  const addr = vaddr(0x4_a000n);

  test('is the slot itself, and no other', () => {
    expect(isAddressCorrect(mm, stack, slot('pud', 0x1008n), addr)).toBe(true);
    expect(isAddressCorrect(mm, stack, slot('pud', 0x1000n), addr)).toBe(false);
    expect(isAddressCorrect(mm, stack, slot('pmd', 0x1048n), addr)).toBe(true);
    expect(isAddressCorrect(mm, stack, slot('pmd', 0x1050n), addr)).toBe(false);
  });

  test('is a live copy of that slot, and not what lies beside it', () => {
    const right = stack.push(slot('p4d', 0x1008n), 0x1041n as Entry<'p4d'>);
    const wrong = stack.push(slot('p4d', 0x1000n), 0x1041n as Entry<'p4d'>);
    expect(isAddressCorrect(mm, stack, { ...right, level: 'pud' }, addr)).toBe(true);
    // The same value, read from the wrong slot.
    expect(isAddressCorrect(mm, stack, { ...wrong, level: 'pud' }, addr)).toBe(false);
    expect(isAddressCorrect(mm, stack, { ...slotPlus(right, 1n, 8), level: 'pud' }, addr)).toBe(false);
    stack.pop();
    stack.pop();
    expect(isAddressCorrect(mm, stack, { ...right, level: 'pud' }, addr)).toBe(false);
  });

  test('is not a slot where memory ends before it', () => {
    const lost = mmFromTable(toyProcess, mm.memory, paddr(0x8000n));
    expect(isAddressCorrect(lost, stack, slot('pmd', 0x1048n), addr)).toBe(false);
  });
});

describe('the law', () => {
  const real: Stepper = {
    name: 'real',
    descend: (of, { slot, entry }, addr) => pXdOffset(of, slot, entry, addr),
    boundary: (of, level, _entry, addr, end) => pXdAddrEnd(of, level, addr, end),
  };
  /** A step at `at`, from the visit of `parent`, with the boundary that the stepper gives. */
  const step = (stepper: Stepper, at: Slot<UpperLevel>, parent: Slot<UpperLevel> | undefined, end = 0x8_0000n) => {
    const entry = readEntry(mm, at)!;
    const addr = vaddr(0x3_f000n);
    const next = stepper.boundary(mm, at.level, entry, addr, vaddr(end));
    const made: RangeStep = { slot: at, entry, addr, next, end: vaddr(end) };
    if (!parent) return made;
    const copy = { ...parent, space: 'stack' } as const;
    const visit: Visit = { slot: parent, copy, entry: readEntry(mm, parent)! };
    return { ...made, parent: visit };
  };
  const top = slot('pgd', 0x1000n);
  const p4d = slot('p4d', 0x1000n);
  const pud = slot('pud', 0x1000n);

  test('holds where the loop ends', () => {
    expect(keepsLaw(mm, real, step(real, pud, p4d, 0x4_0000n))).toBe(true);
  });

  test('is broken where a folded level goes on: its offset is still the parent pointer', () => {
    expect(keepsLaw(mm, real, step(real, pud, p4d))).toBe(false);
  });

  test('holds at pgd where the next slot is that of the next address', () => {
    const aware = { ...real, boundary: pXdAddrEndOf };
    expect(keepsLaw(mm, aware, step(aware, top, undefined))).toBe(true);
  });

  test('is broken at pgd where the next slot is that of an address further on', () => {
    const near: Stepper = { ...real, boundary: (_mm, _level, _entry, addr) => vaddr(addr + 0x1_1000n) };
    expect(keepsLaw(mm, near, step(near, top, undefined, 0x10_0000n))).toBe(true);
    const far: Stepper = { ...real, boundary: (_mm, _level, _entry, addr) => vaddr(addr + 0x4_1000n) };
    expect(keepsLaw(mm, far, step(far, top, undefined, 0x10_0000n))).toBe(false);
  });

  test('holds in a real table', () => {
    expect(keepsLaw(mm, real, step(real, slot('pmd', 0x1048n), pud, 0x4_0000n))).toBe(true);
    const inside: RangeStep = {
      ...step(real, slot('pmd', 0x1048n), pud, 0x4_0000n),
      addr: vaddr(0x8000n),
      next: vaddr(0x1_0000n),
    };
    expect(keepsLaw(mm, real, inside)).toBe(true);
    expect(keepsLaw(mm, real, { ...inside, next: vaddr(0x1_8000n) })).toBe(false);
  });
});
