import { describe, expect, test } from 'vitest';
import { type Entry, entry, type Level, type Neighbour, POISON, type Slot, StackArea, slotPlus } from '../src/index.ts';

const table = <L extends Level>(level: L, addr: bigint): Slot<L> => ({ level, space: 'memory', addr });
const pgd = table('pgd', 0x8000n);
const E = entry('pgd', 0x1234_5003n);

describe('a copy', () => {
  test('lies on the stack, and holds the entry', () => {
    const stack = new StackArea();
    const copy = stack.push(pgd, E);
    expect(copy).toEqual({ level: 'pgd', space: 'stack', addr: copy.addr });
    expect(stack.readOnce(copy)).toBe(E);
  });

  test('has a frame of its own, below that of the caller', () => {
    const stack = new StackArea();
    const first = stack.push(pgd, E);
    const second = stack.push(table('p4d', 0x9000n), entry('p4d', 7n));
    expect(first.addr - second.addr).toBe(0x40n);
    expect(stack.readOnce(first)).toBe(E);
    expect(stack.readOnce(second)).toBe(7n);
  });

  test('is read as whatever level it is taken for', () => {
    const stack = new StackArea();
    const copy = stack.push(pgd, E);
    const folded: Slot<'p4d'> = { ...copy, level: 'p4d' };
    expect(stack.readOnce(folded)).toBe(E);
    expect(stack.origin(folded)).toEqual({ ...pgd, level: 'p4d' });
  });

  test('is gone after its frame, and the next one takes its place', () => {
    const stack = new StackArea('zero');
    const copy = stack.push(pgd, E);
    stack.pop();
    expect(stack.origin(copy)).toBeUndefined();
    expect(stack.readOnce(copy)).toBe(0n);
    expect(stack.push(pgd, entry('pgd', 9n)).addr).toBe(copy.addr);
    expect(stack.readOnce(copy)).toBe(9n);
  });

  test('pop takes the newest, and of an empty stack nothing', () => {
    const stack = new StackArea('zero');
    stack.pop();
    const first = stack.push(pgd, E);
    const second = stack.push(pgd, entry('pgd', 9n));
    stack.pop();
    expect(stack.readOnce(first)).toBe(E);
    expect(stack.readOnce(second)).toBe(0n);
  });
});

describe('the origin', () => {
  test('of a table slot is the slot itself', () => {
    expect(new StackArea().origin(pgd)).toBe(pgd);
  });

  test('of a copy of a copy of a copy is the table slot that was read first', () => {
    const stack = new StackArea();
    const a = stack.push(pgd, E);
    const b = stack.push({ ...a, level: 'p4d' } as Slot<'p4d'>, E as never);
    const c = stack.push({ ...b, level: 'pud' } as Slot<'pud'>, E as never);
    expect(stack.origin(c)).toEqual({ level: 'pud', space: 'memory', addr: 0x8000n });
    expect(stack.origin(b)).toEqual({ level: 'p4d', space: 'memory', addr: 0x8000n });
  });

  test('of what lies beside a copy is unknown', () => {
    const stack = new StackArea();
    const copy = stack.push(pgd, E);
    expect(stack.origin(slotPlus(copy, 1n, 8))).toBeUndefined();
    expect(stack.origin(slotPlus(copy, -1n, 8))).toBeUndefined();
  });

  test('of a copy of what lay beside a copy is no table slot', () => {
    const stack = new StackArea();
    const stray = slotPlus(stack.push(pgd, E), 1n, 8);
    expect(stack.origin(stack.push(stray, E))?.space).toBe('stack');
  });

  test('of a copy does not depend on whether its table address is also a stack address', () => {
    const stack = new StackArea();
    const copy = stack.push(pgd, E);
    expect(stack.origin(table('pgd', copy.addr))).toEqual(table('pgd', copy.addr));
  });
});

describe('what lies beside a copy', () => {
  const beside = (neighbour: Neighbour, steps = 1n): Entry => {
    const stack = new StackArea(neighbour);
    stack.push(pgd, entry('pgd', 1n));
    return stack.readOnce(slotPlus(stack.push(pgd, E), steps, 8));
  };

  test('same: the newest entry again, as compilers leave it', () => {
    expect(new StackArea().neighbour).toBe('same');
    expect(beside('same')).toBe(E);
    expect(beside('same', 2n)).toBe(E);
    expect(beside('same', -1n)).toBe(E);
  });

  test('same: nothing at all on an empty stack is 0', () => {
    expect(new StackArea('same').readOnce({ level: 'pgd', space: 'stack', addr: 0x380_0000_8000n })).toBe(0n);
  });

  test('zero', () => {
    expect(beside('zero')).toBe(0n);
  });

  test('poison', () => {
    expect(beside('poison')).toBe(POISON);
    expect(POISON).toBe(0x5a5a_5a5a_5a5a_5a5an);
  });

  test('garbage: a word that depends on the place alone, the same in every run', () => {
    const words = Array.from({ length: 7 }, (_, i) => beside('garbage', BigInt(i + 1)));
    expect(new Set(words).size).toBe(7);
    expect(words).toEqual(Array.from({ length: 7 }, (_, i) => beside('garbage', BigInt(i + 1))));
    for (const word of words) expect(word).toBe(BigInt.asUintN(64, word));
    expect(words).not.toContain(E);
    expect(words).not.toContain(0n);
  });
});

test('eight slots beside a copy the next frame begins, and its copy is found there', () => {
  const stack = new StackArea('poison');
  stack.push(pgd, entry('pgd', 1n));
  const copy = stack.push(pgd, E);
  expect(Array.from({ length: 9 }, (_, i) => stack.readOnce(slotPlus(copy, BigInt(i), 8)))).toEqual([
    E,
    ...Array.from({ length: 7 }, () => POISON),
    1n,
  ]);
});
