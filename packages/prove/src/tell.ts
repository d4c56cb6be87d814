/** How values are told, and the address space without memory that rules are asked in. */
import { type Arch, flatMemory, type Mm, paddr } from '@kernel-mm/pgtable-core';

/** A word in hexadecimal. */
export const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** An address space of no memory: for rules that look at values alone. */
export const bare = (arch: Arch): Mm => ({ arch, memory: flatMemory(new ArrayBuffer(0)), pgd: paddr(0n) });

/** For programs: 64-bit quantities as hex strings. */
export const json = (value: unknown): string =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? hex(one) : one));
