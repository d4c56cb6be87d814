/** Pins that end with their block. */
import { pinPages } from '@kernel-mm/gup-fast';
import type { AddressSpace } from '@kernel-mm/mm';
import type { Vaddr } from '@kernel-mm/pgtable-core';

// #region using
/** Has a device write to `pages` pages; whatever it throws, they are unpinned at the end of the block. */
export function receive(space: AddressSpace, addr: Vaddr, pages: number, device: (frame: number) => void): number {
  using dma = pinPages(space.gup(), addr, pages, { write: true, longterm: true });
  for (const frame of dma) device(frame);
  return dma.result.ret;
}
// #endregion using
