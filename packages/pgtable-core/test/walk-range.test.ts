import { describe, expect, test } from 'vitest';
import {
  type Mm,
  pXdAddrEnd,
  pXdAddrEndOf,
  pXdOffset,
  type RangeStep,
  type RangeVisitor,
  type ReadOnce,
  readEntry,
  type Slot,
  STACK,
  StackArea,
  type Stepper,
  stepperOf,
  type Vaddr,
  vaddr,
  walkRange,
} from '../src/index.ts';
import { tables } from './support/tables.ts';
import { toy3, toyProcess } from './support/toys.ts';

const real: Stepper = {
  name: 'real pointers, from the level',
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: (mm, level, _entry, addr, end) => pXdAddrEnd(mm, level, addr, end),
};
const aware: Stepper = { ...real, boundary: pXdAddrEndOf };
const copies: Stepper = { ...real, descend: (mm, { copy, entry }, addr) => pXdOffset(mm, copy, entry, addr) };

interface Told {
  readonly done: boolean;
  readonly log: string[];
  readonly reads: Slot[];
}

const hex = (value: bigint): string => value.toString(16);

/** Walks and writes down every call in a line: `level addr-next<end`. */
function told(mm: Mm, start: bigint, end: bigint, visitor: Partial<RangeVisitor> = {}, stepper = real): Told {
  const log: string[] = [];
  const reads: Slot[] = [];
  const stack = new StackArea();
  const done = walkRange(
    {
      mm,
      stepper,
      stack,
      readOnce: (slot) => {
        reads.push(slot);
        return slot.space === 'stack' ? stack.readOnce(slot) : readEntry(mm, slot);
      },
      visitor: {
        enter: (step) => {
          log.push(`${step.slot.level} ${hex(step.addr)}-${hex(step.next)}<${hex(step.end)}`);
          return visitor.enter?.(step) ?? 'descend';
        },
        ptes: (slot, addr, to, pmd) => {
          log.push(`ptes ${hex(addr)}-${hex(to)} at ${hex(slot.addr)}`);
          return visitor.ptes?.(slot, addr, to, pmd) ?? true;
        },
        outside: (slot, addr) => {
          log.push(`outside ${slot.level} ${hex(addr)} at ${hex(slot.addr)}`);
        },
      },
    },
    vaddr(start),
    vaddr(end),
  );
  return { done, log, reads };
}

/** pgd[0] and pgd[1] -> pmd tables at 0x1080 and 0x1100; every pmd -> the pte table at 0x1040. */
const full = tables(toy3, 0x1000n, {
  '0x1000': 0x1081n,
  '0x1008': 0x1101n,
  ...Object.fromEntries(Array.from({ length: 32 }, (_, i) => [0x1080 + 8 * i, 0x1041n])),
});

test('one page: down through every level, folded or not', () => {
  expect(told(full, 0x9000n, 0xa000n)).toMatchObject({
    done: true,
    log: [
      'pgd 9000-a000<a000',
      'p4d 9000-a000<a000',
      'pud 9000-a000<a000',
      'pmd 9000-a000<a000',
      'ptes 9000-a000 at 1048',
    ],
  });
});

test('each slot ends where the stepper says, and its neighbour goes on from there', () => {
  expect(told(full, 0x7_f000n, 0x8_9000n)).toMatchObject({
    done: true,
    log: [
      'pgd 7f000-80000<89000',
      'p4d 7f000-80000<80000',
      'pud 7f000-80000<80000',
      'pmd 7f000-80000<80000',
      'ptes 7f000-80000 at 1078',
      'pgd 80000-89000<89000',
      'p4d 80000-89000<89000',
      'pud 80000-89000<89000',
      'pmd 80000-88000<89000',
      'ptes 80000-88000 at 1040',
      'pmd 88000-89000<89000',
      'ptes 88000-89000 at 1040',
    ],
  });
});

test('an end of 0 is 2^64', () => {
  const mm = tables(toy3, 0x1000n, { '0x1018': 0x1081n, '0x10f8': 0x1041n });
  const start = (1n << 64n) - 0x1000n;
  expect(told(mm, start, 0n)).toMatchObject({ done: true });
  expect(told(mm, start, 0n).log.at(-1)).toBe('ptes fffffffffffff000-0 at 1078');
});

test('every slot is read once per visit, folded ones anew', () => {
  const { reads } = told(full, 0x9000n, 0x1_1000n);
  expect(reads.map(({ level, addr }) => `${level} ${hex(addr)}`)).toEqual([
    'pgd 1000',
    'p4d 1000',
    'pud 1000',
    'pmd 1088',
    'pmd 1090',
  ]);
});

describe('what the visitor decides', () => {
  test('skip: go on behind the slot', () => {
    const { done, log } = told(full, 0x7_f000n, 0x8_1000n, {
      enter: ({ slot, addr }) => (slot.level === 'pud' && addr < 0x8_0000n ? 'skip' : 'descend'),
    });
    expect(done).toBe(true);
    expect(log.filter((line) => line.startsWith('pmd') || line.startsWith('ptes'))).toEqual([
      'pmd 80000-81000<81000',
      'ptes 80000-81000 at 1040',
    ]);
  });

  test('stop: nothing more, at any level', () => {
    for (const level of ['pgd', 'p4d', 'pud', 'pmd'] as const) {
      const { done, log } = told(full, 0x7_f000n, 0x8_1000n, {
        enter: ({ slot }) => (slot.level === level ? 'stop' : 'descend'),
      });
      expect(done).toBe(false);
      expect(log.at(-1)).toBe(`${level} 7f000-80000<${level === 'pgd' ? '81000' : '80000'}`);
    }
  });

  test('up: the rest of the table is left, and the one above goes on', () => {
    const { done, log } = told(full, 0x7_e000n, 0x8_1000n, {
      enter: ({ slot, addr }) => (slot.level === 'pmd' && addr < 0x8_0000n ? 'up' : 'descend'),
    });
    expect(done).toBe(true);
    const pmds = log.filter((line) => line.startsWith('pmd') || line.startsWith('ptes'));
    expect(pmds[0]).toMatch(/^pmd 7e000-/);
    expect(pmds.slice(1)).toEqual(['pmd 80000-81000<81000', 'ptes 80000-81000 at 1040']);
    expect(told(full, 0x7_e000n, 0x8_1000n, { enter: () => 'up' })).toMatchObject({ done: true, reads: { length: 1 } });
  });

  test('no more ptes: nothing more', () => {
    const { done, log } = told(full, 0x9000n, 0x1_1000n, { ptes: () => false });
    expect(done).toBe(false);
    expect(log.at(-1)).toBe('ptes 9000-10000 at 1048');
  });
});

test('a slot outside memory ends the walk, and is told with the address it was for', () => {
  const mm = tables(toy3, 0x1000n, { '0x1000': 0x1081n, '0x1008': 0x1ff_ff01n, '0x10f8': 0x1041n });
  const { done, log } = told(mm, 0x7_f000n, 0x8_1000n);
  expect(done).toBe(false);
  expect(log.at(-1)).toBe('outside pmd 80000 at 1ffff00');
});

test('a top table outside memory', () => {
  const mm = tables(toyProcess, 0x9000n, {});
  expect(told(mm, 0x1000n, 0x2000n)).toMatchObject({ done: false, log: ['outside pgd 1000 at 9000'] });
});

describe('the copies', () => {
  test('live while the walk is below them, newest last, and the visit of the parent is told', () => {
    const stack = new StackArea('zero');
    const live: (bigint | undefined)[][] = [];
    const parents: (Slot | undefined)[] = [];
    const seen: Slot[] = [];
    walkRange(
      {
        mm: full,
        stack,
        stepper: real,
        readOnce: (slot) => readEntry(full, slot),
        visitor: {
          enter({ parent }: RangeStep) {
            if (parent) seen.push(parent.copy);
            parents.push(parent?.slot);
            live.push(seen.map((copy) => stack.origin(copy)?.addr));
            return 'descend';
          },
          ptes: () => true,
          outside: () => {},
        },
      },
      vaddr(0x9000n),
      vaddr(0xa000n),
    );
    expect(parents.map((slot) => slot?.level)).toEqual([undefined, 'pgd', 'p4d', 'pud']);
    expect(live).toEqual([[], [0x1000n], [0x1000n, 0x1000n], [0x1000n, 0x1000n, 0x1000n]]);
    expect(seen.map((copy) => stack.origin(copy))).toEqual([undefined, undefined, undefined]);
  });

  test('are gone after a walk that was stopped half way', () => {
    const stack = new StackArea();
    let copy: Slot | undefined;
    const visitor: RangeVisitor = {
      enter: ({ parent }) => {
        copy ??= parent?.copy;
        return 'descend';
      },
      ptes: () => false,
      outside: () => {},
    };
    const readOnce: ReadOnce = (slot) => readEntry(full, slot);
    walkRange({ mm: full, stack, stepper: real, readOnce, visitor }, vaddr(0x9000n), vaddr(0xa000n));
    expect(stack.origin(copy!)).toBeUndefined();
  });
});

describe('per process, across two top entries of three levels', () => {
  // pud[0] and pud[1] of the top table; 0x3f000 is the last page of the first.
  const mm = tables(toyProcess, 0x1000n, {
    '0x1000': 0x1041n,
    '0x1008': 0x1081n,
    '0x1078': 0x10c0n,
    '0x1080': 0x1100n,
  });
  const span: [bigint, bigint] = [0x3_f000n, 0x4_1000n];

  test('real pointers and static sizes: the loop is at pud', () => {
    expect(told(mm, ...span)).toMatchObject({
      done: true,
      log: [
        'pgd 3f000-41000<41000',
        'p4d 3f000-41000<41000',
        'pud 3f000-40000<41000',
        'pmd 3f000-40000<40000',
        'ptes 3f000-40000 at 10f8',
        'pud 40000-41000<41000',
        'pmd 40000-41000<41000',
        'ptes 40000-41000 at 1100',
      ],
    });
  });

  test('ends from the entry: the loop is at pgd', () => {
    expect(told(mm, ...span, {}, aware).log.filter((line) => line.startsWith('p'))).toEqual([
      'pgd 3f000-40000<41000',
      'p4d 3f000-40000<40000',
      'pud 3f000-40000<40000',
      'pmd 3f000-40000<40000',
      'ptes 3f000-40000 at 10f8',
      'pgd 40000-41000<41000',
      'p4d 40000-41000<41000',
      'pud 40000-41000<41000',
      'pmd 40000-41000<41000',
      'ptes 40000-41000 at 1100',
    ]);
  });

  test('copies and static sizes: the loop at pud leaves the copy, and reads the same entry again', () => {
    const { log, reads } = told(mm, ...span, {}, copies);
    const stray = reads.at(-2)!;
    expect(stray).toMatchObject({ level: 'pud', space: 'stack' });
    expect(log.slice(5, 7)).toEqual(['pud 40000-41000<41000', 'pmd 40000-41000<41000']);
    // The pmd table of the first top entry, at the index of the new address.
    expect(reads.at(-1)).toEqual({ level: 'pmd', space: 'memory', addr: 0x1040n });
  });
});

test('a walk asks the stepper for nothing that the visitor did not want', () => {
  const asked: Vaddr[] = [];
  const stepper: Stepper = {
    ...real,
    descend: (mm, visit, addr, readOnce) => {
      asked.push(addr);
      return real.descend(mm, visit, addr, readOnce);
    },
  };
  told(full, 0x9000n, 0xa000n, { enter: () => 'skip' }, stepper);
  expect(asked).toEqual([]);
});

describe('how a form reads', () => {
  const again = stepperOf({ boundary: 'level', descent: 'slot', reads: 'again' }, 'again');
  const dummy = stepperOf({ boundary: 'level', descent: 'slot', read: 'dummy' }, 'dummy');

  test('a dummy read touches nothing, and the entry that is told is 0', () => {
    const entries: bigint[] = [];
    const { done, reads } = told(
      full,
      0x9000n,
      0xa000n,
      { enter: ({ entry }) => (entries.push(entry) ? 'descend' : 'stop') },
      dummy,
    );
    expect(done).toBe(true);
    expect(reads.map(({ level }) => level)).toEqual(['pud', 'pmd']);
    expect(entries).toEqual([0n, 0n, 0x1081n, 0x1041n]);
  });

  test('a second read goes through the port, once for each slot whose value leads on', () => {
    const { reads } = told(full, 0x9000n, 0xa000n, {}, again);
    expect(reads.map(({ level }) => level)).toEqual(['pgd', 'p4d', 'pud', 'pud', 'pmd', 'pmd']);
  });

  test('a slot that cannot be read again ends the walk there, and leave is told', () => {
    const seen: string[] = [];
    const stack = new StackArea();
    let looks = 0;
    const done = walkRange(
      {
        ...{ mm: full, stepper: again, stack },
        // Lost after the first look at the pmd.
        readOnce: (slot) => (slot.level === 'pmd' && looks++ > 0 ? undefined : readEntry(full, slot)),
        visitor: {
          enter: () => 'descend',
          ptes: () => true,
          leave: ({ slot }, whole) => seen.push(`leave ${slot.level} ${whole}`) > 0,
          outside: (slot, addr) => seen.push(`outside ${slot.level} ${hex(addr)}`),
        },
      },
      vaddr(0x9000n),
      vaddr(0xa000n),
    );
    expect(done).toBe(false);
    expect(seen).toEqual([
      ...['outside pmd 9000', 'leave pmd false', 'leave pud false', 'leave p4d false', 'leave pgd false'],
    ]);
    // Its frame was left all the same: the next copy is at the top again.
    expect(stack.push({ level: 'pgd', space: 'memory', addr: 0n }, 0n as never).addr).toBe(STACK.copy(0));
  });
});
