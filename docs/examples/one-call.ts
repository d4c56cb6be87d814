/** One call of pin_user_pages_fast, from the API to frames: two pages are there, two are faulted in. */
import { x86 } from '@kernel-mm/arch-generic';
import { formatStop, pinUserPagesFast, unpinUserPages } from '@kernel-mm/gup-fast';
import { AddressSpace, Pages } from '@kernel-mm/mm';
import { bumpAllocator, flatMemory, paddr, pfnOf, vaddr } from '@kernel-mm/pgtable-core';

// #region space
const arch = x86({ paging: '4-level' });
const pages = new Pages(pfnOf(paddr(0x1000_0000n), 12), 4096); // 16 MiB of frames
const memory = flatMemory(new ArrayBuffer(2 ** 20)); // for tables
const tables = bumpAllocator(paddr(0x1000n), paddr(2n ** 20n));
const space = new AddressSpace({ arch, memory, tables, pages });
space.mmap({ addr: vaddr(0x40_0000n), size: 0x4000n, write: true });
space.touch(vaddr(0x40_0000n), 0x2000n, true); // the process writes its first two pages
// #endregion space

const counts = (frames: readonly number[]): string => frames.map((pfn) => pages.folio(pfn as never)?.refs).join(' ');

// #region call
const gup = space.gup();
const { ret, frames, fast, stop } = pinUserPagesFast(gup, vaddr(0x40_0000n), 4, ['WRITE']);
console.log(`${ret} pages, ${fast} by the fast path: ${frames.map((pfn) => `0x${pfn.toString(16)}`).join(' ')}`);
if (stop) console.log(`it ended there: ${formatStop(stop)}`);
console.log(`references: ${counts(frames)}`);
unpinUserPages(gup, frames);
console.log(`given back: ${counts(frames)}`);
// #endregion call
