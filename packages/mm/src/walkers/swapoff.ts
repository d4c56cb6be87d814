/** unuse_vma (v5.8): every page of a mapping that lies on one swap device comes back, so that the device can be taken away. */
import type { Errno } from '@kernel-mm/gup-fast';
import { change, type Entry, type Pfn, type Prot, pXdIs, type Swap, swapOf, UsageError } from '@kernel-mm/pgtable-core';
import { type Losing, type Lost, losing } from './lost.ts';
import { leafOf } from './making.ts';
import { needs } from './needs.ts';
import { endOf, type Range, type WalkerOf } from './port.ts';
import { noneOrClearBad, noneOrHugeOrClearBad } from './tables.ts';
import { type Outside, type PteDecision, type PteStep, runWalk, type WalkerOptions } from './walk.ts';

/** The device that is taken away, and its pages. */
export interface SwapDevice {
  /** Its number: the type of its swap entries. */
  readonly type: bigint;
  /** The page there, from the swap cache or read in; `undefined` where there is no memory for it. */
  readIn(offset: bigint): Pfn | undefined;
  /** Whether swap_map has a count for it: neither 0 nor bad. */
  inUse(offset: bigint): boolean;
  /** The page as this mapping may have it (ksm_might_need_to_copy); the same page unless said otherwise. */
  copy?(pfn: Pfn): Pfn | undefined;
  /** A copy that was not wanted any more. */
  drop?(copy: Pfn): void;
  /** get_page: the mapping's reference. */
  get(pfn: Pfn): void;
  /** swap_free: one entry less refers to it. */
  free(offset: bigint): void;
  /**
   * Frontswap (until v5.16): only pages that lie there come back. `pages`, unless 0, is counted down with each that was
   * looked at, across mappings, and the last ends the pass.
   */
  readonly frontswap?: {
    /** Whether the page of this offset lies there. */
    readonly has: (offset: bigint) => boolean;
    pages: number;
  };
}

/** A mapping; `Mapped` is one. `prot` is vm_page_prot: of private memory without the right to write, which a fault gives back. */
export interface UnuseVma extends Range {
  readonly prot: Prot;
}

/** What came of it. */
export interface Unused extends Losing {
  /** 0; 1: as many as frontswap wanted back (FRONTSWAP_PAGES_UNUSED), which ends the whole pass; ENOMEM; EFAULT with a failure. */
  readonly ret: 0 | 1 | Errno;
  /** Entries that became pages. The port was told: MM_SWAPENTS is lower by as many, and the pages' own counter higher. */
  readonly pages: number;
  readonly failure?: Outside;
}

/**
 * Brings back what a mapping has on a device; other swap entries stay. What was brought back before an error stays mapped.
 * @throws UsageError `range-empty` for a mapping that is empty or reversed, which nothing in a kernel guards against;
 * `argument`, with what came back before, for a frame that no pte can hold
 */
export function unuseVma(walker: WalkerOf, vma: UnuseVma, device: SwapDevice, options: WalkerOptions = {}): Unused {
  needs({ walker, vma, device });
  if (vma.start >= endOf(vma)) throw new UsageError('range-empty', 'vma', 'a mapping of at least a page');
  let ret: Unused['ret'] = 0;
  let pages = 0;
  const lost: Lost[] = [];
  const stop = (why: Unused['ret']): PteDecision => {
    ret = why;
    return 'stop';
  };

  const outside = runWalk(walker, vma, options, {
    enter(step) {
      const skip = step.slot.level === 'pmd' ? noneOrHugeOrClearBad : noneOrClearBad;
      return skip(walker, step, lost) ? 'skip' : 'descend';
    },
    // No lock: what is found here is looked at again under it.
    pte(pte) {
      const swap = swapOn(walker, pte.entry, device);
      if (!swap || device.frontswap?.has(swap.offset) === false) return 'next';
      const page = device.readIn(swap.offset);
      if (page === undefined) return device.inUse(swap.offset) ? stop('ENOMEM') : 'next';
      const done = unusePte(walker, pte, swap, page, vma.prot, device);
      if (done === 'ENOMEM') return stop(done);
      if (done) pages++;
      return isLastWanted(device) ? stop(1) : 'next';
    },
  });
  const told = { pages, ...losing(lost) };
  return outside ? { ret: 'EFAULT', ...told, failure: outside } : { ret, ...told };
}

/** Whether this was the last page that is wanted back. */
function isLastWanted({ frontswap }: SwapDevice): boolean {
  if (!frontswap || frontswap.pages === 0) return false;
  frontswap.pages--;
  return frontswap.pages === 0;
}

/** The swap entry, if it is one of this device's. */
function swapOn({ mm }: WalkerOf, entry: Entry<'pte'>, { type }: SwapDevice): Swap | undefined {
  const swap = pXdIs(mm, 'swap', 'pte', entry) ? swapOf(mm.arch, 'pte', entry) : undefined;
  return swap?.type === type ? swap : undefined;
}

/** unuse_pte: the page takes the entry's place, clean and old, unless another entry is there by now. Whether it did. */
function unusePte(
  walker: WalkerOf,
  { slot, addr }: PteStep,
  swap: Swap,
  page: Pfn,
  prot: Prot,
  device: SwapDevice,
): boolean | 'ENOMEM' {
  const { port, mm } = walker;
  const { arch } = mm;
  const pfn = device.copy ? device.copy(page) : page;
  if (pfn === undefined) return 'ENOMEM';
  const leaf = leafOf(mm, 'pte', BigInt(pfn) << BigInt(arch.spec.pageShift), prot);
  port.lock(slot);
  const now = port.readOnce(slot);
  // Soft-dirty and the like may have come meanwhile: it is the same page.
  const same = now !== undefined && swapOn(walker, now, device)?.offset === swap.offset;
  if (same) {
    device.get(pfn);
    const clean = change(arch, 'pte', 'clean', leaf) ?? leaf;
    port.writeOnce(slot, change(arch, 'pte', 'old', clean) ?? clean);
    port.addRmap(pfn, addr);
    port.addCounters({ pages: 1, swap: -1 });
    device.free(swap.offset);
  }
  port.unlock(slot);
  if (!same && pfn !== page) device.drop?.(pfn);
  return same;
}
