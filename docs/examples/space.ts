/** Address spaces for the examples: a page's frame is its address plus 4 GiB, so that a frame says whose page it is. */
import { type LocklessWalk, VARIANTS, type VariantName, walkLockless } from '@kernel-mm/gup-fast';
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
  vaddr,
} from '@kernel-mm/pgtable-core';

const FRAMES = 1n << 32n;
const PROT = { read: true, write: true, exec: false, user: true };

/** An address space of depth `top` with four pages mapped at each of `starts`. */
export function spaceWith(arch: Arch, top: Level, starts: readonly bigint[]): Mm {
  // Tables begin at 64 KiB: a walker that strays to physical 0 leaves memory, and is seen.
  const memory = flatMemory(new ArrayBuffer(2 ** 20), 0x1_0000n);
  const tables = bumpAllocator(paddr(0x1_0000n), paddr(0x11_0000n));
  const mm = createMm(arch, memory, tables, top);
  if (!mm) throw new Error('no memory for the top table');
  for (const start of starts) {
    const size = 4n << BigInt(arch.spec.pageShift);
    const { failure } = map(mm, tables, { addr: vaddr(start), paddr: paddr(FRAMES + start), size, prot: PROT });
    if (failure) throw new Error(`map 0x${start.toString(16)}: ${failure.kind}`);
  }
  return mm;
}

/** Walks four pages from `start` in one of the forms. */
export const walkFour = (mm: Mm, variant: VariantName, start: bigint): LocklessWalk =>
  walkLockless(mm, vaddr(start), endOfPages(mm.arch, vaddr(start), 4), { stepper: VARIANTS[variant].stepper });

/** For each leaf of a walk the address whose page it is; right is what equals the leaf's own address. */
export const ownersOf = ({ leaves }: LocklessWalk): bigint[] => leaves.map(({ paddr }) => paddr - FRAMES);
