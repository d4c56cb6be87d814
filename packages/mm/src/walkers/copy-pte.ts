/** copy_one_pte (v5.8): what the child gets for one pte of the parent, and what the parent keeps. */
import { change, type Entry, pXdIs, type Slot, type Swap, ungrouped } from '@kernel-mm/pgtable-core';
import { normalPage } from './leaves.ts';
import type { WalkerOf } from './port.ts';
import { swapKindOf, withoutWrite } from './swap-kinds.ts';
import { withoutUffdWp } from './uffd.ts';
import type { PteStep } from './walk.ts';

/** What fork asks of a mapping. */
export interface ForkedVma {
  /** VM_SHARED and VM_MAYWRITE: private and ever writable is copied on write. */
  readonly shared: boolean;
  readonly mayWrite: boolean;
  /** Whether it ever had pages of its own (anon_vma). Otherwise faults bring back what is there. */
  readonly hasAnonVma: boolean;
  /** vma_is_anonymous: only such huge pages are copied. */
  readonly anonymous: boolean;
  /** VM_PFNMAP or VM_MIXEDMAP: no fault would bring it back. */
  readonly pfnMap?: boolean;
  /** hugetlb: large pages are copied whosever they are, and no table is set aside for them (copy_hugetlb_page_range). */
  readonly hugetlb?: boolean;
  /** VM_UFFD_WP in the child: userfaultfd is told of its writes too. Otherwise its entries lose that mark (v5.7). */
  readonly uffdWp?: boolean;
}

/** Parent and child, and how many pages and swap entries of the present table the child got. */
export interface Forking {
  readonly src: WalkerOf;
  readonly dst: WalkerOf;
  readonly vma: ForkedVma;
  tally: { pages: number; swap: number };
}

const isCow = ({ shared, mayWrite }: ForkedVma): boolean => mayWrite && !shared;

/** Copies a pte that is not none. @returns the place on a swap device whose count has to grow first; nothing was done then */
export function copyPte(fork: Forking, step: PteStep, to: Slot<'pte'>): Swap | undefined {
  const made = pXdIs(fork.src.mm, 'present', 'pte', step.entry) ? copyPresent(fork, step) : copySwap(fork, step);
  if (typeof made !== 'bigint') return made;
  fork.dst.port.writeOnce(to, fork.vma.uffdWp ? made : withoutUffdWp(fork.src.mm, 'pte', made));
  return undefined;
}

/** The child’s pte: old always, clean if shared; copied on write, neither of both may write any more. */
function copyPresent({ src, dst, vma, tally }: Forking, step: PteStep): Entry<'pte'> {
  const { slot, addr } = step;
  const { mm, port } = src;
  // The child's neighbours may be others: its page is one of its own.
  const entry = ungrouped(mm, slot as Slot, step.entry as Entry) as Entry<'pte'>;
  const make = (what: 'wrprotect' | 'clean' | 'old', of: Entry<'pte'>): Entry<'pte'> =>
    change(mm.arch, 'pte', what, of) ?? of;
  let made = entry;
  if (isCow(vma) && pXdIs(mm, 'write', 'pte', entry)) {
    made = make('wrprotect', entry);
    port.writeOnce(slot, made);
  }
  const pfn = normalPage(mm, 'pte', entry, addr);
  if (pfn !== undefined) {
    port.getPage(pfn);
    dst.port.addRmap(pfn, addr, 'shared');
    tally.pages++;
  }
  return make('old', vma.shared ? make('clean', made) : made);
}

function copySwap({ src, dst, vma, tally }: Forking, { slot, entry }: PteStep): Entry<'pte'> | Swap {
  const what = swapKindOf(src.mm, 'pte', entry);
  if (what?.kind === 'swap') {
    if (!src.port.dupSwap(what.swap)) return what.swap;
    dst.port.joinSwapList();
    tally.swap++;
  }
  if (what?.kind !== 'migration' && what?.kind !== 'device') return entry;
  tally.pages++;
  if (what.kind === 'device') src.port.getPage(what.pfn);
  const made = isCow(vma) ? withoutWrite(src.mm, 'pte', entry) : undefined;
  if (made !== undefined) src.port.writeOnce(slot, made);
  return made ?? entry;
}
