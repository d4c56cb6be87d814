/** Address spaces whose leaves a test writes itself: x86-64 unless said otherwise, tables from 1 MiB on. */
import { x86 } from '@kernel-mm/arch-generic';
import {
  type Arch,
  bumpAllocator,
  createMm,
  type Entry,
  flatMemory,
  type Level,
  type Mm,
  makeLeaf,
  type Prot,
  paddr,
  populate,
  type Slot,
  type Vaddr,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { FULL } from '@kernel-mm/pgtable-core/testing';

export const X86: Arch = x86({ paging: '4-level', linux: '5.9' });

export interface OneTable {
  readonly mm: Mm;
  /** Writes a leaf, made by the codec and then changed, and says where it is. */
  leaf(addr: bigint, level: Level, frame: bigint, change?: { prot?: Prot; set?: bigint; clear?: bigint }): Slot;
  /** Writes any word into the slot of `level` for `addr`. */
  raw(addr: bigint, level: Level, word: bigint): Slot;
}

/** Memory begins at `base`; at 0 the tables begin behind its first 64 KiB. */
export function oneTable(arch: Arch = X86, top: Level = 'pgd', base = 0x10_0000n): OneTable {
  const bytes = 2 ** 20;
  const allocator = bumpAllocator(paddr(base || 0x1_0000n), paddr(base + BigInt(bytes)));
  const mm = createMm(arch, flatMemory(new ArrayBuffer(bytes), paddr(base)), allocator, top);
  if (!mm) throw new Error('no memory for the top table');
  const raw = (addr: bigint, level: Level, word: bigint): Slot => {
    const slot = populate(mm, allocator, vaddr(addr), level);
    if ('kind' in slot) throw new Error(`no ${level} slot for 0x${addr.toString(16)}: ${slot.kind}`);
    if (!writeEntry(mm, slot, word as Entry)) throw new Error('outside memory');
    return slot;
  };
  return {
    mm,
    raw,
    leaf(addr, level, frame, { prot = FULL, set = 0n, clear = 0n } = {}) {
      const made = makeLeaf(arch, level, paddr(frame), prot);
      if (made === undefined) throw new Error(`no ${level} leaf`);
      return raw(addr, level, (made | set) & ~clear);
    },
  };
}

/** An address, without the noise. */
export const at = (addr: bigint): Vaddr => vaddr(addr);
