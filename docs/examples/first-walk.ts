/** Maps a page in RISC-V Sv39 tables, walks an address in it, and prints the walk. */
import { riscv } from '@kernel-mm/arch-generic';
import { bumpAllocator, createMm, flatMemory, map, paddr, pictureOf, vaddr, walk } from '@kernel-mm/pgtable-core';

const memory = flatMemory(new ArrayBuffer(0x10000));
const tables = bumpAllocator(paddr(0x1000n), paddr(0x10000n));
const mm = createMm(riscv({ mode: 'sv39' }), memory, tables);
if (!mm) throw new Error('no memory for the top table');
const prot = { read: true, write: true, exec: false, user: true };
map(mm, tables, { addr: vaddr(0x4000n), paddr: paddr(0x8000_0000n), size: 0x1000n, prot });
console.log(pictureOf(mm, walk(mm, vaddr(0x4123n))));
