/** Small address spaces to walk: pages mapped here and there, each to a frame that says which page it is. */
import {
  type Arch,
  bumpAllocator,
  createMm,
  flatMemory,
  type Level,
  type Memory,
  type Mm,
  map,
  type Paddr,
  paddr,
  type Vaddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { FULL } from '@kernel-mm/pgtable-core/testing';

export interface TestSpace {
  readonly mm: Mm;
  /** The frame that `addr` was mapped to, or `undefined` for a hole. */
  frameOf(addr: bigint): Paddr | undefined;
}

const TABLES = 2 ** 20;

/** An address space with `pages` pages at each of `starts`, every one in a frame of its own. */
export function spaceWith(arch: Arch, top: Level, starts: readonly bigint[], pages = 8, memory?: Memory): TestSpace {
  // Tables begin at 1 MiB, so that a read at physical 0 is outside memory, and seen.
  const from = paddr(0x10_0000n);
  const ram = memory ?? flatMemory(new ArrayBuffer(TABLES), from);
  const allocator = bumpAllocator(from, paddr(from + BigInt(TABLES)));
  const mm = createMm(arch, ram, allocator, top);
  if (!mm) throw new Error('no memory for the top table');
  const size = arch.geometry.pte.size;
  const frames = new Map<bigint, Paddr>();
  for (const start of starts)
    for (let n = 0n; n < BigInt(pages); n++) {
      const addr = start + n * size;
      const frame = paddr((1n << 32n) + BigInt(frames.size) * size);
      const { failure } = map(mm, allocator, { addr: vaddr(addr), paddr: frame, size, prot: FULL, largest: 'pte' });
      if (failure) throw new Error(`map 0x${addr.toString(16)}: ${failure.kind}`);
      frames.set(addr, frame);
    }
  return { mm, frameOf: (addr) => frames.get(addr) };
}

/** [start, start + pages) as the two ends of a range. */
export const rangeOf = (arch: Arch, start: bigint, pages: number): [Vaddr, Vaddr] => [
  vaddr(start),
  vaddr(BigInt.asUintN(64, start + BigInt(pages) * arch.geometry.pte.size)),
];
