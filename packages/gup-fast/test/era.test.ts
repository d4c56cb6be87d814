/** What calls return, by era: one row for each place where kernels differ, with the value that each gives. */
import { armLpae, riscv, x86 } from '@kernel-mm/arch-generic';
import type { Arch, Pfn } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  type Call,
  DEFAULT_ERA,
  ERAS,
  type FaultHandler,
  type FollFlag,
  type Gup,
  getUserPages,
  getUserPagesFast,
  getUserPagesFastOnly,
  type Mapping,
  type Page,
  pinUserPages,
  pinUserPagesFast,
  pinUserPagesFastOnly,
  unpinUserPages,
  type Vma,
} from '../src/index.ts';
import { anonPage, type FakePort, fakePort } from './support/fake-port.ts';
import { at, oneTable } from './support/one-table.ts';

const START = 0x40_0000n;
const PFN = 0x800;
const VMA: Vma = {
  ...{ start: at(START), end: at(START + 0x20_0000n), read: true, write: true, mayRead: true, mayWrite: true },
  ...{ shared: false, io: false, pfnmap: false, fsdax: false, secret: false, dirtyTracking: false },
};
const [EINVAL, EFAULT, EEXIST] = [-22, -14, -17];

type EraName = keyof typeof ERAS;
const NAMES: readonly EraName[] = ['v5.9', 'v6.14', 'v7.1', 'mm-2026-09'];
/** What each era returns, in their order. */
type Row<T> = readonly [v5_9: T, v6_14: T, v7_1: T, mm2026: T];
const byEra = <T>(of: (era: Gup['era'] & object) => T): T[] => NAMES.map((name) => of(ERAS[name]));

/** Three pages that are there, the second of them with the software bits `set`; nobody brings what is missing. */
function space({ set = 0n, vma = {} as Partial<Vma>, ...port } = {}, page: Partial<Page> = {}) {
  const table = oneTable();
  for (const [n, change] of [0n, set, 0n].entries())
    table.leaf(START + BigInt(n) * 0x1000n, 'pte', 0x80_0000n + BigInt(n) * 0x1000n, { set: change });
  const fake = fakePort(table.mm, { page: (pfn) => anonPage(pfn, page), ...port });
  const faults: FaultHandler = {
    vma: () => ({ ...VMA, ...vma }),
    fault: () => ({ kind: 'error', error: 'ENOMEM' }),
    migrate: () => 'ENOMEM',
  };
  return { mm: table.mm, port: fake, faults } satisfies Gup & { port: FakePort };
}

test('the eras, and which of them is the default', () => {
  expect(Object.keys(ERAS)).toEqual(NAMES);
  for (const name of NAMES) expect(ERAS[name].name).toBe(name);
  expect(DEFAULT_ERA).toBe(ERAS['v7.1']);
});

describe('flags that the kernel refuses: pin_user_pages says 0 since v6.3', () => {
  test.each<[string, Call, FollFlag[], Row<number>]>([
    ['pin_user_pages, GET', pinUserPages, ['GET'], [EINVAL, 0, 0, 0]],
    ['pin_user_pages, an internal flag', pinUserPages, ['REMOTE'], [EINVAL, 0, 0, 0]],
    ['pin_user_pages, LONGTERM and P2PDMA', pinUserPages, ['LONGTERM', 'PCI_P2PDMA'], [EINVAL, 0, 0, 0]],
    ['pin_user_pages, what is not modelled', pinUserPages, ['DUMP'], [EINVAL, EINVAL, EINVAL, EINVAL]],
    ['get_user_pages, PIN', getUserPages, ['PIN'], [EINVAL, EINVAL, EINVAL, EINVAL]],
    ['get_user_pages, LONGTERM', getUserPages, ['LONGTERM'], [1, EINVAL, EINVAL, EINVAL]],
    ['get_user_pages_fast, PIN', getUserPagesFast, ['PIN'], [EINVAL, EINVAL, EINVAL, EINVAL]],
    ['pin_user_pages_fast, GET', pinUserPagesFast, ['GET'], [EINVAL, EINVAL, EINVAL, EINVAL]],
    [
      ...(['pin_user_pages_fast, LONGTERM and P2PDMA', pinUserPagesFast] as const),
      ['LONGTERM', 'PCI_P2PDMA'],
      [EINVAL, EINVAL, EINVAL, EINVAL],
    ],
    ['pin_user_pages_fast_only, GET', pinUserPagesFastOnly, ['GET'], [0, EINVAL, EINVAL, EINVAL]],
  ])('%s', (_, call, flags, rets) => {
    const results = byEra((era) => {
      const gup = space();
      const result = call({ ...gup, era }, at(START), 1, flags);
      if (result.ret <= 0) {
        expect(gup.port.log).toEqual([]);
        expect(result.warning).toContain(flags.at(-1));
        expect(result.frames).toEqual([]);
      }
      expect(result.error).toBe(result.ret < 0 ? 'EINVAL' : undefined);
      return result.ret;
    });
    expect(results).toEqual(rets);
  });
});

describe('a special pte of no zero page, by the slow path', () => {
  const special = 0x200n;

  test.each<[string, Call, Row<number>]>([
    ['get_user_pages', getUserPages, [1, 1, 1, 1]],
    ['pin_user_pages', pinUserPages, [3, 1, 1, 1]],
  ])('%s of three pages, the second special', (_, call, rets) => {
    expect(byEra((era) => call({ ...space({ set: special }), era }, at(START), 3).ret)).toEqual(rets);
  });

  test.each<[string, Call, Row<number>]>([
    ['get_user_pages', getUserPages, [EFAULT, EEXIST, EEXIST, EEXIST]],
    ['pin_user_pages', pinUserPages, [1, EEXIST, EEXIST, EEXIST]],
  ])('%s of the special page alone', (_, call, rets) => {
    expect(byEra((era) => call({ ...space({ set: special }), era }, at(START + 0x1000n), 1).ret)).toEqual(rets);
  });

  test('v5.9: the hole is counted, has no frame, and holds nothing', () => {
    const gup = { ...space({ set: special }), era: ERAS['v5.9'] };
    const result = pinUserPages(gup, at(START), 3);
    expect(result).toMatchObject({ ret: 3, frames: [PFN, PFN + 2], holes: [1] });
    expect([...gup.port.held.keys()]).toEqual([PFN, PFN + 2]);
    unpinUserPages(gup, result.frames);
    expect([...gup.port.held]).toEqual([]);
    // Behind what the fast path took, too: holes count from the start of the range.
    expect(pinUserPagesFast(gup, at(START), 3)).toMatchObject({ ret: 3, fast: 1, holes: [1] });
    expect(pinUserPages({ ...gup, era: ERAS['v6.14'] }, at(START), 1).holes).toBeUndefined();
  });

  test('v5.9, for long: holes do not stop the search for pages that must move', () => {
    const moved: Pfn[][] = [];
    const gup = space({ set: special }, { zone: 'cma' });
    const migrate = (frames: readonly Pfn[]) => {
      moved.push([...frames]);
      return 'ENOMEM' as const;
    };
    const result = pinUserPages({ ...gup, faults: { ...gup.faults, migrate }, era: ERAS['v5.9'] }, at(START), 3, [
      'LONGTERM',
    ]);
    expect(moved).toEqual([[PFN, PFN + 2]]);
    // What cannot be moved is pinned all the same.
    expect(result).toMatchObject({ ret: 3, holes: [1] });
  });
});

describe('a folio without a mapping', () => {
  const none: Partial<Page> = { mapping: 'none' as Mapping };
  const large: Partial<Page> = { mapping: 'none' as Mapping, order: 2, head: PFN as Pfn };

  test.each<[string, Call, FollFlag[], Partial<Page>, Row<number>]>([
    ['a reference', getUserPagesFastOnly, [], none, [1, 0, 0, 1]],
    ['a reference, to be written', getUserPagesFastOnly, ['WRITE'], none, [1, 0, 0, 1]],
    ['a pin, to be written', pinUserPagesFastOnly, ['WRITE'], none, [1, 0, 0, 1]],
    ['a pin, to be written for long', pinUserPagesFastOnly, ['WRITE', 'LONGTERM'], none, [1, 0, 0, 0]],
    ['a large folio, a reference', getUserPagesFastOnly, [], large, [1, 1, 1, 1]],
    ['a large folio, to be written for long', pinUserPagesFastOnly, ['WRITE', 'LONGTERM'], large, [1, 0, 0, 0]],
  ])('%s', (_, call, flags, page, rets) => {
    const results = byEra((era) => {
      const gup = space({}, page);
      const { ret, stop } = call({ ...gup, era }, at(START), 1, flags);
      expect(stop && 'rule' in stop ? stop.rule : undefined).toBe(ret ? undefined : 'unmapped-file');
      if (!ret) expect([...gup.port.held]).toEqual([]);
      return ret;
    });
    expect(results).toEqual(rets);
  });
});

describe('from which order on a pin has a counter of its own', () => {
  const [many, own] = [
    { refs: 1024, pins: 0 },
    { refs: 1, pins: 1 },
  ];

  test.each<[string, Arch, order: number, Row<object>]>([
    ['64 bits', x86({ paging: '4-level', linux: '5.9' }), 0, [many, many, many, many]],
    ['64 bits', x86({ paging: '4-level', linux: '5.9' }), 1, [many, own, own, own]],
    ['64 bits', x86({ paging: '4-level', linux: '5.9' }), 2, [own, own, own, own]],
    ['PAE', x86({ paging: 'pae' }), 1, [many, own, many, many]],
    ['PAE', x86({ paging: 'pae' }), 2, [own, own, own, own]],
    ['arm', armLpae(), 1, [many, own, many, many]],
    ['riscv of 32 bits', riscv({ mode: 'sv32' }), 1, [many, own, many, many]],
    ['riscv of 64 bits', riscv({ mode: 'sv39' }), 1, [many, own, own, own]],
  ])('%s, %o, order %i', (_, arch, order, weights) => {
    const found = byEra((era) => {
      const table = oneTable(arch);
      table.leaf(START, 'pte', 0x80_0000n);
      const port = fakePort(table.mm, { page: (pfn) => anonPage(pfn, { order, head: PFN as Pfn }) });
      const gup = { mm: table.mm, port, era };
      const { frames } = pinUserPagesFastOnly(gup, at(START), 1, ['WRITE']);
      const weight = port.held.get(PFN);
      // What is given back weighs what was taken.
      unpinUserPages(gup, frames);
      expect([...port.held]).toEqual([]);
      return weight;
    });
    expect(found).toEqual(weights);
  });
});

describe('mappings without pages: VM_IO and VM_PFNMAP, each by itself', () => {
  test.each<[string, Partial<Vma>, Row<number>]>([
    ['neither', {}, [1, 1, 1, 1]],
    ['VM_IO', { io: true }, [EFAULT, EFAULT, EFAULT, EFAULT]],
    ['VM_PFNMAP', { pfnmap: true }, [EFAULT, EFAULT, EFAULT, EFAULT]],
    ['both', { io: true, pfnmap: true }, [EFAULT, EFAULT, EFAULT, EFAULT]],
  ])('%s', (_, vma, rets) => {
    for (const call of [getUserPages, pinUserPages])
      expect(byEra((era) => call({ ...space({ vma }), era }, at(START), 1).ret)).toEqual(rets);
  });
});

test('fsdax, for long: the folio says so since v6.15', () => {
  const gup = () => space({}, { device: 'fsdax' });
  const rets = byEra((era) => pinUserPagesFastOnly({ ...gup(), era }, at(START), 1, ['LONGTERM']).ret);
  expect(rets).toEqual([1, 1, 0, 0]);
});
