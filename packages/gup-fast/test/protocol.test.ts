/** The protocol: interrupts off while walking, fork's sequence count around pins, and a port that breaks at any moment. */
import type { Slot } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  type Call,
  ERAS,
  type Gup,
  type GupPort,
  getUserPagesFast,
  getUserPagesFastOnly,
  holdPages,
  pinPages,
  pinUserPagesFast,
  pinUserPagesFastOnly,
} from '../src/index.ts';
import { type FakeOptions, type FakePort, fakePort } from './support/fake-port.ts';
import { at, oneTable } from './support/one-table.ts';

const START = 0x40_0000n;
const { mm, leaf } = oneTable();
for (let n = 0n; n < 4n; n++) leaf(START + n * 0x1000n, 'pte', 0x80_0000n + n * 0x1000n);

test('every read of a table happens with interrupts off', () => {
  const port = fakePort(mm);
  getUserPagesFastOnly({ mm, port }, at(START), 4);
  expect(port.log).toEqual(['irqSave', 'irqRestore']);
});

describe('pins against fork', () => {
  const pin = (options: FakeOptions, era = ERAS['v7.1'], call: Call = pinUserPagesFastOnly) => {
    const port = fakePort(mm, options);
    return { port, ...call({ mm, port, era }, at(START), 4) };
  };

  test('the count is looked at before and after', () => {
    const { port, ret } = pin({});
    expect(ret).toBe(4);
    expect(port.log).toEqual(['seqBegin', 'irqSave', 'irqRestore', 'seqRetry']);
  });

  test('odd: fork is copying, and nothing is walked', () => {
    const { port, ret, stop, strays } = pin({ seqBegin: () => 1 });
    expect({ ret, stop, strays }).toEqual({ ret: 0, stop: { kind: 'fork', when: 'before' }, strays: [] });
    expect(port.log).toEqual(['seqBegin']);
  });

  test('changed meanwhile: every pin is given back, those of earlier tables too', () => {
    const asked: number[] = [];
    const { port, ret, stop, frames } = pin({ seqBegin: () => 4, seqRetry: (seq) => asked.push(seq) > 0 });
    expect({ ret, stop, frames }).toEqual({ ret: 0, stop: { kind: 'fork', when: 'meanwhile' }, frames: [] });
    expect([...port.held]).toEqual([]);
    expect(port.pinned).toEqual({ acquired: 4, released: 4 });
    expect(asked).toEqual([4]);
  });

  test('references do not ask, nor did 2020', () => {
    const never = { seqBegin: () => expect.fail('asked'), seqRetry: () => expect.fail('asked') };
    expect(pin(never, ERAS['v7.1'], getUserPagesFastOnly).ret).toBe(4);
    expect(pin(never, ERAS['v5.9']).ret).toBe(4);
  });
});

describe('a port that throws at any of its calls', () => {
  /** The port with its n-th call, of whatever kind, throwing. */
  function breaking(fake: FakePort, n: number): { port: GupPort; calls: () => number } {
    let calls = 0;
    const port = { ...fake } as GupPort;
    const wrapped = [
      'readOnce',
      'page',
      'tryGet',
      'add',
      'count',
      'getPgmap',
      'makeAccessible',
      'markReferenced',
      'seqRetry',
    ];
    for (const name of wrapped as (keyof GupPort)[]) {
      const original = fake[name] as (...args: unknown[]) => unknown;
      (port as unknown as Record<string, unknown>)[name] = (...args: unknown[]) => {
        if (++calls === n) throw new RangeError(`call ${n}: ${name}`);
        return original(...args);
      };
    }
    return { port, calls: () => calls };
  }

  const devices = oneTable();
  for (let n = 0n; n < 3n; n++) devices.leaf(START + n * 0x1000n, 'pte', 0x80_0000n, { set: 1n << 58n });
  devices.leaf(0x60_0000n, 'pmd', 0x80_0000n, { set: 1n << 58n });
  const cases: [string, Gup['mm'], Call, Gup['era'], bigint][] = [
    ['references', mm, getUserPagesFast, ERAS['v7.1'], START],
    ['pins', mm, pinUserPagesFast, ERAS['v7.1'], START],
    ['pins of 2020', mm, pinUserPagesFast, ERAS['v5.9'], START],
    ['device ptes', devices.mm, getUserPagesFast, ERAS['v6.14'], START],
    ['a device leaf', devices.mm, pinUserPagesFast, ERAS['v6.14'], 0x60_0000n],
  ];

  test.each(cases)(
    '%s: nothing leaks, the exception is the port’s own, interrupts are on again',
    (_, of, call, era, addr) => {
      let n = 1;
      for (; ; n++) {
        const fake = fakePort(of);
        const { port, calls } = breaking(fake, n);
        const gup: Gup = { mm: of, port, ...(era && { era }) };
        const run = () => call(gup, at(addr), 3);
        const before = calls();
        let threw = true;
        try {
          run();
          threw = false;
        } catch (error) {
          expect(error).toEqual(expect.objectContaining({ message: expect.stringContaining(`call ${n}`) }));
        }
        if (!threw) {
          expect(calls() - before).toBeLessThan(n);
          break;
        }
        expect([...fake.held], `call ${n}`).toEqual([]);
        expect(fake.log.filter((what) => what === 'irqSave').length).toBe(
          fake.log.filter((what) => what === 'irqRestore').length,
        );
        expect(
          [...fake.pgmaps.values()].every((held) => held === 0),
          `call ${n}`,
        ).toBe(true);
      }
      expect(n).toBeGreaterThan(12);
    },
  );

  test('even one whose put throws: the rest is given back all the same', () => {
    const fake = fakePort(mm);
    let puts = 0;
    const port: GupPort = {
      ...fake,
      readOnce: (slot: Slot) => {
        if (slot.level === 'pte' && slot.addr % 0x1000n === 3n * 8n) throw new RangeError('read');
        return fake.readOnce(slot) as never;
      },
      put(head, weight) {
        if (++puts === 2) throw new RangeError('put');
        fake.put(head, weight);
      },
    };
    expect(() => getUserPagesFast({ mm, port }, at(START), 4)).toThrow('put');
    expect(puts).toBe(3);
    expect(fake.held.size).toBe(1);
  });
});

test('a pgmap that cannot be let go does not keep the others', () => {
  const devices = oneTable();
  for (let n = 0n; n < 3n; n++) devices.leaf(START + n * 0x1000n, 'pte', 0x80_0000n, { set: 1n << 58n });
  const fake = fakePort(devices.mm);
  let puts = 0;
  const putPgmap: GupPort['putPgmap'] = (pfn) => {
    if (++puts === 1) throw new RangeError('pgmap');
    fake.putPgmap(pfn);
  };
  const gup = { mm: devices.mm, port: { ...fake, putPgmap }, era: ERAS['v6.14'] };
  expect(() => getUserPagesFast(gup, at(START), 3)).toThrow('pgmap');
  expect([[...fake.pgmaps.values()], fake.held.size]).toEqual([[1], 0]);
});

test('a put that throws while a refused page is given back is not swallowed', () => {
  const fake = fakePort(mm, { reread: (slot, n, entry) => (slot.level === 'pte' && n === 2 ? 0n : entry) });
  const put = () => {
    throw new RangeError('put');
  };
  expect(() => getUserPagesFast({ mm, port: { ...fake, put } }, at(START), 1)).toThrow('put');
  expect(fake.irqsOff).toBe(false);
});

describe('held pages', () => {
  const gup = () => ({ mm, port: fakePort(mm) });

  test('`using` gives them back at the end of the block', () => {
    const g = gup();
    {
      using pages = pinPages(g, at(START), 3, { write: true });
      expect([...pages]).toEqual([0x800, 0x801, 0x802]);
      expect(pages.frames).toHaveLength(3);
      expect(g.port.held.size).toBe(3);
    }
    expect(g.port.held.size).toBe(0);
    expect(g.port.pinned).toEqual({ acquired: 3, released: 3 });
  });

  test('released twice is released once', () => {
    const g = gup();
    const pages = holdPages(g, at(START), 2);
    pages.release();
    pages.release();
    pages[Symbol.dispose]();
    expect(pages.frames).toEqual([]);
    expect([...g.port.held]).toEqual([]);
  });

  test('options become flags, and the result is there to be asked', () => {
    const g = gup();
    expect(pinPages(g, at(START), 9, { fastOnly: true, longterm: true }).result).toMatchObject({ ret: 4, fast: 4 });
    expect(holdPages(g, at(START), 1, { longterm: true }).result).toMatchObject({ ret: -22, frames: [] });
    expect(holdPages(g, at(START), 1, { fastOnly: true, force: true, flags: ['NOFAULT'] }).result.ret).toBe(1);
  });
});
