/** Address spaces to fault and pin in: tables in memory of their own, frames that never lie in it. */
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  type Arch,
  bumpAllocator,
  flatMemory,
  type Level,
  type Pfn,
  paddr,
  type TableAllocator,
  type Vaddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { AddressSpace, changeProtection, Pages } from '../../src/index.ts';

const TABLES = 0x10_0000n;
const BYTES = 2 ** 22;

export interface SpaceOptions {
  top?: Level;
  pages?: Pages;
  frames?: number;
  /** Fails from the n-th table on. */
  tables?: TableAllocator;
}

export function space(arch: Arch, { top, frames = 2 ** 20, ...rest }: SpaceOptions = {}): AddressSpace {
  const from = paddr(TABLES);
  const memory = flatMemory(new ArrayBuffer(BYTES), from);
  const tables = rest.tables ?? bumpAllocator(from, paddr(from + BigInt(BYTES)));
  const pages = rest.pages ?? new Pages(((2 ** 26) >> (arch.spec.pageShift - 2)) as Pfn, frames);
  return new AddressSpace({ arch, memory, tables, pages, ...(top && { top }) });
}

type Setting = readonly [name: string, arch: Arch, top: Level];
const setting = (id: string): Setting => [id, ARCHITECTURES[id]!().arch, 'pgd'];

/** Architectures with and without large leaves, of every kind of folding; with the levels that a process can have. */
export const archs: readonly Setting[] = [
  ['s390, 3 levels', s390(), topOf(3)],
  ['s390, 5 levels', s390(), topOf(5)],
  ['s390, new layout', s390({ layout: 'present' }), topOf(3)],
  ...['x86-64', 'x86-64-la57', 'x86-pae', 'riscv-sv39', 'riscv-sv57', 'powerpc-radix-4k'].map(setting),
  ...['arm64-4k-va48', 'arm64-16k-va52-nolpa2', 'arm64-64k-va42', 'arm-lpae'].map(setting),
];

/** The rest: every architecture, and every number of levels. */
const others: readonly Setting[] = [
  ...Object.keys(ARCHITECTURES)
    .filter((id) => !archs.some(([name]) => name === id))
    .map(setting),
  ['s390, 2 levels', s390(), topOf(2)],
  ['s390, 4 levels', s390(), topOf(4)],
];

/** What the walkers' models are asked on: in CI all there are, else one of each kind. */
export const everyArch: readonly Setting[] = /^(ci|full)$/.test(process.env.KERNEL_MM_RUNS ?? '')
  ? [...archs, ...others]
  : archs;

/** Counts of every folio, as text that can be compared. */
export const counts = (pages: Pages): string =>
  pages
    .all()
    .map(({ head, refs, pins }) => `${head.toString(16)}: ${refs} ${pins}`)
    .join(', ');

/** Takes the right to write away from one page, as a walker does. */
export function makeReadOnly(s: AddressSpace, addr: bigint): void {
  const range = { start: vaddr(addr), end: vaddr(addr + s.mm.arch.geometry.pte.size) };
  changeProtection(s.walker(), range, { read: true, write: false, exec: false, user: true });
}

export const at = (addr: bigint): Vaddr => vaddr(addr);
