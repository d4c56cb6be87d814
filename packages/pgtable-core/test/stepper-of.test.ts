import { describe, expect, test } from 'vitest';
import {
  type Entry,
  type Form,
  flatMemory,
  mmFromTable,
  paddr,
  pXdAddrEnd,
  pXdAddrEndOf,
  pXdOffsetAgain,
  stepperOf,
  vaddr,
} from '../src/index.ts';
import { toy3, toyProcess } from './support/toys.ts';

const memory = flatMemory(new ArrayBuffer(0x100), 0x1000n);
const level: Form = { boundary: 'level', descent: 'slot' };
const visit = {
  slot: { level: 'pgd', space: 'memory', addr: 0x1028n },
  copy: { level: 'pgd', space: 'stack', addr: 0x7000n },
  entry: 0x5001n as Entry<'pgd'>,
} as const;
const never = (): never => {
  throw new Error('no read was asked for');
};

/** Where the form goes down to, below an entry that is folded by its value (type 1), and by which reads. */
function down(form: Form, arch = toyProcess, again?: bigint) {
  const reads: unknown[] = [];
  const readOnce = <T>(slot: T) => {
    reads.push(slot);
    return again as never;
  };
  return {
    slot: stepperOf(form, 'said').descend(mmFromTable(arch, memory, paddr(0x1000n)), visit, vaddr(0n), readOnce),
    reads,
  };
}

describe('descent', () => {
  test.each([
    ['copy', 'stack'],
    ['lockless', 'memory'],
    ['slot', 'memory'],
  ] as const)('%s of a folded level hands on one in %s', (descent, space) => {
    expect(down({ ...level, descent }).slot).toMatchObject({ level: 'p4d', space });
    expect(down({ ...level, descent }).reads).toEqual([]);
  });

  test('read again: by the second value, which makes the level a real one here', () => {
    const { slot, reads } = down({ ...level, reads: 'again' }, toyProcess, 0x6003n);
    expect(slot).toEqual({ level: 'p4d', space: 'memory', addr: 0x6000n });
    expect(reads).toEqual([visit.slot]);
  });

  test('read again in vain: no slot', () => {
    expect(down({ ...level, reads: 'again' }).slot).toBeUndefined();
    expect(pXdOffsetAgain(mmFromTable(toyProcess, memory, paddr(0x1000n)), visit, vaddr(0n), () => undefined)).toBe(
      undefined,
    );
  });

  test('a level that is folded for every entry takes no second read', () => {
    const mm = mmFromTable(toy3, memory, paddr(0x1000n));
    const wanted = { ...visit.slot, level: 'p4d' };
    expect(stepperOf({ ...level, reads: 'again' }, 'said').descend(mm, visit, vaddr(0n), never)).toEqual(wanted);
    expect(pXdOffsetAgain(mm, visit, vaddr(0n), never)).toEqual(wanted);
  });
});

test('boundary: by the level or by the entry, where they differ', () => {
  const mm = mmFromTable(toyProcess, memory, paddr(0x1000n));
  const args = ['pgd', 0x5000n as Entry<'pgd'>, vaddr(0n), vaddr(0x10_0000n)] as const;
  const [, entry, addr, end] = args;
  const ends = (['level', 'entry'] as const).map((boundary) =>
    stepperOf({ ...level, boundary }, 'said').boundary(mm, ...args),
  );
  expect(ends).toEqual([pXdAddrEnd(mm, 'pgd', addr, end), pXdAddrEndOf(mm, 'pgd', entry, addr, end)]);
  expect(ends[0]).not.toBe(ends[1]);
});
