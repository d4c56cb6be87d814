/** Address spaces on a few pages of memory, and memory that counts. */
import {
  type Arch,
  bumpAllocator,
  createMm,
  flatMemory,
  type Level,
  type Memory,
  type Mm,
  type Prot,
  paddr,
  type TableAllocator,
} from '../../src/index.ts';

export const RW: Prot = { read: true, write: true, exec: false, user: true };

/** Where the memory of a test space begins: so physical 0 lies outside, and a stray read of it shows. */
export const BASE = 0x1_0000n;

export interface Made {
  readonly mm: Mm;
  readonly memory: Memory;
  readonly allocator: TableAllocator;
}

/** An empty address space with `bytes` of memory from 64 KiB, all of it for tables. */
export function emptySpace(arch: Arch, top: Level = 'pgd', bytes = 0x1_0000): Made {
  const memory = flatMemory(new ArrayBuffer(bytes), BASE);
  const allocator = bumpAllocator(paddr(BASE), paddr(BASE + BigInt(bytes)));
  const mm = createMm(arch, memory, allocator, top);
  if (!mm) throw new Error('no memory for the top table');
  return { mm, memory, allocator };
}

/** Memory that counts its reads, and refuses to go on past `limit`. */
export function countingMemory(memory: Memory, limit = Number.POSITIVE_INFINITY): Memory & { readonly reads: number } {
  let reads = 0;
  return {
    pieces: memory.pieces,
    write: memory.write,
    read: (...args) => {
      if (++reads > limit) throw new Error(`more than ${limit} reads`);
      return memory.read(...args);
    },
    get reads() {
      return reads;
    },
  };
}
