/** copy_huge_pmd and copy_huge_pud (v5.8): a large page that parent and child share from now on, and neither may write. */
import { change, type Entry, type Paddr, pXdIs, type Slot, ungrouped, type Vaddr } from '@kernel-mm/pgtable-core';
import type { Forking } from './copy-pte.ts';
import { isHugeKind, normalPage } from './leaves.ts';
import { withoutWrite } from './swap-kinds.ts';
import { withoutUffdWp } from './uffd.ts';

/** `changed`: it is not huge any more, and nothing was done (-EAGAIN). */
export type HugeCopied = 'done' | 'no-memory' | 'changed';

/** Where a large page is, and where its copy goes. */
export interface HugeStep<L extends 'pmd' | 'pud'> {
  readonly slot: Slot<L>;
  readonly to: Slot<L>;
  readonly addr: Vaddr;
}

/** Copies a huge pmd of an anonymous mapping, with a table set aside for its split; of others nothing: faults bring it back. */
export function copyHugePmd(fork: Forking, step: HugeStep<'pmd'>): HugeCopied {
  const { dst, vma } = fork;
  if (vma.hugetlb) return locked(fork, step, (entry) => entry !== undefined && copyPmd(fork, step, entry));
  if (!vma.anonymous) return 'done';
  const table = dst.port.allocTable('pte');
  if (table === undefined) return 'no-memory';
  return locked(fork, step, (entry) => {
    if (entry === undefined) dst.port.freeTable('pte', table);
    else copyPmd(fork, step, entry, table);
  });
}

/** Copies a huge pud. Up to v6.14 only a device has such pages (DAX), and mappings hold no reference to them. */
export const copyHugePud = (fork: Forking, step: HugeStep<'pud'>): HugeCopied =>
  locked(fork, step, (entry) => {
    if (entry === undefined) return;
    const { dst, src } = fork;
    const pfn = dst.port.countsPuds() ? normalPage(src.mm, 'pud', entry as Entry, step.addr) : undefined;
    if (pfn !== undefined) share(fork, 'pud', pfn, step.addr);
    dst.port.writeOnce(step.to, shared(fork, step, entry));
  });

/** One more mapping of a large page, the child's. */
function share({ src, dst }: Forking, level: 'pmd' | 'pud', pfn: number, addr: Vaddr): void {
  const { [level]: large, pte } = src.mm.arch.geometry;
  src.port.getPage(pfn);
  dst.port.addRmap(pfn, addr, 'shared');
  dst.port.addCounters({ pages: Number(large.size / pte.size), swap: 0 });
}

/** Under both locks, the child’s first, with what is there if it still is huge. */
function locked<L extends 'pmd' | 'pud'>(
  { src, dst }: Forking,
  { slot, to }: HugeStep<L>,
  copy: (entry: Entry<L> | undefined) => unknown,
): HugeCopied {
  dst.port.lock(to);
  src.port.lock(slot);
  const entry: Entry<L> | undefined = src.port.readOnce(slot);
  const huge = entry !== undefined && isHugeKind(src.mm, slot.level, entry as Entry);
  copy(huge ? entry : undefined);
  src.port.unlock(slot);
  dst.port.unlock(to);
  return huge ? 'done' : 'changed';
}

function copyPmd(fork: Forking, step: HugeStep<'pmd'>, entry: Entry<'pmd'>, table?: Paddr): void {
  const { src, dst, vma } = fork;
  const { pmd, pte } = src.mm.arch.geometry;
  const present = pXdIs(src.mm, 'present', 'pmd', entry);
  const pfn = present ? normalPage(src.mm, 'pmd', entry, step.addr) : undefined;
  if (pfn !== undefined) share(fork, 'pmd', pfn, step.addr);
  if (!present) dst.port.addCounters({ pages: Number(pmd.size / pte.size), swap: 0 });
  const made = present ? shared(fork, step, entry) : moved(fork, step, entry);
  if (table !== undefined) dst.port.deposit(step.to, table);
  dst.port.writeOnce(step.to, vma.uffdWp ? made : withoutUffdWp(src.mm, 'pmd', made));
}

/** Write-protected in both, whatever the mapping permits; old in the child. */
function shared<L extends 'pmd' | 'pud'>({ src, vma }: Forking, { slot }: HugeStep<L>, huge: Entry<L>): Entry<L> {
  const { arch } = src.mm;
  const entry = ungrouped(src.mm, slot as Slot, huge as Entry) as Entry<L>;
  // hugetlb's shared pages are mapped by both as they are.
  const isKept = vma.hugetlb && vma.shared;
  const kept = isKept ? entry : (change(arch, slot.level as L, 'wrprotect', entry as Entry<NoInfer<L>>) ?? entry);
  if (!isKept) src.port.writeOnce(slot, kept);
  return change(arch, slot.level as L, 'old', kept as Entry<NoInfer<L>>) ?? kept;
}

/** One that moves may be written by neither when it arrives. */
function moved({ src }: Forking, { slot }: HugeStep<'pmd'>, entry: Entry<'pmd'>): Entry<'pmd'> {
  const made = withoutWrite(src.mm, 'pmd', entry);
  if (made !== undefined) src.port.writeOnce(slot, made);
  return made ?? entry;
}
