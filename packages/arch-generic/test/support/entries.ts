/** Questions about bare entries, and the numbers of an architecture in a row. */
import {
  type Arch,
  bumpAllocator,
  createMm,
  type Entry,
  flatMemory,
  LEVELS,
  type Level,
  type Mm,
  mmFromTable,
  type Predicate,
  type Prot,
  paddr,
  pXdIs,
  type TableAllocator,
} from '@kernel-mm/pgtable-core';

/** An address space without memory. */
export const bare = (arch: Arch): Mm => mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));

/** Linux's helper of that name, over a raw value. */
export const asks = (arch: Arch, level: Level, predicate: Predicate, raw: bigint): boolean =>
  pXdIs(bare(arch), predicate, level, raw as Entry);

/** Shift and entries of pgd, p4d, pud, pmd and pte. */
export const numbers = (arch: Arch): [shift: number, entries: number][] =>
  LEVELS.map((level) => [arch.geometry[level].shift, arch.geometry[level].entries]);

/** `rwxu` as rights. */
export const rights = (text: string): Prot => ({
  read: text.includes('r'),
  write: text.includes('w'),
  exec: text.includes('x'),
  user: text.includes('u'),
});

/** An empty address space in 1 MiB of memory from 16 MiB. */
export function space(arch: Arch): { readonly mm: Mm; readonly allocator: TableAllocator } {
  const [from, size] = [0x100_0000n, 0x10_0000n];
  const allocator = bumpAllocator(paddr(from), paddr(from + size));
  const mm = createMm(arch, flatMemory(new ArrayBuffer(Number(size)), from), allocator);
  if (!mm) throw new Error('no memory for the top table');
  return { mm, allocator };
}
