/** Tagged addresses: what Linux takes off an address of user space before it walks. */
import { type Machine, type Vaddr, vaddr } from '@kernel-mm/pgtable-core';
import { hex } from './words.ts';

/** An address as it is walked. */
export interface Untagged {
  readonly addr: Vaddr;
  /** What to say of the tag that was taken off; missing where there was none. */
  readonly note?: string;
}

/**
 * The address without its tag. Only arm64 has a register for each half, and tags by TBI (Arm ARM, D8): the top byte is
 * ignored, the bits above 55 count as bit 55. Linux turns TBI0 on for every process, and its untagged_addr relies on
 * that. So user addresses lose a tag, unless a TCR that is said has TBI0 = 0; kernel addresses where TBI is on for them.
 */
export function untag({ arch, state }: Machine, addr: Vaddr): Untagged {
  if (arch.spec.va.extend !== 'halves') return { addr };
  const isKernel = (addr >> 55n) & 1n;
  const tcr = typeof state.tcr === 'bigint' ? state.tcr : 0n;
  const ignored = tcr ? (tcr >> (37n + isKernel)) & 1n : !isKernel || state.tbi === true;
  const walked = vaddr(BigInt.asUintN(64, BigInt.asIntN(56, addr)));
  if (!ignored || walked === addr) return { addr };
  return { addr: walked, note: `${hex(addr)} is tagged: TBI ignores its top byte, ${hex(walked)} is walked` };
}
