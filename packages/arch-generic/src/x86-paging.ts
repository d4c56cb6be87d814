/** Paging-structure entries as the processor reads them, mode by mode: what is reserved, and what takes a right away. */
import {
  type Access,
  and,
  type Expr,
  type FaultRule,
  type Hardware,
  has,
  lacks,
  or,
  shl,
  type Taking,
} from '@kernel-mm/pgtable-core';
import { NX, P, type Paging, PSE, RW, US } from './x86-entry.ts';

/**
 * The machine state that paging consults. Defaults are a machine as Linux runs it: paging, NX and WP are on, and pages of all
 * sizes are there. What not every CPU has, and only takes rights away (SMEP, SMAP, PKE), is off. PSE-36 is taken to be there.
 */
export interface X86State {
  /** CR0.PG; without it a linear address is physical, and has 32 bits. */
  readonly pg: boolean;
  /** The access is one of user mode's: CPL is 3. */
  readonly user: boolean;
  /** EFER.NXE: bit 63 is XD; else it is reserved. */
  readonly nxe: boolean;
  /** CR0.WP: the supervisor needs R/W to write. */
  readonly wp: boolean;
  /** CR4.SMEP: the supervisor may not fetch from user pages. */
  readonly smep: boolean;
  /** CR4.SMAP: the supervisor may not load from or store to user pages… */
  readonly smap: boolean;
  /** …unless EFLAGS.AC is 1. */
  readonly ac: boolean;
  /** CR4.PKE, with 4 and 5 levels only: user pages have keys. */
  readonly pke: boolean;
  /** CR4.PSE, with 2 levels only: PS makes a page of 4 MiB; else the bit is ignored. */
  readonly pse: boolean;
  /** CPUID.80000001H:EDX.Page1GB, with 4 and 5 levels only: PS in a PDPTE makes a page of 1 GiB; else it is reserved. */
  readonly pdpe1gb: boolean;
  /** CR4.LAM_SUP, with 4 and 5 levels only: data pointers whose bit 63 is 1 have metadata. Those of the lower half are CR3's. */
  readonly lamSup: boolean;
  /** For each of the 16 keys two bits: access disable, write disable. */
  readonly pkru: bigint;
  /** MAXPHYADDR: how many physical address bits there are; those above are reserved. Default: 52. */
  readonly maxPhysBits: number;
  /** Address bits that mean encryption (SME's C bit): neither reserved nor part of the address. */
  readonly encMask: bigint;
}

/** Bits `hi`…`lo` as a mask; none if `hi` is below `lo`. */
const span = (hi: number, lo: number): bigint => (hi < lo ? 0n : (1n << BigInt(hi + 1)) - (1n << BigInt(lo)));

const rule = (kind: string, when: Expr, why: string): FaultRule => ({ kind, when, why });
const taking = (when: Expr, rights: readonly Access[], why: string): Taking => ({ when, rights, why });

/** The tables of a paging mode in this state, in SDM volume 3's order: 4.3 (32-bit), 4.4 (PAE), 4.5 (4 and 5 levels). */
export function levelsOf(
  paging: Paging,
  { user, nxe, wp, pse, pdpe1gb, maxPhysBits, encMask }: X86State,
): Hardware['levels'] {
  const wide = paging !== '2-level';
  // An entry with P = 0 is never looked at further. Reserved bits come next, level by level.
  const absent = rule('not-present', lacks(P), 'P = 0');
  const large = (hi: number, lo: number): FaultRule =>
    rule('reserved', and(has(PSE), has(span(hi, lo) & ~encMask)), `PS = 1, and bits ${hi}:${lo} are not 0`);
  const takes = [
    ...(user ? [taking(lacks(US), ['read', 'write', 'execute'], 'U/S = 0')] : []),
    ...(user || wp ? [taking(lacks(RW), ['write'], 'R/W = 0')] : []),
    ...(nxe && wide ? [taking(has(NX), ['execute'], 'XD = 1')] : []),
  ];
  const address = (hi: number, lo: number): Expr => and('entry', span(hi, lo) & ~encMask);

  if (!wide) {
    // PSE-36: bits 20:13 of a 4 MiB page are physical address bits 39:32, as far as there are any.
    const high = shl(and('entry', span(20, 13)), 19n);
    const page = { base: or(address(31, 22), high), takes };
    const table = { base: address(31, 12), takes };
    return {
      pgd: pse
        ? { rules: [absent, large(21, Math.min(Math.max(maxPhysBits, 32), 40) - 19)], leaf: has(PSE), table, page }
        : { rules: [absent], leaf: 0n, table },
      pte: { rules: [absent], leaf: 1n, page: table },
    };
  }

  const beyond = (hi: number): bigint => span(hi, maxPhysBits) & ~encMask;
  const entry = [
    absent,
    rule('reserved', has(beyond(paging === 'pae' ? 62 : 51)), 'an address bit beyond MAXPHYADDR'),
    ...(nxe ? [] : [rule('reserved', has(NX), 'XD = 1, and EFER.NXE = 0')]),
  ];
  // One base for tables and pages: below a large page's frame are PAT and reserved bits, and there the address rules.
  const to = { base: address(51, 12), takes };
  const lower = {
    pmd: { rules: [...entry, large(20, 13)], leaf: has(PSE), table: to, page: to },
    pte: { rules: entry, leaf: 1n, page: to },
  };
  if (paging === 'pae') {
    // A PDPTE has no R/W, U/S or XD. The CPU loads all four with CR3, and a bad one is a general protection there.
    const bad = has(beyond(63) | span(8, 5) | span(2, 1));
    const rules = [absent, rule('general-protection', bad, 'a reserved bit of a PDPTE is 1')];
    return { pgd: { rules, leaf: 0n, table: { base: address(51, 12) } }, ...lower };
  }
  const none = rule('reserved', has(PSE), 'PS = 1, and no page is so large');
  const upper = { rules: [...entry, none], leaf: 0n, table: to };
  const pud = pdpe1gb ? { rules: [...entry, large(29, 13)], leaf: has(PSE), table: to, page: to } : upper;
  return { pgd: upper, ...(paging === '5-level' && { p4d: upper }), pud, ...lower };
}
