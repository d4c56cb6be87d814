/** Writers between two accesses of the walker: what each second look catches, and what it cannot. */
import { x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  type Entry,
  type Memory,
  type Mm,
  type Pfn,
  paddr,
  type Slot,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { ERAS, getUserPagesFastOnly, memoryPort, VARIANTS, type VariantName } from '../src/index.ts';
import { fakePort } from './support/fake-port.ts';
import { at, oneTable } from './support/one-table.ts';

const ADDR = 0x40_0000n;

describe('x86 PAE: an entry is two words', () => {
  const { mm, leaf } = oneTable(x86({ paging: 'pae' }));
  const slot = leaf(ADDR, 'pte', 0x1_2345_6000n);
  const word = (high: boolean): bigint => mm.memory.read(paddr(slot.addr + (high ? 4n : 0n)), 4, 'little')!;
  const whole = [word(false), word(true)];

  /** Memory in which `writer` acts after each read of a word of the pte, by its number. */
  function during(writer: (n: number) => void): Mm {
    let n = 0;
    const read: Memory['read'] = (where, bytes, order) => {
      const value = mm.memory.read(where, bytes, order);
      if (where >= slot.addr && where < slot.addr + 8n) writer(++n);
      return value;
    };
    return { ...mm, memory: { ...mm.memory, read } };
  }
  const put = (high: boolean, value: bigint): void => {
    mm.memory.write(paddr(slot.addr + (high ? 4n : 0n)), 4, 'little', value);
  };
  const restore = (): void => {
    put(true, whole[1]!);
    put(false, whole[0]!);
  };
  const get = (of: Mm) => getUserPagesFastOnly({ mm: of, port: fakePort(of) }, at(ADDR), 1);

  test('a page above 4 GiB is the page of both words', () => {
    restore();
    expect(get(mm).frames).toEqual([0x123456]);
  });

  test('cleared between the words, low before high as the kernel does: no page of half an entry', () => {
    restore();
    // After the first read, of the low word, the writer clears low, then high.
    const { ret, stop } = get(
      during((n) => {
        if (n === 1) {
          put(false, 0n);
          put(true, 0n);
        }
      }),
    );
    expect({ ret, kind: stop?.kind }).toEqual({ ret: 0, kind: 'not-present' });
    expect(stop).toMatchObject({ entry: 0n });
  });

  test('set between the words, high before low: the loop begins again and finds the whole', () => {
    put(false, 0n);
    put(true, 0n);
    const { frames } = get(
      during((n) => {
        if (n === 1) restore();
      }),
    );
    expect(frames).toEqual([0x123456]);
  });

  test('changed after the page is held: the comparison is of the full value, high word too', () => {
    restore();
    // Three reads make one look; the second look is the comparison.
    const { stop } = get(
      during((n) => {
        if (n === 3) put(true, 0n);
      }),
    );
    expect(stop).toMatchObject({ kind: 'refused', rule: 'changed' });
    restore();
  });

  test('a writer that never rests is outside what a kernel meets, and an answer all the same', () => {
    restore();
    const { stop } = get(during((n) => put(false, whole[0]! ^ BigInt(n % 3 ? 0x20 : 0))));
    expect(stop?.kind).toBe('outside-memory');
    restore();
  });
});

describe('s390: a 2 GiB leaf in the top table of three levels, cleared after its page was held', () => {
  const names = Object.keys(VARIANTS) as VariantName[];
  const table = oneTable(s390(), topOf(3));
  const { mm } = table;
  const slot: Slot = { level: 'pud', space: 'memory', addr: mm.pgd + 8n };
  const LEAF = 0x1_8000_0000n | 0x3407n;

  /** Walks while a writer clears the entry at the moment when the page is held. */
  function walk(name: VariantName) {
    writeEntry(mm, slot, LEAF as Entry);
    const port = fakePort(mm);
    const { tryGet } = port;
    return getUserPagesFastOnly(
      {
        ...{ mm, era: ERAS['v5.9'], stepper: VARIANTS[name].stepper },
        port: {
          ...port,
          tryGet(head, refs) {
            writeEntry(mm, slot, 0x24n as Entry);
            return tryGet(head, refs);
          },
        },
      },
      vaddr(0x8000_3000n),
      1,
    );
  }

  test.each(names)('%s: the second look sees it only where the pointer is real', (name) => {
    const { ret, stop, frames } = walk(name);
    // The pointer never left the walker's stack: the copy is compared with itself.
    const copies = ['stackCopy', 'folded', 'entryAware', 'inlineTyped'].includes(name);
    if (copies) expect({ ret, frames, stop }).toEqual({ ret: 1, frames: [0x18_0003 as Pfn], stop: undefined });
    else expect({ ret, stop }).toMatchObject({ ret: 0, stop: { rule: 'changed' } });
  });

  test('on quiet memory every form takes it', () => {
    writeEntry(mm, slot, LEAF as Entry);
    for (const name of names) {
      const gup = { mm, port: fakePort(mm), era: ERAS['v5.9'], stepper: VARIANTS[name].stepper };
      expect(getUserPagesFastOnly(gup, vaddr(0x8000_3000n), 1).frames, name).toEqual([0x18_0003]);
    }
    expect(memoryPort(mm).readOnce(slot)).toBe(LEAF);
  });
});

test('the bug of 2020 through the whole call: stackCopy pins the pages of 0 for 2 GiB, and nothing says so', () => {
  const { mm, leaf } = oneTable(s390(), topOf(3));
  for (const [n, addr] of [0n, 0x1000n, 0x7fff_f000n, 0x8000_0000n, 0x8000_1000n].entries())
    leaf(addr, 'pte', 0x8000_0000n + BigInt(n) * 0x1000n);
  const get = (name: VariantName) =>
    getUserPagesFastOnly(
      { mm, port: fakePort(mm), era: ERAS['v5.9'], stepper: VARIANTS[name].stepper },
      at(0x7fff_f000n),
      3,
    );
  const bad = get('stackCopy');
  expect(bad).toMatchObject({ ret: 3, frames: [0x80002, 0x80000, 0x80001] });
  expect(bad.stop).toBeUndefined();
  expect(bad.strays).toMatchObject([{ level: 'pud', addr: 0x8000_0000n }]);
  for (const name of (Object.keys(VARIANTS) as VariantName[]).filter((one) => one !== 'stackCopy'))
    expect(get(name), name).toMatchObject({ frames: [0x80002, 0x80003, 0x80004], strays: [] });
});
