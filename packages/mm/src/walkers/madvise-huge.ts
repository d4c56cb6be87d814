/** A huge page under madvise: as a whole if the range covers it, split if not, and left alone if it is not ours alone. */
import { pXdIs } from '@kernel-mm/pgtable-core';
import { FORMS } from './forms.ts';
import { type Advising, giveAdvice, pfnOfLeaf } from './madvise-pages.ts';
import type { WalkAt } from './pagewalk-ops.ts';
import { splitHugePmd } from './split.ts';

/** `advised`: all done. `split`: ptes from now on. `left`: not huge any more, or not to be touched. */
export type HugeOutcome = 'advised' | 'split' | 'left';

/**
 * The huge page of a pmd. Its table comes first, as in Linux, where splitting a page unmaps it: a page that then cannot be
 * split stays whole, mapped by ptes.
 */
export function adviseHuge(run: Advising, at: WalkAt<'pmd'>): HugeOutcome {
  const { walker, pages, vma, options } = run;
  const { mm, port } = walker;
  const { slot, addr } = at;
  port.lock(slot);
  const entry = port.readOnce(slot);
  const leaf = entry !== undefined && isOwn(run, { slot, entry }) ? { slot, entry, addr } : undefined;
  // pmd_addr_end of what the range already ends in: one of the series' places.
  const next = FORMS[options.form ?? 'static'].boundary(mm, 'pmd', at.entry, addr, at.next);
  const whole = BigInt.asUintN(64, next - addr) === mm.arch.geometry.pmd.size;
  if (leaf && whole) giveAdvice(run, leaf);
  port.unlock(slot);
  if (!leaf || whole) return leaf ? 'advised' : 'left';
  if (!splitHugePmd(walker, leaf, addr, vma.backing ? 'file' : 'anon')) return 'left';
  return pages.split(pfnOfLeaf(walker, leaf)) ? 'split' : 'left';
}

/** Huge, not on the move, no zero page, mapped here only; to be freed, it must not be locked by others either. */
function isOwn({ walker, pages, advice }: Advising, leaf: Pick<WalkAt<'pmd'>, 'slot' | 'entry'>): boolean {
  const { mm } = walker;
  const { entry } = leaf;
  if (!pXdIs(mm, 'leaf', 'pmd', entry) || !pXdIs(mm, 'present', 'pmd', entry)) return false;
  const page = pages.page(pfnOfLeaf(walker, leaf));
  return page !== undefined && !page.zero && page.mapcount === 1 && !(advice === 'free' && page.busy);
}
