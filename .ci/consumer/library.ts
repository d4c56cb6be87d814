// A TypeScript consumer of the libraries, compiled as .mts, .cts and .ts with the types of neither Node nor a browser.
import { ARCHITECTURES, riscv } from '@kernel-mm/arch-generic';
import { asceLimit, s390, topOf } from '@kernel-mm/arch-s390';
import { inlineTyped, type Judgement, judge, pinPages, VARIANTS } from '@kernel-mm/gup-fast';
import { AddressSpace, Pages } from '@kernel-mm/mm';
import {
  type Arch,
  bumpAllocator,
  createMm,
  flatMemory,
  type Mm,
  map,
  paddr,
  pfnOf,
  type Vaddr,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { FixtureError } from '@kernel-mm/pgtable-core/guest';
import { checkEntryVectors, checkWalkVectors, type MmuOf } from '@kernel-mm/pgtable-core/vectors';

const archs: Arch[] = [riscv({ mode: 'sv39' }), s390()];
const tables = bumpAllocator(paddr(0x4000n), paddr(0x40000n));
const mm: Mm | undefined = createMm(s390(), flatMemory(new ArrayBuffer(0x40000)), tables, topOf(3));
if (!mm) throw new FixtureError('missing', 'memory', 'room for a top table');
const prot = { read: true, write: true, exec: false, user: true };
map(mm, tables, { addr: vaddr(0x7fff_f000n), paddr: paddr(0x1_0000_0000n), size: 0x2000n, prot });
const limit: Vaddr | undefined = asceLimit(mm);
const { result } = walk(mm, vaddr(0x8000_0123n));
export const address: bigint | undefined = result.kind === 'leaf' ? result.paddr : limit;
export const judged: Judgement = judge(mm, VARIANTS.stackCopy.stepper, vaddr(0x7fff_f000n), vaddr(0x8000_1000n));
// @ts-expect-error a physical is no virtual address
walk(mm, paddr(0n));
// @ts-expect-error a bare word is no entry
inlineTyped.boundary(mm, 'pud', 0x7n, vaddr(0n), vaddr(0x1000n));
const mmuOf: MmuOf = (id) => ARCHITECTURES[id]?.('6.1');
export const passed: boolean[] = [
  ...checkWalkVectors({}, mmuOf).map((outcome) => outcome.passed),
  ...checkEntryVectors({}, (id) => mmuOf(id)?.arch).map((outcome) => outcome.passed),
];
const arch = riscv({ mode: 'sv39' });
const pages = new Pages(pfnOf(paddr(0x1000_0000n), 12), 64);
const space = new AddressSpace({ arch, memory: flatMemory(new ArrayBuffer(0x40000)), tables, pages });
space.mmap({ addr: vaddr(0x1000n), size: 0x2000n, write: true });
export function pinned(): number {
  using dma = pinPages(space.gup(), vaddr(0x1000n), 2, { write: true });
  return [...dma].length;
}
export const ids: string[] = archs.map(({ id }) => id);
