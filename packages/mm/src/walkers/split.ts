/** __split_huge_pmd: a huge page becomes a table of ptes with the same rights, or, of a file, nothing at all. */
import {
  change,
  type Entry,
  leafAddress,
  makeLeaf,
  makeTable,
  type Paddr,
  paddrWrap,
  pXdIs,
  type Slot,
  slotPlus,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import { normalPage } from './leaves.ts';
import { type Migration, makeMigration, migrationOf } from './migration.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import { protOf } from './rights.ts';
import { emptyOf, type UpperStep } from './tables.ts';
import { withUffdWpOf } from './uffd.ts';
import { dropPud } from './zap-huge.ts';

/** Whose huge page it is: a file's comes back by a fault, so that it is only unmapped. */
export type HugeOf = 'anon' | 'file';

/** pmd_trans_huge, or a huge page that moves. */
export const isHugePmd = ({ mm }: WalkerOf, entry: Entry): boolean =>
  pXdIs(mm, 'leaf', 'pmd', entry as Entry<'pmd'>) || migrationOf(mm, 'pmd', entry) !== undefined;

/** pmdp_invalidate: invalid for the hardware, present for Linux, and forgotten. */
export function invalidatePmd({ mm, port }: WalkerOf, slot: Slot<'pmd'>, entry: Entry<'pmd'>, range: Range): void {
  port.writeOnce(slot, change(mm.arch, 'pmd', 'invalid', entry) ?? (emptyOf(mm, slot) as Entry<'pmd'>));
  port.flushTlb(range);
}

/** __split_huge_pud: the huge page is unmapped, and comes back by faults. */
export function splitHugePud(walker: WalkerOf, slot: Slot<'pud'>, addr: Vaddr): void {
  needs({ walker, slot, addr });
  const { mm, port } = walker;
  const { size } = mm.arch.geometry.pud;
  const start = vaddrWrap(addr & -size);
  port.lock(slot);
  const entry = port.readOnce(slot);
  if (entry !== undefined && pXdIs(mm, 'leaf', 'pud', entry)) {
    port.writeOnce(slot, emptyOf(mm, slot) as Entry<'pud'>);
    port.flushTlb({ start, end: vaddrWrap(start + size) });
    const pfn = dropPud(walker, entry as Entry<'pud'>, start);
    if (pfn !== undefined) port.freePage(pfn);
  }
  port.unlock(slot);
}

/**
 * Splits the huge page of a pmd slot, `addr` any address in it. Under the lock of the pmd: what was split by another
 * meanwhile is left as it is. What the slot holds afterwards is to be read anew: for a file it is none.
 * @returns `false`, and nothing was changed, where no table was set aside and there is no memory for one
 */
export function splitHugePmd(walker: WalkerOf, step: UpperStep, addr: Vaddr, of: HugeOf): boolean {
  needs({ walker, step, addr, of });
  const { slot } = step;
  const { mm, port } = walker;
  const pmd = slot as Slot<'pmd'>;
  const { size } = mm.arch.geometry.pmd;
  const start = vaddrWrap(addr & -size);
  const range = { start, end: vaddrWrap(start + size) };
  port.lock(pmd);
  const entry = port.readOnce(pmd);
  const isHuge = entry !== undefined && isHugePmd(walker, entry);
  const split = !isHuge || (of === 'file' ? unmap : toPtes)(walker, pmd, entry, range);
  port.unlock(pmd);
  return split;
}

function unmap(walker: WalkerOf, pmd: Slot<'pmd'>, entry: Entry<'pmd'>, range: Range): true {
  walker.port.writeOnce(pmd, emptyOf(walker.mm, pmd) as Entry<'pmd'>);
  walker.port.flushTlb(range);
  letGo(walker, entry);
  return true;
}

function toPtes(walker: WalkerOf, pmd: Slot<'pmd'>, entry: Entry<'pmd'>, range: Range): boolean {
  const { mm, port } = walker;
  const table = port.withdraw(pmd);
  const made = table === undefined ? undefined : makeTable(mm.arch, 'pmd', table);
  if (table === undefined || made === undefined) return false;
  // Before the table takes its place: the hardware never sees both at once.
  invalidatePmd(walker, pmd, entry, range);
  fill(walker, { level: 'pte', space: 'memory', addr: table }, entry);
  port.writeOnce(pmd, made);
  return true;
}

/** What a file's huge page was told by its pmd, it knows now; the mapping's reference goes. One that moves has none. */
function letGo({ mm, port }: WalkerOf, huge: Entry<'pmd'>): void {
  const present = pXdIs(mm, 'present', 'pmd', huge);
  // A device's page, which no mapping counts.
  if (present && normalPage(mm, 'pmd', huge, 0n as Vaddr) === undefined) return;
  port.addCounters({ pages: -Number(mm.arch.geometry.pmd.size / mm.arch.geometry.pte.size), swap: 0 });
  if (!present) return;
  const head = Number(leafAddress(mm.arch, 'pmd', huge) >> BigInt(mm.arch.spec.pageShift));
  if (pXdIs(mm, 'dirty', 'pmd', huge)) port.setPageDirty(head);
  if (pXdIs(mm, 'young', 'pmd', huge)) port.markAccessed(head);
  port.freePage(head);
}

/** Ptes for every page of a huge one; each is a mapping of its own, and has a reference of its own unless it moves. */
function fill(walker: WalkerOf, first: Slot<'pte'>, huge: Entry<'pmd'>): void {
  const { mm, port } = walker;
  const { pte, pmd } = mm.arch.geometry;
  const moving = migrationOf(mm, 'pmd', huge);
  const counted = !moving && normalPage(mm, 'pmd', huge, 0n as Vaddr) !== undefined;
  const head = leafAddress(mm.arch, 'pmd', huge) >> BigInt(mm.arch.spec.pageShift);
  for (let n = 0n; n * pte.size < pmd.size; n++) {
    const made = moving
      ? movingPte(walker, huge, { ...moving, pfn: moving.pfn + n })
      : pageOf(walker, huge, paddrWrap(leafAddress(mm.arch, 'pmd', huge) + n * pte.size));
    if (made === undefined) continue;
    port.writeOnce(slotPlus(first, n, pte.slotBytes), withUffdWpOf(mm, huge, made as Entry<'pte'>));
    // The reference of the huge mapping becomes that of its first page.
    if (counted && n > 0n) port.getPage(Number(head + n));
  }
}

/** A page of a huge one that moves; soft-dirty if that was. */
function movingPte({ mm }: WalkerOf, huge: Entry<'pmd'>, moving: Migration): Entry | undefined {
  const { pmd, pte } = mm.arch.spec.levels;
  const made = makeMigration(mm, 'pte', moving);
  const soft = huge & (pmd.swap?.softDirty ?? 0n) ? (pte.swap?.softDirty ?? 0n) : 0n;
  return made === undefined ? undefined : ((made | soft) as Entry);
}

/** A page of a huge one: its rights, and whether it is young and dirty. */
function pageOf({ mm }: WalkerOf, huge: Entry<'pmd'>, at: Paddr): Entry<'pte'> | undefined {
  const { arch } = mm;
  const is = (state: 'young' | 'dirty'): boolean => pXdIs(mm, state, 'pmd', huge);
  const made = makeLeaf(arch, 'pte', at, protOf(mm, 'pmd', huge));
  if (made === undefined) return undefined;
  const marked = pXdIs(mm, 'special', 'pmd', huge) ? (change(arch, 'pte', 'special', made) ?? made) : made;
  const aged = is('young') ? marked : (change(arch, 'pte', 'old', marked) ?? marked);
  return change(arch, 'pte', is('dirty') ? 'dirty' : 'clean', aged) ?? aged;
}
