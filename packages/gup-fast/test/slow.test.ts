/** The slow path alone, one page at a time: what it takes, what it has a fault for, and what it cannot have. */
import { NO_RIGHTS, type Pfn, type Prot } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  type Call,
  ERAS,
  type FaultHandler,
  type FaultRequest,
  type FollFlag,
  type Gup,
  type GupResult,
  getUserPages,
  type Page,
  pinUserPages,
  type Vma,
} from '../src/index.ts';
import { anonPage, type FakeOptions, type FakePort, fakePort } from './support/fake-port.ts';
import { at, oneTable } from './support/one-table.ts';

const ADDR = 0x40_0000n;
const FRAME = 0x80_0000n;
const PFN = 0x800;
const READ: Prot = { read: true, write: false, exec: true, user: true };
const [E20, E25, E26] = [ERAS['v5.9'], ERAS['v6.14'], ERAS['v7.1']];
const eras = Object.entries(ERAS);

const VMA: Vma = {
  ...{ start: at(ADDR), end: at(ADDR + 0x40_0000n), read: true, write: true, mayRead: true, mayWrite: true },
  ...{ shared: false, io: false, pfnmap: false, fsdax: false, secret: false, dirtyTracking: false },
};

interface Case extends FakeOptions {
  call?: Call;
  era?: Gup['era'];
  flags?: FollFlag[];
  vma?: Partial<Vma>;
  pages?: number;
  numaBalancing?: boolean;
  /** What the pte holds. */
  leaf?: Parameters<ReturnType<typeof oneTable>['leaf']>[3];
  level?: 'pte' | 'pmd';
  handler?: Partial<FaultHandler>;
}

/** Runs a call over one page whose entry is there; faults are written down, and change nothing unless the case says so. */
function run({
  call = getUserPages,
  era,
  flags = [],
  vma,
  pages = 1,
  numaBalancing,
  leaf,
  level = 'pte',
  handler,
  ...port
}: Case): GupResult & {
  fake: FakePort;
  faults: FaultRequest[];
} {
  const table = oneTable();
  table.leaf(ADDR, level, FRAME, leaf);
  const fake = fakePort(table.mm, port);
  const faults: FaultRequest[] = [];
  const gup: Gup = {
    ...{ mm: table.mm, port: fake, ...(era && { era }), ...(numaBalancing && { numaBalancing }) },
    faults: {
      vma: () => ({ ...VMA, ...vma }),
      fault(_addr, request) {
        faults.push(request);
        return { kind: 'error', error: 'EHWPOISON' };
      },
      migrate: () => 'ENOMEM',
      ...handler,
    },
  };
  return { fake, faults, ...call(gup, at(ADDR), pages, flags) };
}
const page = (change: Partial<Page>) => ({ page: (pfn: Pfn) => anonPage(pfn, change) });
const asked = ({ faults, slow }: ReturnType<typeof run>) => ({ fault: faults[0], error: slow?.error });

describe('a page that is there', () => {
  test.each(eras)('%s: is taken without a fault, and without the fast path', (_, era) => {
    const got = run({ era, flags: ['WRITE'] });
    expect(got).toMatchObject({ ret: 1, frames: [PFN], fast: 0, strays: [], faults: [] });
    expect([...got.fake.held]).toEqual([[PFN, { refs: 1, pins: 0 }]]);
    expect([...got.fake.referenced]).toEqual([PFN]);
    expect(got.fake.log).not.toContain('irqSave');
    const pinned = run({ era, call: pinUserPages });
    expect([...pinned.fake.held]).toEqual([[PFN, { refs: 1024, pins: 0 }]]);
  });

  test('of a large leaf, each page by itself', () => {
    const { frames, fake } = run({ level: 'pmd', pages: 3, ...page({ order: 9, head: PFN as Pfn }) });
    expect(frames).toEqual([PFN, PFN + 1, PFN + 2]);
    expect([...fake.held]).toEqual([[PFN, { refs: 3, pins: 0 }]]);
  });

  test('the zero page, though it is special; a pin of it takes nothing today', () => {
    const zero = { leaf: { prot: READ, set: 0x200n }, ...page({ zero: true, mapping: 'none' as const }) };
    for (const [, era] of eras) expect(run({ era, ...zero }).ret).toBe(1);
    const pinned = run({ call: pinUserPages, ...zero });
    expect([pinned.ret, pinned.fake.held.size]).toEqual([1, 0]);
  });

  test('a device’s, special or not, as long as entries say so', () => {
    const device = { leaf: { set: (1n << 58n) | 0x200n }, ...page({ device: 'devdax' as const }) };
    expect([E20, E25].map((era) => run({ era, ...device }).ret)).toEqual([1, 1]);
    expect(run({ era: E26, ...device })).toMatchObject({ ret: -17, slow: { reason: 'unusable-page' } });
    for (const pgmap of [true, false]) {
      const got = run({ era: E25, ...device, getPgmap: () => pgmap });
      expect([got.ret, [...got.fake.pgmaps.values()]]).toEqual(pgmap ? [1, [0]] : [-14, []]);
    }
  });
});

describe('a page that needs a fault first', () => {
  const write = { write: true, unshare: false, force: false };

  test('to be written', () => {
    for (const [, era] of eras)
      expect(asked(run({ era, flags: ['WRITE'], leaf: { prot: READ } })).fault).toEqual(write);
  });

  test('to be written by force, until it is the mapping’s own', () => {
    const force: Case = { flags: ['WRITE', 'FORCE'], leaf: { prot: READ }, vma: { write: false } };
    expect(run({ era: E25, ...force })).toMatchObject({ ret: 1, faults: [] });
    expect(asked(run({ era: E25, ...force, ...page({ anonExclusive: false }) })).fault).toEqual({
      ...write,
      force: true,
    });
    expect(asked(run({ era: E25, ...force, ...page({ mapping: 'file' }) })).fault).toEqual({ ...write, force: true });
    expect(run({ era: E25, ...force, vma: { write: false, shared: true } }).slow?.reason).toBe('no-right');
    // Where the mapping may be written, force is not needed and does not help.
    expect(asked(run({ era: E25, ...force, vma: {} })).fault).toEqual(write);
    // 2020: not before a fault has copied it, whatever the page says.
    expect(asked(run({ era: E20, ...force })).fault).toEqual({ ...write, force: true });
    for (const copied of [true, false]) {
      const got = run({ era: E20, ...force, handler: { fault: () => ({ kind: 'done', copied }) } });
      expect(got.slow?.reason).toBe(copied ? undefined : 'no-progress');
    }
  });

  test('reading by force is said to the fault as well', () => {
    const empty: Case = { flags: ['FORCE'], leaf: { set: 0n, clear: (1n << 64n) - 1n } };
    expect(asked(run({ ...empty, vma: { read: false } })).fault).toEqual({ write: false, unshare: false, force: true });
    expect(asked(run(empty)).fault).toEqual({ write: false, unshare: false, force: false });
  });

  test('to be exclusive, for a read-only pin; for long also what is no anonymous page, but not in a shared mapping', () => {
    const pin: Case = { call: pinUserPages, leaf: { prot: READ } };
    const unshare = { write: false, unshare: true, force: false };
    expect(asked(run({ ...pin, ...page({ anonExclusive: false }) })).fault).toEqual(unshare);
    expect(run({ ...pin, ...page({ mapping: 'file' }) }).ret).toBe(1);
    expect(asked(run({ ...pin, flags: ['LONGTERM'], ...page({ mapping: 'file' }) })).fault).toEqual(unshare);
    expect(asked(run({ ...pin, flags: ['LONGTERM'], ...page({ zero: true, mapping: 'none' }) })).fault).toEqual(
      unshare,
    );
    for (const vma of [{ shared: true }, { mayWrite: false }])
      expect(run({ ...pin, flags: ['LONGTERM'], vma, ...page({ mapping: 'file' }) }).ret).toBe(1);
    expect(run({ ...pin, era: E20, ...page({ anonExclusive: false }) }).ret).toBe(1);
    expect(run({ ...pin, leaf: {}, ...page({ anonExclusive: false }) }).ret).toBe(1);
  });

  test('of a large leaf the head page is asked whether it is exclusive', () => {
    const huge = (exclusive: (pfn: Pfn) => boolean): Case => ({
      ...{ call: pinUserPages, level: 'pmd', leaf: { prot: READ }, handler: { vma: () => VMA } },
      page: (pfn) => anonPage(pfn, { order: 9, head: PFN as Pfn, anonExclusive: exclusive(pfn) }),
      pages: 2,
    });
    expect(run(huge((pfn) => pfn === PFN)).ret).toBe(2);
    expect(run(huge((pfn) => pfn !== PFN)).faults).toHaveLength(1);
  });

  test('with a NUMA hint: in 2020 unless forced, today if the caller honours it', () => {
    const hint: Case = { numaBalancing: true, leaf: { prot: NO_RIGHTS } };
    const faults = (more: Case): number => run({ ...hint, ...more }).faults.length;
    expect([faults({ era: E20 }), faults({ era: E20, flags: ['FORCE'] })]).toEqual([1, 0]);
    expect([faults({ era: E25 }), faults({ era: E25, flags: ['HONOR_NUMA_FAULT'] })]).toEqual([0, 1]);
    expect(faults({ era: E25, flags: ['HONOR_NUMA_FAULT'], numaBalancing: false })).toBe(0);
    // FORCE reads what the mapping has no right to: no hint to be honoured.
    expect(faults({ era: E25, flags: ['HONOR_NUMA_FAULT', 'FORCE'], vma: { read: false } })).toBe(0);
    // An entry with rights is no hint.
    expect(faults({ era: E25, flags: ['HONOR_NUMA_FAULT'], leaf: {} })).toBe(0);
  });
});

describe('a page that cannot be had', () => {
  const reason = (more: Case) => {
    const { ret, slow, fake, faults } = run(more);
    expect(faults).toEqual([]);
    expect([...fake.held]).toEqual([]);
    return [ret, slow?.reason];
  };

  test('without a struct page, or special', () => {
    expect(reason({ page: () => undefined })).toEqual([-14, 'unusable-page']);
    expect(reason({ leaf: { set: 0x200n } })).toEqual([-17, 'unusable-page']);
  });

  test('with a protection key that forbids it', () => {
    const key: Case = { leaf: { set: 3n << 59n }, keyAllows: (k) => k !== 3 };
    expect(reason(key)).toEqual([-14, 'unusable-page']);
    expect(run({ ...key, leaf: {} }).ret).toBe(1);
  });

  test('p2pdma without its flag; a count that cannot be raised', () => {
    expect(reason(page({ device: 'p2pdma' }))).toEqual([-121, 'unusable-page']);
    expect(run({ flags: ['PCI_P2PDMA'], ...page({ device: 'p2pdma' }) }).ret).toBe(1);
    expect(reason({ tryGet: () => 'zero' })).toEqual([-12, 'unusable-page']);
  });

  test('inaccessible: only pins ask', () => {
    expect(reason({ call: pinUserPages, makeAccessible: () => false })).toEqual([-14, 'unusable-page']);
    expect(run({ makeAccessible: () => false }).ret).toBe(1);
  });

  test('an error that nobody knows is EFAULT', () => {
    const fault = () => ({ kind: 'error', error: 'EBUSY' as never }) as const;
    expect(run({ leaf: { clear: (1n << 64n) - 1n }, handler: { fault } }).ret).toBe(-14);
  });

  test('a mapping that is lost while a fault has dropped the lock', () => {
    const table = oneTable();
    let mapped = true;
    const faults: FaultHandler = {
      vma: () => (mapped ? VMA : undefined),
      fault(addr) {
        table.leaf(addr, 'pte', FRAME);
        mapped = false;
        return { kind: 'retry' };
      },
      migrate: () => 'moved',
    };
    const got = getUserPages({ mm: table.mm, port: fakePort(table.mm), faults }, at(ADDR), 1);
    expect(got).toMatchObject({ ret: -14, slow: { reason: 'no-vma' } });
  });

  test('an error of the fault is the call’s own', () => {
    const empty = { leaf: { clear: (1n << 64n) - 1n } };
    expect(run(empty)).toMatchObject({ ret: -133, error: 'EHWPOISON', slow: { reason: 'fault-failed', addr: ADDR } });
  });
});

describe('a long-term pin', () => {
  const long: Case = { call: pinUserPages, flags: ['LONGTERM', 'WRITE'], pages: 1 };

  test('asks for migration of what may not stay, and of nothing else', () => {
    const asks = (more: Case): Pfn[] => {
      const frames: Pfn[] = [];
      run({ ...long, ...more, handler: { migrate: (all) => (frames.push(...all) ? 'ENOMEM' : 'ENOMEM') } });
      return frames;
    };
    expect(asks(page({ zone: 'movable' }))).toEqual([PFN]);
    expect(asks({ era: E20, ...page({ zone: 'movable' }) })).toEqual([]);
    expect(asks({ era: E20, ...page({ zone: 'cma' }) })).toEqual([PFN]);
    expect(asks(page({}))).toEqual([]);
    expect(asks({ flags: ['WRITE'], ...page({ zone: 'movable' }) })).toEqual([]);
  });

  test('2020 learns of device memory after the look-up, and gives everything back', () => {
    let looks = 0;
    const vma = (): Vma => ({ ...VMA, fsdax: looks++ > 0 });
    const table = oneTable();
    for (let n = 0n; n < 3n; n++) table.leaf(ADDR + n * 0x1000n, 'pte', FRAME + n * 0x1000n);
    const faults: FaultHandler = { vma, fault: () => ({ kind: 'retry' }), migrate: () => 'moved' };
    for (const [era, ret] of [
      [E20, -95],
      [E25, 1],
    ] as const) {
      looks = 0;
      const port = fakePort(table.mm);
      const got = pinUserPages({ mm: table.mm, port, era, faults }, at(ADDR), 3, ['LONGTERM']);
      expect([got.ret, got.slow?.reason, port.held.size]).toEqual([ret, 'fsdax-longterm', Math.max(ret, 0)]);
    }
  });
});

test('without a handler there is no slow path', () => {
  const { mm } = oneTable();
  expect(getUserPages({ mm, port: fakePort(mm) }, at(ADDR), 1)).toEqual({ ret: 0, frames: [], fast: 0, strays: [] });
});

test('what the kernel would warn of names the call', () => {
  const { mm } = oneTable();
  const gup = { mm, port: fakePort(mm) };
  expect(getUserPages(gup, at(ADDR), 1, ['PIN']).warning).toBe('get_user_pages: PIN is not for callers');
  expect(pinUserPages(gup, at(ADDR), 1, ['GET']).warning).toBe('pin_user_pages: GET contradicts the call');
  expect(getUserPages(gup, at(ADDR), 1, ['DUMP', 'ANON']).warning).toBe(
    'get_user_pages: DUMP, ANON is not for this path',
  );
  expect(getUserPages(gup, at(ADDR), 1, ['TOUCH', 'TRIED']).warning).toBe(
    'get_user_pages: TOUCH, TRIED is not for callers',
  );
});
