/** Random address spaces: the fast path says what the slow one says, and whatever is called, every count comes back. */
import {
  type Call,
  ERAS,
  type FollFlag,
  type Gup,
  getUserPages,
  getUserPagesFast,
  getUserPagesFastOnly,
  pinUserPages,
  pinUserPagesFast,
  pinUserPagesFastOnly,
  putUserPages,
  type RULES,
  unpinUserPages,
  VARIANTS,
  type VariantName,
} from '@kernel-mm/gup-fast';
import type { Arch, Level, Vaddr } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AddressSpace, Backing, type BackingKind, type Folio } from '../src/index.ts';
import { archs, at, counts, makeReadOnly, space } from './support/spaces.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 120 : 25;
const seed = 20200907;

/** One mapping of four pages and what was done to it; between two there may be a hole. */
interface Region {
  readonly kind: BackingKind | 'anon';
  readonly shared: boolean;
  readonly zone: 'normal' | 'movable' | 'cma';
  /** How each page was touched. */
  readonly touched: readonly ('not' | 'read' | 'write' | 'shared by fork' | 'held')[];
  readonly rights: 'rw' | 'r' | 'none';
  readonly hole: boolean;
  readonly growsDown: boolean;
}

const region: fc.Arbitrary<Region> = fc.record({
  kind: fc.constantFrom('anon', 'anon', 'anon', 'file', 'shmem', 'secretmem', 'fsdax'),
  shared: fc.boolean(),
  zone: fc.constantFrom('normal', 'normal', 'movable', 'cma'),
  touched: fc.array(fc.constantFrom('not', 'read', 'write', 'shared by fork', 'held'), { minLength: 4, maxLength: 4 }),
  rights: fc.constantFrom('rw', 'rw', 'r', 'none'),
  hole: fc.boolean(),
  growsDown: fc.boolean(),
});

interface Request {
  readonly call: string;
  readonly page: number;
  readonly pages: number;
  readonly flags: readonly FollFlag[];
  readonly era: keyof typeof ERAS;
  readonly variant: VariantName;
  /** After how many faults memory is gone. */
  readonly faults: number;
}

const CALLS: Readonly<Record<string, Call>> = {
  ...{ getUserPagesFast, getUserPagesFastOnly, getUserPages },
  ...{ pinUserPagesFast, pinUserPagesFastOnly, pinUserPages },
};

const request = (variants: readonly VariantName[]): fc.Arbitrary<Request> =>
  fc.record({
    call: fc.constantFrom(...Object.keys(CALLS)),
    page: fc.integer({ min: -2, max: 20 }),
    pages: fc.integer({ min: -1, max: 16 }),
    flags: fc.uniqueArray(fc.constantFrom<FollFlag>('WRITE', 'FORCE', 'LONGTERM', 'NOFAULT', 'PCI_P2PDMA', 'TOUCH'), {
      maxLength: 3,
    }),
    era: fc.constantFrom('v5.9', 'v6.14', 'v7.1', 'mm-2026-09'),
    variant: fc.constantFrom(...variants),
    faults: fc.oneof(
      { weight: 3, arbitrary: fc.constant(1000) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 6 }) },
    ),
  });

/** Where the regions begin: around what one entry of the top table covers, so that walks cross it. */
function startOf(arch: Arch, top: Level): bigint {
  const { size } = arch.geometry[top];
  const limit = arch.spec.root.tops[top]?.limit ?? 0n;
  const page = arch.geometry.pte.size;
  return size + 64n * page < limit ? size - 8n * page : 64n * page;
}

function build(arch: Arch, top: Level, regions: readonly Region[], held = new Map<number, number>()): AddressSpace {
  const s = space(arch, { top });
  const hold = (folio: Folio): void => {
    s.pages.tryGet(folio.head, 1);
    held.set(folio.head, (held.get(folio.head) ?? 0) + 1);
  };
  const page = arch.geometry.pte.size;
  let addr = startOf(arch, top);
  for (const { kind, shared, zone, touched, rights, hole, growsDown } of regions) {
    if (hole) addr += page;
    const backing = kind === 'anon' ? undefined : new Backing(s.pages, { kind, zone });
    const sharing = backing ? shared || kind === 'secretmem' : false;
    const vma = s.mmap({
      ...{ addr: at(addr), size: 4n * page, write: true, shared: sharing, zone },
      ...{ growsDown: growsDown && !backing, ...(backing && { backing }) },
    });
    for (const [n, how] of touched.entries()) {
      const here = at(addr + BigInt(n) * page);
      if (how !== 'not') s.touch(here, page, how !== 'read');
      const folio = s.pages.folio(s.frame(here) ?? (-1 as never));
      if (how === 'shared by fork' && folio?.mapping === 'anon') {
        // The child's page table holds it too.
        hold(folio);
        folio.exclusive.fill(false);
        makeReadOnly(s, here);
      }
      if (how === 'held' && folio) hold(folio);
    }
    if (rights !== 'rw') s.protect(vma, { read: rights === 'r', write: false });
    addr += 4n * page;
  }
  return s;
}

const safeVariants = (arch: Arch): VariantName[] => {
  const kind = arch.id === 's390' ? 'dynamic' : arch.id.endsWith('nolpa2') ? 'nested' : 'static';
  return (Object.keys(VARIANTS) as VariantName[]).filter((name) => VARIANTS[name].safety[kind].addressCorrect);
};

/** What the fast path refuses of pages that the slow path hands out all the same: it has no vma, no faults, no migration. */
const FAST_ONLY_REFUSES: readonly (keyof typeof RULES)[] = [
  ...([
    'no-special-bit',
    'special',
    'pgmap',
    'devmap-longterm',
    'cma',
    'longterm',
    'secretmem',
    'file',
    'unshare',
  ] as const),
  ...(['access', 'protnone', 'unmapped-file'] as const),
];

describe.each(archs)('%s', (_, arch, top) => {
  const page = arch.geometry.pte.size;
  const start = startOf(arch, top);
  const variants = safeVariants(arch);
  const regions = fc.array(region, { minLength: 1, maxLength: 4 });
  const addrOf = (n: number): Vaddr => at(start + BigInt(n) * page + 0x10n);
  const gupOf = (s: AddressSpace, { era, variant }: Request): Gup =>
    s.gup({ era: ERAS[era], stepper: VARIANTS[variant].stepper });

  test('what the fast path takes, the slow one takes: the same frames, the same counts; what it refuses has a reason', () => {
    fc.assert(
      fc.property(regions, request(variants), (made, wish) => {
        const { call, flags } = wish;
        const pins = call.startsWith('pin');
        const n = Math.max(wish.pages, 1);
        const [a, b] = [build(arch, top, made), build(arch, top, made)];
        const fast = (pins ? pinUserPagesFastOnly : getUserPagesFastOnly)(gupOf(a, wish), addrOf(wish.page), n, flags);
        const slow = (pins ? pinUserPages : getUserPages)(
          gupOf(b, wish),
          addrOf(wish.page),
          Math.max(fast.ret, 1),
          flags,
        );
        expect(fast.strays).toEqual([]);
        if (fast.ret > 0 && mayDiffer(a, wish)) return;
        if (fast.ret > 0) {
          expect(slow.frames).toEqual(fast.frames);
          expect(b.faults.slice(a.faults.length)).toEqual([]);
          expect(counts(b.pages)).toBe(counts(a.pages));
        } else if (slow.ret > 0 && fast.stop?.kind === 'refused') expect(FAST_ONLY_REFUSES).toContain(fast.stop.rule);
      }),
      { numRuns, seed },
    );
  });

  /**
   * Where the two paths differ in Linux too, since the fast one asks no vma. It takes pages of a PROT_NONE mapping, where the
   * access test is the generic one; copies in a private mapping of device memory, for long; and, in 2020, a reference for
   * long to a page of a CMA area, of which only pins are asked.
   */
  function mayDiffer(s: AddressSpace, { page: n, pages, flags, era, call }: Request): boolean {
    const longterm = flags.includes('LONGTERM');
    const generic = arch.rules.pte.is.accessRead === undefined;
    return Array.from({ length: Math.max(pages, 1) }, (_, i) => s.vma(addrOf(n + i))).some(
      (vma) =>
        (generic && vma?.read === false) ||
        (longterm && vma?.fsdax) ||
        (longterm && era === 'v5.9' && call.startsWith('get') && vma?.zone === 'cma'),
    );
  }

  test('fast and slow together give what the slow path alone gives', () => {
    fc.assert(
      fc.property(regions, request(variants), (made, wish) => {
        const pins = wish.call.startsWith('pin');
        const [a, b] = [build(arch, top, made), build(arch, top, made)];
        if (mayDiffer(a, wish)) return;
        const both = (pins ? pinUserPagesFast : getUserPagesFast)(
          gupOf(a, wish),
          addrOf(wish.page),
          wish.pages,
          wish.flags,
        );
        const slow = (pins ? pinUserPages : getUserPages)(gupOf(b, wish), addrOf(wish.page), wish.pages, wish.flags);
        expect({ ret: both.ret, error: both.error }).toEqual({ ret: slow.ret, error: slow.error });
        expect(both.frames).toEqual(slow.frames);
        expect(counts(a.pages)).toBe(counts(b.pages));
      }),
      { numRuns, seed },
    );
  });

  test('after every sequence of calls, failures included, what was taken can be given back, and nothing else is held', () => {
    fc.assert(
      fc.property(
        regions,
        fc.array(request([...variants, 'stackCopy']), { minLength: 1, maxLength: 5 }),
        (made, wishes) => {
          const held = new Map<number, number>();
          const s = build(arch, top, made, held);
          const taken: (() => void)[] = [];
          for (const wish of wishes) {
            s.faultsLeft = wish.faults;
            const gup = gupOf(s, wish);
            const { ret, frames, error } = CALLS[wish.call]!(gup, addrOf(wish.page), wish.pages, wish.flags);
            expect(frames.length).toBe(Math.max(ret, 0));
            expect(error === undefined).toBe(ret >= 0);
            expect(ret).toBeLessThanOrEqual(Math.max(wish.pages, 0));
            taken.push(() => (wish.call.startsWith('pin') ? unpinUserPages : putUserPages)(gup, frames));
          }
          for (const giveBack of taken.reverse()) giveBack();
          expect(s.pages.reports).toEqual([]);
          expect(s.pages.pinned.acquired).toBe(s.pages.pinned.released);
          expect(s.pages.all().every(({ pins, pgmap }) => pins === 0 && pgmap.held === 0)).toBe(true);
          // Nothing has a page now but the tables that map it, the file it is of, and who held it before.
          for (const folio of s.pages.all()) {
            const file = s.vmas.some(({ backing }) => backing?.holds(folio));
            const owners = s.pages.rmap.of(folio).length + (file ? 1 : 0) + (folio.zero ? 1 : 0);
            expect(folio.refs, `folio ${folio.head}`).toBe(owners + (held.get(folio.head) ?? 0));
          }
        },
      ),
      { numRuns, seed },
    );
  });
});
