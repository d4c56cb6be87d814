/** Tagged addresses: what Linux, or else the machine in its state, takes off an address before it is walked. */
import { type Machine, untagged, type Vaddr } from '@kernel-mm/pgtable-core';
import { hex } from './words.ts';

/** An address as it is walked. */
export interface Untagged {
  readonly addr: Vaddr;
  /** What to say of the tag that was taken off; missing where there was none. */
  readonly note?: string;
}

/** The address without its tag. Linux's untagged_addr looks at no register: its rule comes first. */
export function untag({ machine, rootOf }: { machine: Machine; rootOf(addr: bigint): bigint }, addr: Vaddr): Untagged {
  const root = rootOf(addr);
  const byLinux = untagged(machine.arch, addr, root);
  const walked = byLinux === addr ? untagged(machine, addr, root) : byLinux;
  if (walked === addr) return { addr };
  const who = byLinux === addr ? 'this machine ignores' : 'Linux takes off (TBI)';
  return { addr: walked, note: `${hex(addr)} is tagged, which ${who}: ${hex(walked)} is walked` };
}
