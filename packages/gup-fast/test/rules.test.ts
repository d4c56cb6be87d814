/** Every rule of the fast path, each shown by a case that nothing but it refuses, in the order in which they are asked. */
import { armShort, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { type Arch, NO_RIGHTS, type Pfn } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  ERAS,
  type Era,
  type FollFlag,
  formatStop,
  type Gup,
  getUserPagesFastOnly,
  type Page,
  pinUserPagesFastOnly,
  RULES,
  type Rule,
} from '../src/index.ts';
import { anonPage, type FakeOptions, fakePort } from './support/fake-port.ts';
import { at, oneTable, X86 } from './support/one-table.ts';

const READ = { read: true, write: false, exec: true, user: true };
const ADDR = 0x40_0000n;
const FRAME = 0x80_0000n;
const PFN = Number(FRAME >> 12n);
const E20 = ERAS['v5.9'];
const E25 = ERAS['v6.14'];
const E26 = ERAS['v7.1'];

/** One page by the fast path alone. */
function one(
  mm: Gup['mm'],
  { era = E26, flags = [], hold = 'get', pages = 1, numaBalancing = false, ...port }: Case = {},
) {
  const fake = fakePort(mm, port);
  const call = hold === 'pin' ? pinUserPagesFastOnly : getUserPagesFastOnly;
  const gup: Gup = { mm, port: fake, era, numaBalancing, ...(port.stepper && { stepper: port.stepper }) };
  return { fake, ...call(gup, at(ADDR), pages, flags) };
}
interface Case extends FakeOptions {
  era?: Era;
  flags?: FollFlag[];
  hold?: 'get' | 'pin';
  pages?: number;
  numaBalancing?: boolean;
  stepper?: Gup['stepper'];
}
const seen = new Set<Rule>();
function expectRefused(result: ReturnType<typeof one>, rule: Rule, taken = 0): void {
  seen.add(rule);
  expect(result.stop).toMatchObject({ kind: 'refused', rule });
  expect(formatStop(result.stop!)).toContain(RULES[rule]);
  expect(result.ret).toBe(taken);
  expect(result.frames).toHaveLength(taken);
  if (taken === 0) {
    expect([...result.fake.held]).toEqual([]);
    expect(result.fake.pinned.acquired).toBe(result.fake.pinned.released);
  }
  expect([...result.fake.pgmaps.values()].every((n) => n === 0)).toBe(true);
  expect(result.fake.log.at(-1)).not.toBe('irqSave');
}
const page = (change: Partial<Page>) => ({ page: (pfn: Pfn) => anonPage(pfn, change) });

describe('a pte', () => {
  const { mm, leaf } = oneTable();
  const put = (change?: Parameters<typeof leaf>[3]) => leaf(ADDR, 'pte', FRAME, change);

  test('that nothing forbids is taken, with one reference, and marked as referenced', () => {
    put();
    for (const era of Object.values(ERAS)) {
      const { fake, ...result } = one(mm, { era, flags: ['WRITE'] });
      expect(result).toEqual({ ret: 1, frames: [PFN], fast: 1, strays: [] });
      expect([...fake.held]).toEqual([[PFN, { refs: 1, pins: 0 }]]);
      expect([...fake.referenced]).toEqual([PFN]);
    }
  });

  test('protnone, only where NUMA balancing is built in; else access refuses it', () => {
    put({ prot: NO_RIGHTS });
    expectRefused(one(mm, { numaBalancing: true }), 'protnone');
    expectRefused(one(mm), 'access');
  });

  test('access: a read-only page is not written, a page of the kernel is not read', () => {
    put({ prot: READ });
    expect(one(mm).ret).toBe(1);
    expectRefused(one(mm, { flags: ['WRITE'] }), 'access');
    expectRefused(one(mm, { flags: ['WRITE', 'FORCE'] }), 'access');
    put({ prot: { ...READ, user: false } });
    expectRefused(one(mm), 'access');
  });

  test('not present', () => {
    const slot = oneTable();
    slot.raw(ADDR, 'pte', 0n);
    expect(one(slot.mm).stop).toMatchObject({ kind: 'not-present', level: 'pte', addr: ADDR });
  });

  test('key: the protection key of the page, with the access', () => {
    put({ set: 3n << 59n });
    const keyAllows = (key: number, write: boolean) => key !== 3 || !write;
    expect(one(mm, { keyAllows }).ret).toBe(1);
    expectRefused(one(mm, { keyAllows, flags: ['WRITE'] }), 'key');
  });

  test('special', () => {
    put({ set: 0x200n });
    for (const era of Object.values(ERAS)) expectRefused(one(mm, { era }), 'special');
  });

  test('devmap: not for long, and not without its pgmap; in 2026 the bit means nothing', () => {
    put({ set: 1n << 58n });
    expect(one(mm, { era: E20 }).ret).toBe(1);
    expectRefused(one(mm, { era: E20, flags: ['LONGTERM'] }), 'devmap-longterm');
    expectRefused(one(mm, { era: E25, hold: 'pin', flags: ['LONGTERM'] }), 'devmap-longterm');
    expectRefused(one(mm, { era: E20, getPgmap: () => false }), 'pgmap');
    leaf(ADDR + 0x1000n, 'pte', FRAME + 0x1000n, { set: 1n << 58n });
    const second = one(mm, { era: E20, pages: 2, getPgmap: (pfn) => pfn === PFN });
    expectRefused(second, 'pgmap');
    expect([...second.fake.referenced]).toEqual([]);
    leaf(ADDR + 0x1000n, 'pte', 0n, { clear: (1n << 64n) - 1n });
    expect(one(mm, { getPgmap: () => false }).ret).toBe(1);
    // devmap comes before special: both bits are set on a real one.
    put({ set: (1n << 58n) | 0x200n });
    expect(one(mm, { era: E20 }).ret).toBe(1);
    expectRefused(one(mm), 'special');
  });

  test('no struct page', () => {
    put();
    expectRefused(one(mm, { page: () => undefined }), 'no-page');
  });

  test('the count: free, overflowed', () => {
    expectRefused(one(mm, { tryGet: () => 'zero' }), 'count-zero');
    expectRefused(one(mm, { tryGet: () => 'negative' }), 'count-negative');
  });

  test('cma (2020): before anything is taken, and only for long pins', () => {
    const cma = { era: E20, hold: 'pin' as const, flags: ['LONGTERM'] as FollFlag[] };
    expectRefused(one(mm, { ...cma, ...page({ zone: 'cma' }), tryGet: () => expect.fail('taken') }), 'cma');
    expect(one(mm, { ...cma, ...page({ zone: 'movable' }) }).ret).toBe(1);
    expect(one(mm, { ...cma, flags: [], ...page({ zone: 'cma' }) }).ret).toBe(1);
    expect(one(mm, { ...cma, hold: 'get', ...page({ zone: 'cma' }) }).ret).toBe(1);
  });

  test('longterm (today): what must be able to move, after the reference, which is given back', () => {
    const pin = { hold: 'pin' as const, flags: ['LONGTERM'] as FollFlag[] };
    const zones = (['movable', 'cma', 'isolated'] as const).map((zone) => ({ zone }));
    const devices = (['fsdax', 'coherent'] as const).map((device) => ({ device }));
    for (const change of [...zones, ...devices]) {
      expectRefused(one(mm, { ...pin, ...page(change) }), 'longterm');
      expect(one(mm, { ...pin, flags: [], ...page(change) }).ret).toBe(1);
    }
    // Until v6.15 fsdax is told by the mapping, or by its devmap entry.
    expect(one(mm, { ...pin, era: E25, ...page({ device: 'fsdax' }) }).ret).toBe(1);
    expect(one(mm, { ...pin, ...page({ device: 'devdax' }) }).ret).toBe(1);
    expect(one(mm, { ...pin, ...page({ zone: 'movable', zero: true }) }).ret).toBe(1);
    const takes = one(mm, { ...pin, ...page({ zone: 'cma' }), add: () => expect.fail('pinned') });
    expect(takes.ret).toBe(0);
  });

  test('p2pdma wants its flag, since there is one', () => {
    const device = page({ device: 'p2pdma' });
    expectRefused(one(mm, device), 'p2pdma');
    expect(one(mm, { ...device, flags: ['PCI_P2PDMA'] }).ret).toBe(1);
    expect(one(mm, { ...device, era: E20 }).ret).toBe(1);
  });

  test('folio-moved: the page belongs to another folio at each look; once is nothing', () => {
    let looks = 0;
    const moves = (until: number) => (pfn: Pfn) =>
      anonPage(pfn, { order: 1, head: (pfn - (looks++ < until ? looks % 2 : 0)) as Pfn });
    const settled = one(mm, { page: moves(3) });
    expect(settled.ret).toBe(1);
    expect([...settled.fake.held]).toEqual([[PFN, { refs: 1, pins: 0 }]]);
    looks = 0;
    expectRefused(one(mm, { page: moves(1e9) }), 'folio-moved');
    // 2020 did not look again.
    looks = 0;
    expect(one(mm, { era: E20, page: moves(1e9) }).ret).toBe(1);
  });

  test('a folio that is split or joined between the two looks is weighed as it is when it is held', () => {
    for (const [first, then, weight] of [
      [9, 0, { refs: 1024, pins: 0 }],
      [0, 9, { refs: 1, pins: 1 }],
    ] as const) {
      let n = 0;
      const found = one(mm, { hold: 'pin', page: (pfn) => anonPage(pfn, { order: n++ === 0 ? first : then }) });
      expect([...found.fake.held]).toEqual([[PFN, weight]]);
    }
    // It must be able to move by then: that counts, not what it was before.
    let n = 0;
    const zone = (): 'normal' | 'movable' => (n++ === 0 ? 'normal' : 'movable');
    expectRefused(
      one(mm, { hold: 'pin', flags: ['LONGTERM'], page: (pfn) => anonPage(pfn, { zone: zone() }) }),
      'longterm',
    );
  });

  test('a port that answers nonsense has refused', () => {
    expectRefused(one(mm, { tryGet: () => 'maybe' as never }), 'count-zero');
  });

  test('changed: the entry, by as little as the accessed bit', () => {
    const reread: NonNullable<FakeOptions['reread']> = (slot, n, entry) =>
      slot.level === 'pte' && n === 2 ? entry! ^ 0x20n : entry;
    for (const era of Object.values(ERAS)) expectRefused(one(mm, { era, reread }), 'changed');
  });

  test('pmd-changed: since v6.1; before, nobody looked', () => {
    const reread: NonNullable<FakeOptions['reread']> = (slot, n, entry) =>
      slot.level === 'pmd' && n === 2 ? 0n : entry;
    expectRefused(one(mm, { era: E25, reread }), 'pmd-changed');
    expectRefused(one(mm, { era: E26, reread }), 'pmd-changed');
    expect(one(mm, { era: E20, reread }).ret).toBe(1);
  });

  test('what the fast path, without a vma, may not hand out', () => {
    const rules: [Partial<Page>, Rule][] = [
      [{ slab: true }, 'slab'],
      [{ mapping: 'none' }, 'unmapped-file'],
      [{ mapping: 'flagged' }, 'flagged-mapping'],
      [{ mapping: 'secretmem' }, 'secretmem'],
    ];
    for (const [change, rule] of rules) {
      expectRefused(one(mm, page(change)), rule);
      expect(one(mm, { era: E20, ...page(change) }).ret).toBe(1);
    }
    // hugetlb is asked before its mapping
    expect(one(mm, page({ hugetlb: true, mapping: 'none' })).ret).toBe(1);
    const write = { hold: 'pin' as const, flags: ['LONGTERM', 'WRITE'] as FollFlag[] };
    expectRefused(one(mm, { ...write, ...page({ mapping: 'file' }) }), 'file');
    expect(one(mm, { ...write, ...page({ mapping: 'shmem' }) }).ret).toBe(1);
    expect(one(mm, { ...write, ...page({ mapping: 'file', hugetlb: true }) }).ret).toBe(1);
    for (const flags of [['LONGTERM'], ['WRITE'], []] as FollFlag[][])
      expect(one(mm, { hold: 'pin', flags, ...page({ mapping: 'file' }) }).ret, `${flags}`).toBe(1);
    expect(one(mm, { flags: ['WRITE'], ...page({ mapping: 'file' }) }).ret).toBe(1);
  });

  test('a large folio is asked for its mapping only where files are', () => {
    const large = { order: 2, head: (PFN & ~3) as Pfn };
    expect(one(mm, page({ ...large, mapping: 'secretmem' })).ret).toBe(1);
    expect(one(mm, page({ ...large, mapping: 'none' })).ret).toBe(1);
    const write = { hold: 'pin' as const, flags: ['LONGTERM', 'WRITE'] as FollFlag[] };
    expectRefused(one(mm, { ...write, ...page({ ...large, mapping: 'secretmem' }) }), 'file');
    expectRefused(one(mm, { ...write, ...page({ ...large, mapping: 'none' }) }), 'unmapped-file');
  });

  test('unshare: a read-only pin of what is not exclusive, or, for long, not anonymous', () => {
    put({ prot: READ });
    const pin = { hold: 'pin' as const };
    expectRefused(one(mm, { ...pin, ...page({ anonExclusive: false }) }), 'unshare');
    expect(one(mm, { ...pin, ...page({}) }).ret).toBe(1);
    expect(one(mm, { ...pin, ...page({ mapping: 'file' }) }).ret).toBe(1);
    expectRefused(one(mm, { ...pin, flags: ['LONGTERM'], ...page({ mapping: 'file' }) }), 'unshare');
    // not for a reference, not in 2020, not through an entry that may be written
    expect(one(mm, page({ anonExclusive: false })).ret).toBe(1);
    expect(one(mm, { ...pin, era: E20, ...page({ anonExclusive: false }) }).ret).toBe(1);
    put();
    expect(one(mm, { ...pin, ...page({ anonExclusive: false }) }).ret).toBe(1);
  });

  test('unshare asks the very page, also one of a large folio', () => {
    put({ prot: READ });
    const folio = (exclusive: (pfn: Pfn) => boolean) => ({
      hold: 'pin' as const,
      page: (pfn: Pfn) => anonPage(pfn, { order: 2, head: (PFN - 1) as Pfn, anonExclusive: exclusive(pfn) }),
    });
    expect(
      one(
        mm,
        folio((pfn) => pfn === PFN),
      ).ret,
    ).toBe(1);
    expectRefused(
      one(
        mm,
        folio((pfn) => pfn !== PFN),
      ),
      'unshare',
    );
  });

  test('inaccessible: only pins ask', () => {
    put();
    const makeAccessible = () => false;
    for (const era of Object.values(ERAS)) expectRefused(one(mm, { era, hold: 'pin', makeAccessible }), 'inaccessible');
    expect(one(mm, { makeAccessible }).ret).toBe(1);
  });

  test('only pages with a key are asked for it', () => {
    const z = oneTable(s390(), topOf(3));
    z.leaf(ADDR, 'pte', FRAME);
    expect(one(z.mm, { keyAllows: () => false }).ret).toBe(1);
  });

  test('a stop names the frame where there is one', () => {
    put({ prot: { ...READ, user: false } });
    expect(Object.keys(one(mm).stop!)).not.toContain('pfn');
    put({ set: 0x200n });
    expect(one(mm).stop).toMatchObject({ pfn: PFN });
    put();
  });

  test('no special bit: no pte is trusted, whatever it says', () => {
    const { special: _, ...is } = X86.rules.pte.is;
    const without = oneTable({ ...X86, rules: { ...X86.rules, pte: { ...X86.rules.pte, is } } });
    without.leaf(ADDR, 'pte', FRAME);
    expectRefused(one(without.mm), 'no-special-bit');
    without.raw(ADDR, 'pmd', 0n);
    without.leaf(ADDR, 'pmd', FRAME);
    expect(one(without.mm).ret).toBe(1);
    // arm's short descriptors have no such bit, and no fast path at all.
    const arm = oneTable(armShort());
    arm.leaf(ADDR, 'pte', FRAME);
    expect(one(arm.mm).stop).toEqual({ kind: 'not-permitted' });
  });

  test('table-unmapped: a bad pmd, since mapping may fail; 2020 followed it', () => {
    const bad = oneTable();
    bad.leaf(ADDR, 'pte', FRAME);
    const slot = bad.raw(ADDR, 'pmd', 0n);
    bad.leaf(ADDR, 'pte', FRAME);
    const pmd = bad.mm.memory.read(slot.addr as never, 8, 'little')!;
    bad.raw(ADDR, 'pmd', pmd | (1n << 8n));
    expectRefused(one(bad.mm, { era: E25 }), 'table-unmapped');
    expect(one(bad.mm, { era: E20 }).ret).toBe(1);
  });
});

describe('weights', () => {
  const { mm, leaf } = oneTable();
  leaf(ADDR, 'pte', FRAME);
  const weigh = (era: Era, hold: 'get' | 'pin', change: Partial<Page> = {}) => {
    const { fake } = one(mm, { era, hold, ...page(change) });
    expect(fake.pinned.acquired).toBe(hold === 'pin' && fake.held.size ? 1 : 0);
    return [...fake.held.values()][0];
  };

  test('a reference is one, a pin of a small page 1024, of a large one a reference and a pin', () => {
    for (const era of Object.values(ERAS)) {
      expect(weigh(era, 'get')).toEqual({ refs: 1, pins: 0 });
      expect(weigh(era, 'get', { order: 9 })).toEqual({ refs: 1, pins: 0 });
      expect(weigh(era, 'pin')).toEqual({ refs: 1024, pins: 0 });
      expect(weigh(era, 'pin', { order: 9 })).toEqual({ refs: 1, pins: 1 });
    }
    // Two pages have no pin counter of their own in 2020.
    expect(weigh(E20, 'pin', { order: 1 })).toEqual({ refs: 1024, pins: 0 });
    expect(weigh(E25, 'pin', { order: 1 })).toEqual({ refs: 1, pins: 1 });
    expect(weigh(E26, 'pin', { order: 1 })).toEqual({ refs: 1, pins: 1 });
    expect(weigh(E20, 'pin', { order: 2 })).toEqual({ refs: 1, pins: 1 });
  });

  test('a pin of the zero page takes nothing today', () => {
    expect(weigh(E25, 'pin', { zero: true })).toBeUndefined();
    expect(weigh(E20, 'pin', { zero: true })).toEqual({ refs: 1024, pins: 0 });
    expect(weigh(E25, 'get', { zero: true })).toEqual({ refs: 1, pins: 0 });
    // The huge zero page is a large folio like others.
    expect(weigh(E25, 'pin', { zero: true, order: 9 })).toEqual({ refs: 1, pins: 1 });
  });
});

describe('leaves above pte', () => {
  const { mm, leaf } = oneTable();
  const put = (change?: Parameters<typeof leaf>[3]) => leaf(ADDR, 'pmd', FRAME, change);
  const head = (pfn: Pfn): Pfn => (pfn - (pfn % 512)) as Pfn;
  const huge = (change: Partial<Page> = {}) => ({
    page: (pfn: Pfn) => anonPage(pfn, { order: 9, head: head(pfn), ...change }),
  });

  test('beyond-folio: a leaf that maps more than the folio behind it has', () => {
    put();
    for (const [, era] of Object.entries(ERAS)) {
      expectRefused(one(mm, { era, pages: 3, hold: 'pin', ...page({}) }), 'beyond-folio');
      expectRefused(one(mm, { era, page: (pfn) => anonPage(pfn, { head: (pfn + 1) as Pfn }) }), 'beyond-folio');
      expect(one(mm, { era, pages: 2, page: (pfn) => anonPage(pfn, { order: 1, head: PFN as Pfn }) }).ret).toBe(2);
    }
  });

  test('the part that the range covers is taken at once', () => {
    put();
    const { fake, ...result } = one(mm, { pages: 3, hold: 'pin', flags: ['WRITE'], ...huge() });
    expect(result).toEqual({ ret: 3, frames: [PFN, PFN + 1, PFN + 2], fast: 3, strays: [] });
    expect([...fake.held]).toEqual([[PFN, { refs: 3, pins: 3 }]]);
    expect(fake.pinned).toEqual({ acquired: 3, released: 0 });
    expect([...fake.referenced]).toEqual([PFN]);
  });

  test('from the middle of one', () => {
    const result = getUserPagesFastOnly({ mm, port: fakePort(mm, huge()) }, at(ADDR + 0x5000n), 2);
    expect(result.frames).toEqual([PFN + 5, PFN + 6]);
  });

  test('refused by its rights, by protnone at pmd, by its key', () => {
    put({ prot: READ });
    expectRefused(one(mm, { flags: ['WRITE'], ...huge() }), 'access');
    put({ prot: NO_RIGHTS });
    expectRefused(one(mm, { numaBalancing: true, ...huge() }), 'protnone');
    expectRefused(one(mm, huge()), 'access');
    put({ set: 2n << 59n });
    expectRefused(one(mm, { keyAllows: (k) => k !== 2, ...huge() }), 'key');
  });

  test('a pud without rights is refused by access alone: nothing asks it for protnone', () => {
    const big = oneTable();
    big.leaf(ADDR, 'pud', 1n << 30n, { prot: READ, clear: 0x4n });
    expectRefused(one(big.mm, { numaBalancing: true }), 'access');
  });

  test('on s390, whose access test takes them, a pud without rights is taken, a pmd is not, where hints are asked for', () => {
    for (const [level, refusal] of [
      ['pud', undefined],
      ['pmd', 'protnone'],
    ] as const) {
      const z = oneTable(s390(), topOf(4));
      z.leaf(ADDR, level, 1n << 31n, { prot: NO_RIGHTS });
      const { stop } = one(z.mm, { numaBalancing: true });
      expect(stop?.kind === 'refused' ? stop.rule : undefined, level).toBe(refusal);
    }
  });

  test('one that refuses ends the walk, whatever comes behind it', () => {
    const two = oneTable();
    two.leaf(ADDR, 'pmd', FRAME, { prot: READ });
    two.leaf(ADDR + 0x20_0000n, 'pmd', FRAME);
    const port = fakePort(two.mm);
    const { ret, stop } = getUserPagesFastOnly({ mm: two.mm, port }, at(ADDR), 1024, ['WRITE']);
    expect({ ret, stop }).toMatchObject({ ret: 0, stop: { rule: 'access', addr: ADDR } });
    two.raw(ADDR, 'pmd', 0n);
    expect(getUserPagesFastOnly({ mm: two.mm, port }, at(ADDR), 1024).ret).toBe(0);
    expect(port.held.size).toBe(0);
  });

  test('special, since v6.12', () => {
    const late = oneTable(x86({ paging: '4-level', linux: '6.14' }));
    for (const level of ['pmd', 'pud'] as const) {
      const own = oneTable(late.mm.arch);
      own.leaf(ADDR, level, 1n << 30n, { set: 0x200n });
      expectRefused(one(own.mm, { era: E25, ...huge() }), 'special');
      expect(one(own.mm, { era: E20, ...huge() }).ret).toBe(1);
    }
  });

  test('changed, with the reference given back', () => {
    put();
    const reread: NonNullable<FakeOptions['reread']> = (slot, n, entry) =>
      slot.level === 'pmd' && n === 2 ? entry! | 0x40n | 0x8000n : entry;
    for (const era of Object.values(ERAS))
      expectRefused(one(mm, { era, hold: 'pin', pages: 4, reread, ...huge() }), 'changed');
  });

  test('allowed, then unshare, which looks at the head page', () => {
    put({ prot: READ });
    const write = { hold: 'pin' as const, flags: ['LONGTERM'] as FollFlag[] };
    expectRefused(one(mm, { hold: 'pin', ...huge({ anonExclusive: false }) }), 'unshare');
    const headOnly = (pfn: Pfn) => anonPage(pfn, { order: 9, head: head(pfn), anonExclusive: pfn % 512 === 0 });
    const inside = pinUserPagesFastOnly({ mm, port: fakePort(mm, { page: headOnly }) }, at(ADDR + 0x3000n), 1);
    expect(inside.ret).toBe(1);
    const notHead = (pfn: Pfn) => anonPage(pfn, { order: 9, head: head(pfn), anonExclusive: pfn % 512 !== 0 });
    const refusedInside = pinUserPagesFastOnly({ mm, port: fakePort(mm, { page: notHead }) }, at(ADDR + 0x3000n), 1);
    expect(refusedInside.stop).toMatchObject({ rule: 'unshare' });
    expectRefused(one(mm, { ...write, ...huge({ mapping: 'file' }) }), 'unshare');
    put();
    expectRefused(one(mm, { ...write, flags: ['LONGTERM', 'WRITE'], ...huge({ mapping: 'file' }) }), 'file');
    // Nothing makes a large page accessible: only the pte level asks.
    expect(one(mm, { hold: 'pin', makeAccessible: () => false, ...huge() }).ret).toBe(1);
  });

  test('a device’s, page by page: each under its pgmap, all or none', () => {
    put({ set: 1n << 58n });
    const taken = one(mm, { era: E20, pages: 3, ...page({}) });
    expect(taken.ret).toBe(3);
    expect(taken.fake.held.size).toBe(3);
    expect([...taken.fake.pgmaps]).toEqual([PFN, PFN + 1, PFN + 2].map((pfn) => [pfn, 0]));
    expect([...taken.fake.referenced]).toHaveLength(3);
    expectRefused(one(mm, { era: E20, pages: 3, flags: ['LONGTERM'] }), 'devmap-longterm');
    const lost = one(mm, { era: E20, pages: 3, getPgmap: (pfn) => pfn !== PFN + 2 });
    expectRefused(lost, 'pgmap');
    expect([...lost.fake.referenced]).toEqual([]);
    expectRefused(one(mm, { era: E20, pages: 3, tryGet: (h) => (h === PFN + 2 ? 'zero' : 'got') }), 'count-zero');
    expectRefused(one(mm, { era: E25, pages: 2, page: (pfn) => anonPage(pfn, { device: 'p2pdma' }) }), 'p2pdma');
    const reread: NonNullable<FakeOptions['reread']> = (slot, n, entry) =>
      slot.level === 'pmd' && n === 2 ? 0n : entry;
    expectRefused(one(mm, { era: E20, pages: 3, reread }), 'changed');
    // 2026 has no such leaves: one folio, as any other.
    expect([...one(mm, { pages: 3, ...huge() }).fake.held]).toEqual([[PFN, { refs: 3, pins: 0 }]]);
  });

  test('pages that were taken before a device leaf fails stay', () => {
    const mixed = oneTable();
    mixed.leaf(ADDR + 0x1f_f000n, 'pte', 0x5000n);
    mixed.leaf(ADDR + 0x20_0000n, 'pmd', FRAME, { set: 1n << 58n });
    const fake = fakePort(mixed.mm, { getPgmap: (pfn) => pfn !== PFN + 1 });
    const result = getUserPagesFastOnly({ mm: mixed.mm, port: fake, era: E20 }, at(ADDR + 0x1f_f000n), 4);
    expect(result).toMatchObject({ ret: 1, frames: [5], stop: { rule: 'pgmap', pfn: PFN + 1 } });
    expect([...fake.held.keys()]).toEqual([5]);
  });
});

describe('pgd and p4d', () => {
  const { is } = X86.rules.pgd;
  const [yes, no] = [() => true, () => false];
  // powerpc had leaves at pgd in 2020 (pgd_huge); no definition of ours has, so this one is made for the test.
  const { levels } = X86.spec;
  const arch: Arch = {
    ...X86,
    spec: { ...X86.spec, levels: { ...levels, pgd: { ...levels.pgd, leaf: levels.pud.leaf! } } },
    rules: {
      ...X86.rules,
      p4d: { ...X86.rules.p4d, folded: undefined },
      pgd: { ...X86.rules.pgd, is: { ...is, none: no, present: yes, leaf: yes, special: yes, devmap: yes } },
    },
  };
  const { mm, raw } = oneTable(arch);
  raw(0n, 'pgd', 0x80_0087n);

  test('a leaf at pgd is taken up to v6.14, and unknown in 2026', () => {
    expect(one(mm, { era: E20 }).ret).toBe(1);
    expect(one(mm, { era: E25 }).ret).toBe(1);
    expectRefused(one(mm, { era: E26 }), 'pgd-leaf');
  });

  test('its handler asks for unshare before it asks what is allowed; that of pmd the other way round', () => {
    // A page that both rules refuse.
    const both = { era: E25, hold: 'pin' as const, ...page({ slab: true, anonExclusive: false }) };
    expectRefused(one(mm, both), 'unshare');
    const pmd = oneTable();
    pmd.leaf(ADDR, 'pmd', FRAME, { prot: READ });
    expectRefused(one(pmd.mm, both), 'slab');
    // Neither special nor devmap is asked for there.
    raw(0n, 'pgd', 0x80_0087n | 0x200n | (1n << 58n));
    expect(one(mm, { era: E25, getPgmap: () => expect.fail('asked') }).ret).toBe(1);
    expectRefused(one(mm, { era: E25, ...page({ slab: true }) }), 'slab');
  });

  test('p4d: 2020 stops at none, today at not present', () => {
    const five = oneTable(x86({ paging: '5-level' }));
    // Not none, and not present either.
    five.raw(ADDR, 'p4d', 0x2n);
    expect(one(five.mm, { era: E25 }).stop).toMatchObject({ kind: 'not-present', level: 'p4d' });
    expect(one(five.mm, { era: E20 }).stop).toMatchObject({ kind: 'outside-memory', level: 'pud' });
    five.raw(ADDR, 'p4d', 0n);
    expect(one(five.mm, { era: E20 }).stop).toMatchObject({ kind: 'none', level: 'p4d' });
    five.raw(ADDR, 'pgd', 0n);
    for (const era of Object.values(ERAS))
      expect(one(five.mm, { era }).stop).toMatchObject({ kind: 'none', level: 'pgd' });
  });
});

test('every rule has been seen to refuse', () => {
  expect([...seen].sort()).toEqual(Object.keys(RULES).sort());
});
