/** Cases for property tests: addresses, ranges, and address spaces full of holes, for any architecture. */
import fc from 'fast-check';
import { bumpAllocator, type TableAllocator } from '../alloc.ts';
import type { Prot } from '../arch.ts';
import { type Paddr, paddr, type Vaddr, vaddr } from '../brand.ts';
import { createMm } from '../build.ts';
import type { Arch } from '../geometry.ts';
import { LEVELS, type Level } from '../level.ts';
import { map } from '../map.ts';
import { flatMemory } from '../memory.ts';
import { type Mm, translatedBits } from '../mm.ts';

/** Read, write and execute from user space. */
export const FULL: Prot = { read: true, write: true, exec: true, user: true };

/** Top levels that an architecture allows: one, unless folding is per process. */
export const topsOf = (arch: Arch): Level[] => LEVELS.filter((level) => arch.spec.root.tops[level]);

/** The number of pages that the lower half of the addresses under `top` has. */
const pagesOf = (arch: Arch, top: Level): bigint => {
  const half = arch.spec.va.extend === 'sign' ? 1 : 0;
  return 1n << BigInt(translatedBits(arch, top) - half - arch.spec.pageShift);
};

/** Page numbers that lie near the boundaries where walkers go wrong: multiples of what an entry of some level covers. */
export function arbitraryPage(arch: Arch, top: Level): fc.Arbitrary<bigint> {
  const pages = pagesOf(arch, top);
  const { pageShift } = arch.spec;
  const near = fc
    .record({
      level: fc.constantFrom(...LEVELS),
      multiple: fc.bigInt(0n, 5n),
      off: fc.bigInt(-4n, 4n),
    })
    .map(({ level, multiple, off }) => {
      const slot = 1n << BigInt(Math.max(arch.geometry[level].shift - pageShift, 0));
      return (((multiple * slot + off) % pages) + pages) % pages;
    });
  return fc.oneof({ weight: 4, arbitrary: near }, fc.bigInt(0n, pages - 1n));
}

/** A virtual address that tables under `top` translate, at the start of a page. */
export const arbitraryAddr = (arch: Arch, top: Level): fc.Arbitrary<Vaddr> =>
  arbitraryPage(arch, top).map((page) => vaddr(page << BigInt(arch.spec.pageShift)));

/** One mapping: `pages` pages from `addr`, to frames that say which page they belong to. */
export interface Mapping {
  readonly addr: Vaddr;
  readonly size: bigint;
  readonly paddr: Paddr;
  readonly largest: Level;
}

/** An address space with known mappings. */
export interface Space {
  readonly mm: Mm;
  readonly top: Level;
  /** What was mapped; later ones that hit an occupied slot end there. */
  readonly mappings: readonly Mapping[];
}

/** The physical address that the space was built to translate an address to; none where nothing was mapped. */
export function frameAt({ mappings }: Space, addr: bigint): bigint | undefined {
  const owner = mappings.find((m) => addr >= m.addr && addr < m.addr + m.size);
  return owner && owner.paddr + (addr - owner.addr);
}

/**
 * Where the data frames of a space lie: above its tables, in as many runs as there can be mappings, each run aligned to
 * the largest leaf that fits. Architectures with few physical address bits get small runs.
 */
function framesOf(arch: Arch): { readonly base: bigint; readonly run: bigint } {
  const fields = Object.values(arch.spec.levels.pte.leaf?.fields ?? {}).filter((f) => f.kind === 'address');
  const bits = Math.max(...fields.map((f) => (f.to ?? f.lo) + f.hi - f.lo + 1));
  const room = Math.min(bits, 40) - 1;
  return { base: 1n << BigInt(room), run: 1n << BigInt(room - 3) };
}

/** Where a page of this level can lie, under any top table above it. */
export const arbitraryPlace = (arch: Arch, level: Level): fc.Arbitrary<{ top: Level; addr: Vaddr }> =>
  fc.constantFrom(...topsOf(arch).filter((top) => LEVELS.indexOf(top) <= LEVELS.indexOf(level))).chain((top) =>
    fc.record({
      top: fc.constant(top),
      addr: arbitraryAddr(arch, top).map((addr) => vaddr(addr & ~(arch.geometry[level].size - 1n))),
    }),
  );

/** An address space with one page of this level. */
export function onePage(arch: Arch, top: Level, addr: Vaddr, level: Level, prot: Prot = FULL): Mm {
  const { mm, allocator } = emptySpace(arch, top);
  const { size } = arch.geometry[level];
  const { failure } = map(mm, allocator, { addr, size, paddr: paddr(size), prot, largest: level });
  if (failure) throw new Error(`no ${level} leaf can be mapped: ${failure.kind}`);
  return mm;
}

const TABLES = 2 ** 21;

function emptySpace(arch: Arch, top: Level): { mm: Mm; allocator: TableAllocator } {
  const memory = flatMemory(new ArrayBuffer(TABLES));
  const allocator = bumpAllocator(paddr(0x10000n), paddr(BigInt(TABLES)));
  const mm = createMm(arch, memory, allocator, top);
  if (!mm) throw new Error('no memory for a top table');
  return { mm, allocator };
}

/** Address spaces of a few mappings with holes between them, on tables of their own. */
export function arbitrarySpace(arch: Arch): fc.Arbitrary<Space> {
  return fc.constantFrom(...topsOf(arch)).chain((top) =>
    fc
      .array(fc.oneof({ weight: 6, arbitrary: small(arch, top) }, { weight: 1, arbitrary: giant(arch, top) }), {
        minLength: 1,
        maxLength: 6,
      })
      .map((wishes) => buildSpace(arch, top, wishes)),
  );
}

interface Wish {
  readonly page: bigint;
  readonly pages: number;
  readonly largest: Level;
}

const small = (arch: Arch, top: Level): fc.Arbitrary<Wish> =>
  fc.record({
    page: arbitraryPage(arch, top),
    pages: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(256, 512)),
    largest: fc.constantFrom<Level>('pud', 'pmd', 'pte'),
  });

/** As much as the largest leaf of the architecture maps, aligned, so that it fits. */
const giant = (arch: Arch, top: Level): fc.Arbitrary<Wish> => {
  const level = (['pud', 'pmd'] as const).find(
    (l) => arch.spec.levels[l].leaf && arch.geometry[l].size <= framesOf(arch).run,
  );
  const pages = 1n << BigInt(arch.geometry[level ?? 'pte'].shift - arch.spec.pageShift);
  return arbitraryPage(arch, top).map((page) => ({ page: page & -pages, pages: Number(pages), largest: 'pud' }));
};

function buildSpace(arch: Arch, top: Level, wishes: readonly Wish[]): Space {
  const shift = BigInt(arch.spec.pageShift);
  const { mm, allocator } = emptySpace(arch, top);
  const frames = framesOf(arch);
  const mappings: Mapping[] = [];
  for (const [i, { page, pages, largest }] of wishes.entries()) {
    const left = pagesOf(arch, top) - page;
    const addr = vaddr(page << shift);
    const size = (left < BigInt(pages) ? left : BigInt(pages)) << shift;
    // Aligned as the address is, so that large leaves fit, and no frame twice.
    const target = paddr(frames.base + BigInt(i) * frames.run + (addr % frames.run));
    const done = map(mm, allocator, { addr, size, paddr: target, prot: FULL, largest });
    if (i === 0 && done.failure) throw new Error(`${arch.id}: nothing can be mapped: ${done.failure.kind}`);
    if (done.size > 0n) mappings.push({ addr, size: done.size, paddr: target, largest });
  }
  return { mm, top, mappings };
}
