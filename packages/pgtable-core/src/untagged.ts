/** Tags of pointers: bits of an address that name no byte. One question for the kernel's rule and for the machine's. */
import { type Vaddr, vaddr, vaddrWrap } from './brand.ts';
import type { Arch } from './geometry.ts';
import type { Machine } from './machine.ts';

/**
 * The address without its tag. Of an architecture: what Linux walks for an address that user space hands it (untagged_addr).
 * Of a machine: what a load or store translates in its state (TBI, LAM, pointer masking).
 * @param root the root register, where the rule looks at it (LAM: CR3). Default: 0
 * @throws UsageError `address-range` for what is no address of 64 bits
 */
export function untagged(of: Arch | Machine, addr: Vaddr, root = 0n): Vaddr {
  const whole = vaddr(addr);
  if ('hardware' in of) return of.hardware.untagged?.({ root, addr: whole, access: 'read' }) ?? whole;
  return vaddrWrap(of.untagged({ addr: whole, root }));
}
