/** The calls' contract: flags, ranges, counts and errors, by both eras' rules. */
import { arm64, armLpae, armShort, riscv, um, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { type Pfn, UsageError, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  type Call,
  ERAS,
  type FaultHandler,
  type FollFlag,
  flagsFromBits,
  type Gup,
  getUserPages,
  getUserPagesFast,
  getUserPagesFastOnly,
  holdPages,
  pinUserPagesFast,
  pinUserPagesFastOnly,
  putUserPages,
  unpinUserPages,
  type Vma,
} from '../src/index.ts';
import { anonPage, fakePort } from './support/fake-port.ts';
import { at, oneTable } from './support/one-table.ts';

const E20 = ERAS['v5.9'];
const E25 = ERAS['v6.14'];
const eras = Object.entries(ERAS);
const calls: [string, Call][] = Object.entries({
  getUserPagesFast,
  getUserPagesFastOnly,
  pinUserPagesFast,
  pinUserPagesFastOnly,
});

const ANYTHING: Vma = {
  ...{ start: at(0n), end: at(0n), read: true, write: true, mayRead: true, mayWrite: true },
  ...{ shared: false, io: false, pfnmap: false, fsdax: false, secret: false, dirtyTracking: false },
};
const fail = (): never => {
  throw new RangeError('put');
};

/** Four pages at 0x400000. */
const START = 0x40_0000n;
const { mm, leaf } = oneTable();
for (let n = 0n; n < 4n; n++) leaf(START + n * 0x1000n, 'pte', 0x80_0000n + n * 0x1000n);

const gupOf = (options: Partial<Gup> = {}): Gup & { port: ReturnType<typeof fakePort> } => ({
  ...{ mm, port: fakePort(mm) },
  ...(options as object),
});
const code = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof UsageError) return error.code;
    throw error;
  }
  return 'no error';
};

describe.each(calls)('%s', (name, call) => {
  test.each(eras)('%s: a prefix of the range, and why it ended', (_, era) => {
    const gup = gupOf({ era });
    const result = call(gup, at(START), 6, ['WRITE']);
    expect(result).toMatchObject({ ret: 4, frames: [0x800, 0x801, 0x802, 0x803], fast: 4 });
    expect(result.stop).toMatchObject({ kind: 'not-present', addr: START + 0x4000n });
    expect(result.error).toBeUndefined();
    (name.startsWith('pin') ? unpinUserPages : putUserPages)(gup, result.frames);
    expect([...gup.port.held]).toEqual([]);
    expect(gup.port.pinned.acquired).toBe(gup.port.pinned.released);
  });

  test('an address in the middle of a page is that page', () => {
    expect(call(gupOf(), at(START + 0x1fffn), 1).frames).toEqual([0x801]);
  });

  test.each([0, -1, -(2 ** 31)])('%i pages: nothing is taken, whatever the answer', (n) => {
    for (const [, era] of eras) {
      const gup = gupOf({ era });
      expect(call(gup, at(START), n).frames).toEqual([]);
      expect(gup.port.log).toEqual([]);
    }
  });

  test.each([1.5, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY, -(2 ** 31) - 1])('%d pages are no int', (n) => {
    expect(code(() => call(gupOf(), at(START), n))).toBe('range-count');
  });

  test('what is no address is refused before anything is touched', () => {
    const gup = gupOf();
    for (const bad of [-1n, 1n << 64n, 5 as never])
      expect(code(() => call(gup, bad as never, 1))).toBe('address-range');
    expect(gup.port.log).toEqual([]);
  });

  test.each(eras)('%s: the end of user space, and of all addresses', (eraName, era) => {
    const max = (1n << 47n) - 0x1000n;
    const fastOnly = name.endsWith('Only');
    const error = (pages: number, addr: bigint) => call(gupOf({ era }), at(addr), pages);
    const refused = (errno: string, ret: number) =>
      fastOnly && eraName === 'v5.9' ? { ret: 0 } : { ret, error: errno };
    expect(error(1, max - 0x1000n).error).toBeUndefined();
    expect(error(1, max)).toMatchObject(refused('EFAULT', -14));
    expect(error(2, max - 0x1000n)).toMatchObject(refused('EFAULT', -14));
    const wraps = error(2, 2n ** 64n - 0x1000n);
    expect(wraps).toMatchObject(eraName === 'v5.9' ? { ret: 0 } : refused('EOVERFLOW', -75));
    expect(error(1, 2n ** 64n - 0x1000n).ret).toBe(wraps.ret);
  });

  test.each(eras)('%s: flags that no caller may give', (eraName, era) => {
    const invalid = (flags: string[]) => {
      const gup = gupOf({ era });
      const result = call(gup, at(START), 1, flags as FollFlag[]);
      expect(gup.port.log, `${flags}`).toEqual([]);
      expect(result.warning).toContain(flags.at(-1));
      return result;
    };
    const inval = name.endsWith('Only') && eraName === 'v5.9' ? { ret: 0 } : { ret: -22, error: 'EINVAL' };
    const foreign = name.startsWith('pin') ? 'GET' : 'PIN';
    // 2020 tests nothing in get_user_pages_fast_only: a reference is what it takes.
    if (name === 'getUserPagesFastOnly' && eraName === 'v5.9') {
      const both = gupOf({ era });
      expect(call(both, at(START), 1, ['PIN']).ret).toBe(1);
      expect([...both.port.held.values()]).toEqual([{ refs: 1, pins: 0 }]);
    } else expect(invalid([foreign])).toMatchObject(inval);
    for (const flag of ['TOUCH', 'REMOTE', 'DUMP', 'SPLIT_PMD', 'nonsense'])
      expect(invalid([flag])).toMatchObject(inval);
    for (const flag of ['NOFAULT', 'PCI_P2PDMA', 'HONOR_NUMA_FAULT'] as const)
      expect(call(gupOf({ era }), at(START), 1, [flag]).ret).toBe(eraName === 'v5.9' ? inval.ret : 1);
    expect(call(gupOf({ era }), at(START), 1, ['FORCE', 'WRITE']).ret).toBe(1);
  });

  test('LONGTERM wants PIN and contradicts PCI_P2PDMA, since there are such rules', () => {
    const pin = name.startsWith('pin');
    expect(call(gupOf({ era: E25 }), at(START), 1, ['LONGTERM']).ret).toBe(pin ? 1 : -22);
    expect(call(gupOf({ era: E20 }), at(START), 1, ['LONGTERM']).ret).toBe(1);
    expect(call(gupOf({ era: E25 }), at(START), 1, ['LONGTERM', 'PCI_P2PDMA']).ret).toBe(-22);
  });

  test('FAST_ONLY of a caller: 2020 takes it, today it is the wrappers’ own', () => {
    const faults = { vma: () => expect.fail('slow') } as unknown as FaultHandler;
    expect(call(gupOf({ era: E20, faults }), at(START), 6, ['FAST_ONLY']).ret).toBe(4);
    expect(call(gupOf({ era: E25 }), at(START), 6, ['FAST_ONLY']).ret).toBe(-22);
  });

  test('PIN marks the address space, for ever; in 2020 nobody did', () => {
    for (const [eraName, era] of eras) {
      const gup = gupOf({ era });
      call(gup, at(START), 1);
      expect(gup.port.hasPinned, eraName).toBe(name.startsWith('pin') && eraName !== 'v5.9');
    }
  });

  test.each([0, -1, 1.5, Number.NaN])('a budget of %d is none', (budget) => {
    const gup = gupOf({ budget });
    expect(code(() => call(gup, at(START), 4))).toBe('argument');
    expect(gup.port.log).toEqual([]);
  });

  test('a budget makes the count short, and says where to go on', () => {
    const result = call(gupOf({ budget: 3 }), at(START), 4);
    expect(result).toMatchObject({ ret: 3, stop: { kind: 'budget', addr: START + 0x3000n } });
    expect(call(gupOf({ budget: 4 }), at(START), 4).stop).toBeUndefined();
    expect(call(gupOf({ budget: Number.POSITIVE_INFINITY }), at(START), 4).ret).toBe(4);
  });
});

test('a word of 32 bits wraps there', () => {
  for (const arch of [x86({ paging: 'pae' }), armLpae(), riscv({ mode: 'sv32' })]) {
    const of = oneTable(arch).mm;
    const end = (era: Gup['era']) =>
      getUserPagesFast({ mm: of, port: fakePort(of), ...(era && { era }) }, at(0xffff_f000n), 2);
    expect([end(E20).ret, end(E25).error], arch.id).toEqual([0, 'EOVERFLOW']);
  }
});

test('where Linux has no fast path, all goes the slow way', () => {
  for (const arch of [riscv({ mode: 'sv39', linux: '6.7' }), armShort(), um({ levels: '2' })]) {
    const table = oneTable(arch);
    table.leaf(START, 'pte', 0x8000n);
    const gup = { mm: table.mm, port: fakePort(table.mm) };
    expect(getUserPagesFast(gup, at(START), 1), arch.id).toMatchObject({ ret: 0, stop: { kind: 'not-permitted' } });
  }
});

test('arm64: the tag of an address is not part of it', () => {
  const arm = oneTable(arm64({ granule: '4k', va: 48, linux: '6.1' }));
  arm.leaf(START, 'pte', 0x8000n);
  const gup = { mm: arm.mm, port: fakePort(arm.mm) };
  expect(getUserPagesFast(gup, vaddr(0xab00_0000_0040_0000n), 1).frames).toEqual([8]);
  expect(getUserPagesFast({ ...gup, mm }, vaddr(0xab00_0000_0040_0000n), 1).error).toBe('EFAULT');
  // An address whose bit 55 is set is the kernel's only if all above is: untagged_addr never makes one of it.
  expect(getUserPagesFast(gup, vaddr(0x00ff_0000_0040_0000n), 1).error).toBe('EFAULT');
  expect(code(() => getUserPagesFast(gup, ((1n << 64n) + START) as never, 1))).toBe('address-range');
});

test('s390: a range beyond the process, but not beyond all processes, goes the slow way', () => {
  const three = oneTable(s390(), topOf(3));
  three.leaf(START, 'pte', 0x8000n);
  const gup = { mm: three.mm, port: fakePort(three.mm) };
  const beyond = getUserPagesFast(gup, at((1n << 42n) - 0x1000n), 2);
  expect(beyond).toEqual({ ret: 0, frames: [], fast: 0, strays: [], stop: { kind: 'not-permitted' } });
  // The register says how deep the process is: nothing was read.
  expect(gup.port.log).toEqual([]);
});

describe('the slow part', () => {
  const vma: Vma = {
    ...{ start: at(START), end: at(START + 0x10_0000n), read: true, write: true, mayRead: true, mayWrite: true },
    ...{ shared: false, io: false, pfnmap: false, fsdax: false, secret: false, dirtyTracking: false },
  };
  /** Maps the page that is asked for, up to `most` of them. */
  function handler(most: number, change: Partial<FaultHandler> = {}) {
    const table = oneTable();
    let faults = 0;
    table.leaf(START, 'pte', 0x80_0000n);
    const fault: FaultHandler = {
      vma: (addr) => (addr >= vma.start && addr < vma.end ? vma : undefined),
      fault(addr) {
        if (faults++ >= most) return { kind: 'error', error: 'ENOMEM' };
        table.leaf(addr & -0x1000n, 'pte', 0x90_0000n + BigInt(faults) * 0x1000n);
        return { kind: 'done' };
      },
      migrate: () => 'moved',
      ...change,
    };
    return { mm: table.mm, port: fakePort(table.mm), faults: fault, table };
  }

  test('goes on where the fast one stopped', () => {
    const gup = handler(9);
    expect(getUserPagesFast(gup, at(START), 3)).toMatchObject({
      ...{ ret: 3, frames: [0x800, 0x901, 0x902], fast: 1, stop: { kind: 'not-present' } },
    });
    expect([...gup.port.held.values()]).toEqual(Array(3).fill({ refs: 1, pins: 0 }));
  });

  test('the k-th fault fails: what came before stays, and the error is told only if there is nothing else', () => {
    for (let k = 0; k < 4; k++) {
      const gup = handler(k);
      const result = pinUserPagesFast(gup, at(START), 4);
      expect(result.ret).toBe(Math.min(k + 1, 4));
      if (k < 3) expect(result.slow).toMatchObject({ reason: 'fault-failed', error: 'ENOMEM' });
      else expect(result.slow).toBeUndefined();
      expect(result.error).toBeUndefined();
      unpinUserPages(gup, result.frames);
      expect([...gup.port.held]).toEqual([]);
    }
    const none = getUserPagesFast(handler(0), at(START + 0x1000n), 2);
    expect(none).toMatchObject({ ret: -12, error: 'ENOMEM', frames: [], fast: 0 });
  });

  test('fast only never gets there', () => {
    const gup = handler(9, { vma: () => expect.fail('slow') });
    expect(getUserPagesFastOnly(gup, at(START), 3).ret).toBe(1);
    expect(pinUserPagesFastOnly(gup, at(START), 3).ret).toBe(1);
  });

  const slow = (change: Partial<Vma>, flags: FollFlag[] = [], call: Call = getUserPagesFast, era = ERAS['v7.1']) => {
    const gup = handler(9, { vma: () => ({ ...vma, ...change }) });
    const result = call({ ...gup, era }, at(START + 0x1000n), 1, flags);
    return result.slow?.reason ?? result.ret;
  };

  test('mappings that refuse', () => {
    expect(slow({})).toBe(1);
    expect(slow({ io: true })).toBe('io-mapping');
    expect(slow({ pfnmap: true })).toBe('io-mapping');
    expect(slow({ read: false })).toBe('no-right');
    expect(slow({ read: false }, ['FORCE'])).toBe(1);
    expect(slow({ read: false, mayRead: false }, ['FORCE'])).toBe('no-right');
    expect(slow({ write: false }, ['WRITE'])).toBe('no-right');
    expect(slow({ write: false, shared: true }, ['WRITE', 'FORCE'])).toBe('no-right');
    expect(slow({ write: false, mayWrite: false }, ['WRITE', 'FORCE'])).toBe('no-right');
    expect(slow({ secret: true })).toBe('secret-mapping');
    expect(slow({ secret: true }, [], getUserPagesFast, E20)).toBe(1);
    expect(slow({ fsdax: true })).toBe(1);
    for (const era of [E20, E25])
      expect(slow({ fsdax: true }, ['LONGTERM'], pinUserPagesFast, era)).toBe('fsdax-longterm');
    const file = { shared: true, dirtyTracking: true };
    expect(slow(file, ['LONGTERM', 'WRITE'], pinUserPagesFast)).toBe('file-longterm');
    expect(slow(file, ['LONGTERM'], pinUserPagesFast)).toBe(1);
    expect(slow(file, ['WRITE'], pinUserPagesFast)).toBe(1);
    expect(slow({ ...file, shared: false }, ['LONGTERM', 'WRITE'], pinUserPagesFast)).toBe(1);
    expect(slow(file, ['LONGTERM', 'WRITE'], pinUserPagesFast, E20)).toBe(1);
  });

  test('no mapping, a signal, no faults, a handler that brings nothing', () => {
    const one = (change: Partial<FaultHandler>, flags: FollFlag[] = []) =>
      getUserPagesFast(handler(99, change), at(START + 0x1000n), 2, flags);
    expect(one({ vma: () => undefined })).toMatchObject({ ret: -14, slow: { reason: 'no-vma', error: 'EFAULT' } });
    expect(one({ fatalSignal: () => true })).toMatchObject({ ret: -4, slow: { reason: 'signal' } });
    expect(one({}, ['NOFAULT'])).toMatchObject({ ret: -14, slow: { reason: 'no-fault' } });
    expect(one({ fault: () => ({ kind: 'done' }) })).toMatchObject({ ret: -14, slow: { reason: 'no-progress' } });
    expect(one({ fault: () => ({ kind: 'retry' }) })).toMatchObject({ ret: -14, slow: { reason: 'no-progress' } });
  });

  test('a fault that had to drop the lock goes on at the same page', () => {
    const gup = handler(9);
    const { fault } = gup.faults;
    let dropped = 0;
    const faults: FaultHandler = {
      ...gup.faults,
      fault: (addr, request) => (dropped++ % 2 ? fault(addr, request) : { kind: 'retry' }),
    };
    expect(getUserPagesFast({ ...gup, faults }, at(START), 3)).toMatchObject({ ret: 3, frames: [0x800, 0x901, 0x902] });
  });

  test('a stack is asked to grow in 2020 only', () => {
    for (const [eraName, era] of eras) {
      const asked: boolean[] = [];
      const gup = handler(9, { vma: (_, grow) => void asked.push(grow) as undefined });
      getUserPagesFast({ ...gup, era }, at(START + 0x1000n), 1);
      expect(asked, eraName).toEqual([eraName === 'v5.9']);
    }
  });

  test('pages that must be able to move: moved and looked up anew; where they cannot, 2020 pins them, today does not', () => {
    const moved = (era: Gup['era'], migrate: FaultHandler['migrate']) => {
      const gup = handler(9);
      let zone: 'cma' | 'normal' = 'cma';
      const port = fakePort(gup.mm, { page: (pfn) => anonPage(pfn, { zone }) });
      const faults: FaultHandler = {
        ...gup.faults,
        migrate(frames) {
          const answer = migrate(frames);
          if (answer === 'moved') zone = 'normal';
          return answer;
        },
      };
      return {
        port,
        ...pinUserPagesFast({ mm: gup.mm, port, faults, ...(era && { era }) }, at(START), 2, ['LONGTERM']),
      };
    };
    for (const era of [E20, E25]) {
      const asked: Pfn[][] = [];
      expect(moved(era, (frames) => (asked.push([...frames]) ? 'moved' : 'EAGAIN'))).toMatchObject({ ret: 2, fast: 0 });
      expect(asked).toEqual([[0x800, 0x901]]);
    }
    expect(moved(E20, () => 'ENOMEM')).toMatchObject({ ret: 2 });
    const failed = moved(E25, () => 'ENOMEM');
    expect(failed).toMatchObject({ ret: -12, slow: { reason: 'migration' } });
    expect([...failed.port.held]).toEqual([]);
  });

  test('what is moved for ever ends', () => {
    const gup = handler(9);
    const port = fakePort(gup.mm, { page: (pfn) => anonPage(pfn, { zone: 'movable' }) });
    const result = pinUserPagesFast({ ...gup, port }, at(START), 1, ['LONGTERM']);
    expect(result).toMatchObject({ ret: -11, error: 'EAGAIN', slow: { reason: 'no-progress' } });
    expect([...port.held]).toEqual([]);
  });
});

test('the budget is no limit of the process: what is permitted is decided by the whole range', () => {
  const three = oneTable(s390(), topOf(3));
  three.leaf((1n << 42n) - 0x1000n, 'pte', 0x8000n);
  const gup = { mm: three.mm, port: fakePort(three.mm), budget: 1 };
  expect(getUserPagesFast(gup, at((1n << 42n) - 0x1000n), 2).stop).toEqual({ kind: 'not-permitted' });
  expect(getUserPagesFast(gup, at((1n << 42n) - 0x1000n), 1).ret).toBe(1);
});

test('the slow path ends at the last address of all, and does not begin again at 0', () => {
  const last = oneTable(s390(), 'pgd');
  last.leaf(0n, 'pte', 0x8000n);
  const faults: FaultHandler = {
    vma: (addr) => ({ ...ANYTHING, start: addr }),
    fault(addr) {
      last.leaf(addr, 'pte', 0x9000n);
      return { kind: 'done' };
    },
    migrate: () => 'moved',
  };
  const result = getUserPages({ mm: last.mm, port: fakePort(last.mm), faults }, at(2n ** 64n - 0x1000n), 2);
  expect(result).toMatchObject({ ret: 1, slow: { reason: 'no-vma', addr: 0n } });
});

describe('giving back', () => {
  test('one put that throws does not keep the others', () => {
    const port = fakePort(mm);
    const pages = holdPages(
      { mm, port: { ...port, put: (head, w) => (head === 0x801 ? fail() : port.put(head, w)) } },
      at(START),
      3,
    );
    expect(() => pages.release()).toThrow('put');
    expect([...port.held.keys()]).toEqual([0x801]);
    expect(pages.frames).toEqual([]);
  });

  test('a handle whose frames are refused keeps them', () => {
    let there = true;
    const port = fakePort(mm, { page: (pfn) => (there ? anonPage(pfn) : undefined) });
    const pages = holdPages({ mm, port }, at(START), 2);
    there = false;
    expect(code(() => pages.release())).toBe('argument');
    expect(pages.frames).toHaveLength(2);
    there = true;
    pages.release();
    expect(port.held.size).toBe(0);
  });

  test('frames without a struct page are refused, and then none is given back', () => {
    const port = fakePort(mm, { page: (pfn) => (pfn === 0x801 ? undefined : anonPage(pfn)) });
    const { frames } = getUserPagesFastOnly({ mm, port }, at(START), 1);
    for (const bad of [0x801, -1, 1.5, Number.NaN]) {
      expect(code(() => putUserPages({ mm, port }, [...frames, bad as Pfn]))).toBe('argument');
      expect(code(() => unpinUserPages({ mm, port }, [...frames, bad as Pfn]))).toBe('argument');
    }
    expect([...port.held]).toEqual([[0x800, { refs: 1, pins: 0 }]]);
  });

  test('an unpin of the zero page gives nothing back, today', () => {
    const port = fakePort(mm, { page: (pfn) => anonPage(pfn, { zero: true }) });
    unpinUserPages({ mm, port, era: E25 }, [0x800 as Pfn]);
    expect(port.held.size).toBe(0);
    unpinUserPages({ mm, port, era: E20 }, [0x800 as Pfn]);
    expect([...port.held]).toEqual([[0x800, { refs: -1024, pins: 0 }]]);
  });
});

test('flags by their numbers', () => {
  expect(flagsFromBits(E20.bits, 0x1_0001)).toEqual(['WRITE', 'LONGTERM']);
  expect(flagsFromBits(E25.bits, 0x101)).toEqual(['WRITE', 'LONGTERM']);
  expect(flagsFromBits(E25.bits, 0)).toEqual([]);
  expect(flagsFromBits(E20.bits, 2 ** 31)).toBeUndefined();
  for (const bad of [-1, 0.5, 2 ** 32, Number.NaN]) expect(flagsFromBits(E20.bits, bad)).toBeUndefined();
  for (const era of [E20, E25])
    for (const [name, bit] of Object.entries(era.bits)) expect(flagsFromBits(era.bits, bit)).toEqual([name]);
});
