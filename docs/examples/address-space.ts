/** One owner of page tables: a walker, a fork, a page that moves, frames that come back; each is seen by all the others. */
import { x86 } from '@kernel-mm/arch-generic';
import { AddressSpace, changeProtection, Pages, zapPageRange } from '@kernel-mm/mm';
import { bumpAllocator, flatMemory, paddr, pfnOf, vaddr, walk } from '@kernel-mm/pgtable-core';

// #region walker
const pages = new Pages(pfnOf(paddr(0x10_0000n), 12), 0x100); // frames 0x100 to 0x1ff
const tables = bumpAllocator(paddr(0x1000n), paddr(0x10_0000n));
const memory = flatMemory(new ArrayBuffer(2 ** 20));
const space = new AddressSpace({ arch: x86({ paging: '4-level' }), memory, tables, pages });
const start = vaddr(0x40_0000n);
const vma = space.mmap({ addr: start, size: 0x4000n, write: true, zone: 'movable' });
space.touch(start, 0x4000n, true);

const readOnly = { read: true, write: false, exec: false, user: true };
changeProtection(space.walker(), vma, readOnly);
zapPageRange(space.walker(), { start: vaddr(0x40_3000n), end: vma.end }, vma);
console.log(`mapped: ${space.usage.pages} pages, in ${space.usage.tables.pte} table of ptes`);
// #endregion walker

// #region fork
const child = space.fork();
const frame = space.frame(start);
const folio = frame && pages.folio(frame);
if (!child || !folio) throw new Error('no memory for a child');
const places = pages.rmap.of(folio).map(({ addr }) => `0x${addr.toString(16)}`);
console.log(`frame 0x${frame.toString(16)}: ${folio.refs} references, mapped at ${places.join(' and ')}`);
// #endregion fork

// #region migrate
const answer = child.migrate([folio.head]);
const { result } = walk(space.mm, start);
const entry = result.kind === 'leaf' ? result.entry.toString(16) : result.kind;
console.log(`${answer}: parent 0x${space.frame(start)?.toString(16)}, child 0x${child.frame(start)?.toString(16)}`);
console.log(`the parent's entry: 0x${entry}; references to the old frame: ${folio.refs}`);
// #endregion migrate

// #region freed
const again = pages.alloc({ zone: 'movable' });
console.log(`the next movable page: frame 0x${again?.head.toString(16)}`);
child.munmap(vma);
space.munmap(vma);
const { tables: left, pages: mapped } = space.usage;
console.log(`after munmap: ${mapped} pages, ${left.pud + left.pmd + left.pte} tables below the top`);
// #endregion freed
