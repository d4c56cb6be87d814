/** A store that x86 refuses: which entry took the right away, and what would give it back. */
import { x86, x86Mmu } from '@kernel-mm/arch-generic';
import {
  bumpAllocator,
  createMm,
  explain,
  explainText,
  flatMemory,
  machine,
  map,
  paddr,
  ranges,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';

const arch = x86({ paging: '4-level' });
const memory = flatMemory(new ArrayBuffer(0x1_0000));
const tables = bumpAllocator(paddr(0x1000n), paddr(0x1_0000n));
const mm = createMm(arch, memory, tables)!;
const prot = { read: true, write: true, exec: true, user: true };
map(mm, tables, { addr: vaddr(0x40_0000n), paddr: paddr(0x8000n), size: 0x1000n, prot });

// Somebody clears R/W and sets XD one level up.
const pmd = walk(mm, vaddr(0x40_0000n)).steps.find(({ level }) => level === 'pmd')!;
writeEntry(mm, pmd.slot, ((pmd.entry & ~2n) | (1n << 63n)) as typeof pmd.entry);

const hardware = machine(x86Mmu(arch), { user: true });
const access = { root: mm.root!, addr: vaddr(0x40_0123n), access: 'write' } as const;
console.log(explainText(explain(hardware, memory, access)));

for (const part of ranges(hardware, memory, access.root))
  if (part.kind === 'mapped')
    console.log(`0x${part.start.toString(16)} … 0x${part.end.toString(16)}: user ${JSON.stringify(part.user)}`);
