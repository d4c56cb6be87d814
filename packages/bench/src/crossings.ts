/** An address space for each kind of folding, and a range in it that crosses what a top entry covers: where forms differ. */
import { arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  type Arch,
  bumpAllocator,
  createMm,
  endOfPages,
  flatMemory,
  type Level,
  type Mm,
  map,
  paddr,
  type Vaddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { wasmMemory } from '@kernel-mm/pgtable-wasm';

/** One of them. */
export interface Crossing {
  readonly name: string;
  readonly mm: Mm;
  readonly start: Vaddr;
  readonly end: Vaddr;
  readonly pages: number;
}

const ARCHS: readonly (readonly [name: string, arch: () => Arch, top: Level])[] = [
  ['s390, 3 levels', s390, topOf(3)],
  ['s390, 5 levels', s390, topOf(5)],
  ['x86-64, 4 levels', () => x86({ paging: '4-level' }), 'pgd'],
  ['x86-64, 5 levels', () => x86({ paging: '5-level' }), 'pgd'],
  ['riscv Sv39', () => riscv({ mode: 'sv39' }), 'pgd'],
  ['arm64 16K, no LPA2', () => arm64({ granule: '16k', va: 52, lpa2: false }), 'pgd'],
];

const TABLES = 2 ** 22;

/** With `pages` pages each, half of them on either side of a boundary of the top table. */
export const crossings = (pages: number): Crossing[] =>
  ARCHS.map(([name, arch, top]) => ({ name, pages, ...spaceOf(arch(), top, pages) }));

function spaceOf(arch: Arch, top: Level, pages: number): Pick<Crossing, 'mm' | 'start' | 'end'> {
  const page = arch.geometry.pte.size;
  const table = paddr(0x1_0000n);
  const allocator = bumpAllocator(table, paddr(BigInt(TABLES)));
  const mm = createMm(arch, flatMemory(wasmMemory({ bytes: TABLES })), allocator, top);
  if (!mm) throw new Error(`${arch.id}: no memory`);
  // arm64 without LPA2 has one pgd entry for all user addresses: there the fold is at pud.
  const size = arch.spec.va.bits === 47 ? arch.geometry.pud.size : arch.geometry[top].size;
  const start = vaddr(size - BigInt(pages >> 1) * page);
  const prot = { read: true, write: true, exec: false, user: true };
  const bytes = BigInt(pages) * page;
  // The second mapping is what stackCopy wanders into on s390: without it that variant stops early, and looks fast.
  for (const [addr, frame] of [
    [start, 1n << 32n],
    [vaddr(0n), 1n << 33n],
  ] as const) {
    const request = { addr, paddr: paddr(frame), size: bytes, prot, largest: 'pte' } as const;
    const { failure } = map(mm, allocator, request);
    if (failure) throw new Error(`${arch.id}: ${failure.kind}`);
  }
  return { mm, start, end: endOfPages(arch, start, pages) };
}
