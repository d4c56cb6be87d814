/** The pages that munlock finds: behind an address, with a reference, or behind a leaf. */
import type { Page, PagePort } from '@kernel-mm/gup-fast';
import {
  type Entry,
  type Level,
  leafAddress,
  type Pfn,
  pfnOf,
  pXdIs,
  type Slot,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import type { WalkerOf } from './port.ts';
import { type Outside, runWalk, type WalkerOptions } from './walk.ts';

/** Every access to pages; `Pages` has all but the last two. */
export interface MlockPages extends Pick<PagePort, 'page' | 'tryGet' | 'put'> {
  /** munlock_vma_page of a large folio: whether it was locked into memory. If not, its other pages are looked at singly. */
  munlockLarge(head: Pfn): boolean;
  /** __munlock_pagevec: none of these pages is locked into memory any more. Their references are the caller's. */
  munlock(batch: readonly Pfn[]): void;
}

/** A page, and one look at it. */
export interface MlockPage {
  readonly pfn: Pfn;
  readonly page: Page;
}

/** One reference, as a count that is given back. */
export const ONE_REF = { refs: 1, pins: 0 };

/** vm_normal_page of a leaf, if it is present: the page of it that `addr` lies in. */
export function normalPage(
  { mm }: WalkerOf,
  { slot, entry }: { readonly slot: Slot; readonly entry: Entry },
  pages: MlockPages,
  addr: Vaddr,
): MlockPage | undefined {
  const { arch } = mm;
  const { level } = slot;
  if (!pXdIs<Level>(mm, 'present', level, entry) || pXdIs<Level>(mm, 'special', level, entry)) return undefined;
  const inside = (addr & (arch.geometry[level].size - 1n)) >> BigInt(arch.spec.pageShift);
  const pfn = (pfnOf(leafAddress(arch, level, entry), arch.spec.pageShift) + Number(inside)) as Pfn;
  const page = pages.page(pfn);
  return page && { pfn, page };
}

/** follow_page with FOLL_GET and FOLL_DUMP: the page of an address, with a reference; zero pages are an error, and no page. */
export function followPage(
  walker: WalkerOf,
  addr: Vaddr,
  pages: MlockPages,
  options: WalkerOptions,
): MlockPage | Outside | undefined {
  const { mm } = walker;
  let found: MlockPage | undefined;
  const outside = runWalk(walker, { start: addr, end: vaddrWrap(addr + mm.arch.geometry.pte.size) }, options, {
    enter(step) {
      if (isTable(walker, step)) return 'descend';
      const { level } = step.slot;
      if (pXdIs(mm, 'leaf', level, step.entry)) found = normalPage(walker, step, pages, addr);
      return 'stop';
    },
    pte(pte) {
      found = normalPage(walker, pte, pages, addr);
      return 'stop';
    },
  });
  if (outside || !found || found.page.zero) return outside;
  return pages.tryGet(found.page.head, 1) === 'got' ? found : undefined;
}

/** Whether an entry leads to a table, or is folded and leads on. */
export const isTable = ({ mm }: WalkerOf, { slot, entry }: { readonly slot: Slot; readonly entry: Entry }): boolean =>
  pXdIs<Level>(mm, 'present', slot.level, entry) &&
  !pXdIs<Level>(mm, 'leaf', slot.level, entry) &&
  !pXdIs<Level>(mm, 'bad', slot.level, entry);
