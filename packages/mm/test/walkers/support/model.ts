/** The independent model of an address space: a plain map from page to state; and tables that say the same. */
import {
  type Arch,
  bumpAllocator,
  change,
  createMm,
  type Entry,
  flatMemory,
  type Level,
  leafAddress,
  type Mm,
  makeLeaf,
  makeSwap,
  type Prot,
  paddr,
  populate,
  pXdIs,
  swapOf,
  type TableAllocator,
  vaddr,
  vaddrWrap,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import type { Range } from '../../../src/index.ts';
import { type TestPort, testPort } from './test-port.ts';

/** What a page is. A huge leaf makes all its pages `huge`, with the frames that follow on. */
export interface PageState {
  readonly kind: 'page' | 'special' | 'swap' | 'huge';
  readonly pfn: number;
  readonly write: boolean;
  readonly level: Level;
}

/** An address space, its port, and what the model says of it. */
export interface Modelled {
  readonly arch: Arch;
  readonly top: Level;
  readonly mm: Mm;
  readonly port: TestPort;
  readonly tables: TableAllocator;
  /** By page number (address / page size). What is not there is none. */
  readonly model: Map<bigint, PageState>;
  readonly page: bigint;
  /** The first page of the modelled region, and how many there are. */
  readonly first: bigint;
  readonly pages: number;
}

/** What lies at one page, or at the place of one huge leaf. */
export type Wish = 'none' | 'page' | 'readonly' | 'special' | 'swap' | 'huge';

/** The region that tests look at: pages around the place where two entries of the top table meet. */
export function regionOf(arch: Arch, top: Level): { first: bigint; pages: number } {
  const page = arch.geometry.pte.size;
  const { size } = arch.geometry[top];
  const limit = arch.spec.root.tops[top]?.limit ?? 0n;
  const border = size + 64n * page <= limit ? size : arch.geometry.pmd.size;
  return { first: border / page - 12n, pages: 24 };
}

const FULL: Prot = { read: true, write: true, exec: false, user: true };

/** Tables that hold what is wished for, page by page. `huge` maps the whole pmd that the page lies in, where there is such a leaf. */
export function modelled(arch: Arch, top: Level, wishes: readonly Wish[], bytes = 2 ** 21): Modelled {
  const from = paddr(0x10_0000n);
  const tables = bumpAllocator(from, paddr(from + BigInt(bytes)));
  const made = createMm(arch, flatMemory(new ArrayBuffer(bytes), from), tables, top);
  if (!made) throw new Error('no memory for the top table');
  const mm: Mm = made;
  const { first, pages } = regionOf(arch, top);
  const page = arch.geometry.pte.size;
  const model = new Map<bigint, PageState>();
  const put = (addr: bigint, level: Level, entry: bigint | undefined): boolean => {
    const slot = populate(mm, tables, vaddr(addr), level);
    return entry !== undefined && !('kind' in slot) && writeEntry(mm, slot, entry as Entry);
  };
  for (let n = 0; n < pages; n++) {
    const wish = wishes[n % wishes.length] ?? 'none';
    const number = first + BigInt(n);
    const addr = number * page;
    if (wish === 'none' || model.has(number)) continue;
    const pfn = 0x1_0000 + n;
    if (wish === 'huge') putHuge(addr);
    else if (wish === 'swap') {
      if (put(addr, 'pte', makeSwap(arch, 'pte', { type: 1n, offset: BigInt(n + 1) })))
        model.set(number, { kind: 'swap', pfn: n + 1, write: false, level: 'pte' });
    } else {
      const prot = { ...FULL, write: wish === 'page' };
      const leaf = makeLeaf(arch, 'pte', paddr(BigInt(pfn) * page), prot);
      const marked = wish === 'special' && leaf ? change(arch, 'pte', 'special', leaf) : leaf;
      if (put(addr, 'pte', marked ?? leaf))
        model.set(number, {
          kind: marked !== undefined && pXdIs(mm, 'special', 'pte', marked) ? 'special' : 'page',
          pfn,
          write: wish === 'page',
          level: 'pte',
        });
    }
  }
  function putHuge(addr: bigint): void {
    const { size } = arch.geometry.pmd;
    const start = addr & -size;
    const leaf = makeLeaf(arch, 'pmd', paddr(size * 4n), FULL);
    const empty = ![...model.keys()].some((n) => n * page >= start && n * page < start + size);
    const { is, mk } = arch.spec.levels.pmd;
    // The sections of short descriptors are the kernel's own: Linux has no pmd_mk… for them, and no huge pages.
    const isManaged = is.leaf && mk;
    if (size === page || !leaf || !isManaged || !empty || !put(start, 'pmd', leaf)) return;
    for (let at = start; at < start + size; at += page)
      model.set(at / page, {
        kind: 'huge',
        pfn: Number((size * 4n + at - start) / page),
        write: pXdIs(mm, 'write', 'pmd', leaf as Entry<'pmd'>),
        level: 'pmd',
      });
  }
  return { arch, top, mm, port: testPort(mm, tables), tables, model, page, first, pages };
}

/** What the tables say of a page, in the model's words. */
function stateOf({ mm, arch, page }: Modelled, number: bigint): PageState | undefined {
  const { result } = walk(mm, vaddr(number * page));
  if (result.kind === 'leaf') {
    const { level, entry } = result;
    const special = level === 'pte' && pXdIs<Level>(mm, 'special', level, entry);
    const kind = level !== 'pte' ? 'huge' : special ? 'special' : 'page';
    const offset = (number * page) & (arch.geometry[level].size - 1n);
    return {
      kind,
      pfn: Number((leafAddress(arch, level, entry) + offset) / page),
      write: pXdIs(mm, 'write', level, entry),
      level,
    };
  }
  if (result.kind !== 'not-present' || !pXdIs(mm, 'swap', result.level, result.entry)) return undefined;
  const swap = arch.spec.levels[result.level].swap;
  const offset = swap ? Number(swapOffset(arch, result.entry)) : 0;
  return { kind: 'swap', pfn: offset, write: false, level: result.level };
}

const swapOffset = (arch: Arch, entry: Entry): bigint => swapOf(arch, 'pte', entry as Entry<'pte'>)?.offset ?? 0n;

/** The tables of the region and a page on either side, as the model has them. */
export const tablesAsModel = (m: Modelled): Map<bigint, PageState> => {
  const found = new Map<bigint, PageState>();
  for (const number of [...Array(m.pages + 2).keys()].map((n) => m.first + BigInt(n) - 1n)) {
    const state = stateOf(m, number);
    if (state) found.set(number, state);
  }
  return found;
};

/** The model, within the region and a page on either side. */
export const modelInRegion = (m: Modelled): Map<bigint, PageState> =>
  new Map(
    [...m.model]
      .filter(([n]) => n >= m.first - 1n && n <= m.first + BigInt(m.pages))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

export const WISHES: readonly Wish[] = ['none', 'page', 'readonly', 'special', 'swap', 'huge'];

/** What lies in the region, and which part of it a walker is asked for: page indexes of the region. */
export const arbitraryRegion: fc.Arbitrary<{ wishes: Wish[]; from: number; to: number }> = fc
  .record({
    wishes: fc.array(fc.constantFrom(...WISHES, 'page' as const, 'page' as const), { minLength: 1, maxLength: 24 }),
    from: fc.nat(23),
    length: fc.integer({ min: 1, max: 24 }),
  })
  .map(({ wishes, from, length }) => ({ wishes, from, to: Math.min(from + length, 24) }));

/** The addresses of page indexes. */
export const rangeOf = ({ first, page }: Modelled, from: number, to: number): Range => ({
  start: vaddr((first + BigInt(from)) * page),
  end: vaddr((first + BigInt(to)) * page),
});

/** A range grown to whole places of huge pages on either side. */
export const grown = ({ arch }: Modelled, range: Range, low: boolean, high: boolean): Range => {
  const { size } = arch.geometry.pmd;
  return {
    start: low ? vaddr(range.start & -size) : range.start,
    end: high ? vaddrWrap((range.end + size - 1n) & -size) : range.end,
  };
};
