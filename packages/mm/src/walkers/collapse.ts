/** THP collapse (khugepaged): a table of small pages becomes one huge page, against readers that hold no lock. */
import {
  change,
  type Entry,
  type Level,
  leafAddress,
  type Mm,
  makeLeaf,
  type Paddr,
  type Pfn,
  paddr,
  pfnOf,
  pXdIs,
  roleOf,
  type Slot,
  slotPlus,
  tableAddress,
  UsageError,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import { assertMmapLock } from './mmap-lock.ts';
import { needs } from './needs.ts';
import type { WalkerOf } from './port.ts';
import { protOf } from './rights.ts';
import { emptyOf, type UpperStep } from './tables.ts';

/** What collapse needs to know of the pages, and where they go. */
export interface CollapseOptions {
  /** The huge page: its first frame, aligned to its size. */
  readonly into: Pfn;
  /** Whether a small page has no user but its mapping: looked at when no lockless reader can take it any more. */
  readonly isAlone: (pfn: Pfn) => boolean;
  /** How many ptes may be none; Linux's max_ptes_none is 511 by default, here none. */
  readonly maxNone?: number;
  /** Whether readers with interrupts off are waited for (since v6.1, 70cbc3cc78a9); before, only the flush did that. */
  readonly sync?: boolean;
}

/** What became of it; what is not collapsed is as it was. */
export type Collapsed =
  | { readonly kind: 'collapsed'; readonly pages: number }
  | {
      readonly kind: 'refused';
      readonly why: 'no-table' | 'no-leaf' | 'not-present' | 'too-many-none' | 'rights' | 'held';
      readonly addr: Vaddr;
    };

/** One small page of the table. */
interface Small {
  readonly slot: Slot<'pte'>;
  readonly entry: Entry<'pte'>;
  readonly addr: Vaddr;
}

/**
 * collapse_huge_page of the pmd that covers `addr`; `no-table` also where the slot holds another entry than the step by
 * now. The pmd is cleared and forgotten first, so that no walk reaches the table; then, under the lock of that table, the
 * pages are looked at; then, under the pmd's again, the huge page takes their place, and the table is set aside. A lockless
 * pinner that had read the pmd before compares it after its reference: it is another by then, or the reference is seen here.
 * @throws UsageError `locking` unless mmap_lock is held for writing; `address-range`, `range-unaligned`, before anything is touched, for a frame that no huge page can have
 */
export function collapseHugePmd(walker: WalkerOf, step: UpperStep, addr: Vaddr, options: CollapseOptions): Collapsed {
  needs({ walker, step, addr, options });
  assertMmapLock(walker, 'write');
  const { mm, port } = walker;
  const pmd = step.slot as Slot<'pmd'>;
  const table = step.entry as Entry<'pmd'>;
  const { size } = mm.arch.geometry.pmd;
  const start = vaddrWrap(addr & -size);
  const target = paddr(BigInt(options.into) << BigInt(mm.arch.spec.pageShift));
  if (target & (size - 1n)) throw new UsageError('range-unaligned', 'into', 'the first frame of a huge page');
  const refuse = (why: Extract<Collapsed, { kind: 'refused' }>['why'], at: Vaddr = start): Collapsed => ({
    kind: 'refused',
    why,
    addr: at,
  });
  if (roleOf(mm, 'pmd', table) !== 'table') return refuse('no-table');

  port.lock(pmd);
  if (port.readOnce(pmd) !== table) {
    port.unlock(pmd);
    return refuse('no-table');
  }
  port.writeOnce(pmd, emptyOf(mm, pmd) as Entry<'pmd'>);
  port.flushTlb({ start, end: vaddrWrap(start + size) });
  port.unlock(pmd);
  if (options.sync ?? true) port.syncTables('ipi');

  const below = tableAddress(mm.arch, 'pmd', table);
  const first: Slot<'pte'> = { level: 'pte', space: 'memory', addr: below };
  port.lock(first);
  const found = smallPages(walker, first, start);
  const judged = judge(mm, found, options);
  const made = 'rights' in judged ? hugeLeaf(mm, judged.rights, target) : undefined;
  if (made !== undefined) for (const { slot } of found) port.writeOnce(slot, emptyOf(mm, slot) as Entry<'pte'>);
  port.unlock(first);

  port.lock(pmd);
  if (made !== undefined) port.deposit(pmd, below);
  // Refused, it is as it was: who waits for the lock finds the table again.
  port.writeOnce(pmd, made ?? table);
  port.unlock(pmd);
  if (made === undefined) return 'why' in judged ? refuse(judged.why, judged.addr) : refuse('no-leaf');
  const pages = found.filter((one) => isPage(mm, one));
  port.addRmap(options.into, start);
  // What was none is memory now.
  if (pages.length < found.length) port.addCounters({ pages: found.length - pages.length, swap: 0 });
  for (const one of pages) port.freePage(frameOf(mm, one));
  return { kind: 'collapsed', pages: pages.length };
}

type Judged =
  | { readonly rights: Small }
  | { readonly why: Extract<Collapsed, { kind: 'refused' }>['why']; readonly addr: Vaddr };

/** Whether all may become one page: present, with the same rights, and nobody else's. */
function judge(mm: Mm, found: readonly Small[], { isAlone, maxNone = 0 }: CollapseOptions): Judged {
  const pages = found.filter((one) => isPage(mm, one));
  const none = found.filter(({ entry }) => pXdIs(mm, 'none', 'pte', entry));
  const other = found.find((one) => !isPage(mm, one) && !none.includes(one));
  const [first] = pages;
  if (other) return { why: 'not-present', addr: other.addr };
  if (!first || none.length > maxNone) return { why: 'too-many-none', addr: none[maxNone]?.addr ?? found[0]!.addr };
  const rights = (one: Small): string => JSON.stringify(protOf(mm, 'pte', one.entry));
  const odd = pages.find((one) => rights(one) !== rights(first));
  if (odd) return { why: 'rights', addr: odd.addr };
  const held = pages.find((one) => !isAlone(frameOf(mm, one)));
  return held ? { why: 'held', addr: held.addr } : { rights: first };
}

const isPage = (mm: Mm, { entry }: Small): boolean =>
  pXdIs(mm, 'present', 'pte', entry) && !pXdIs(mm, 'special', 'pte', entry);

const frameOf = ({ arch }: Mm, { entry }: Small): Pfn => pfnOf(leafAddress(arch, 'pte', entry), arch.spec.pageShift);

function smallPages({ mm, port }: WalkerOf, first: Slot<'pte'>, start: Vaddr): Small[] {
  const { pte, pmd } = mm.arch.geometry;
  return Array.from({ length: Number(pmd.size / pte.size) }, (_, n) => {
    const slot = slotPlus(first, BigInt(n), pte.slotBytes);
    const entry = port.readOnce(slot) ?? (emptyOf(mm, slot) as Entry<'pte'>);
    return { slot, entry, addr: vaddrWrap(start + BigInt(n) * pte.size) };
  });
}

/** The huge leaf with a small page's rights, young, and dirty whether or not it may be written. */
function hugeLeaf(mm: Mm, { entry }: Small, target: Paddr): Entry<'pmd'> | undefined {
  const { arch } = mm;
  const made = makeLeaf(arch, 'pmd', target, protOf(mm, 'pte', entry));
  if (made === undefined) return undefined;
  const huge = change(arch, 'pmd', 'huge', made) ?? made;
  const dirty = change(arch, 'pmd', 'dirty', huge) ?? huge;
  return pXdIs<Level>(mm, 'leaf', 'pmd', dirty) ? dirty : undefined;
}
