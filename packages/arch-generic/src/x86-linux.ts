/** What Linux reads in x86 entries and makes of them, by the helpers of each version since v4.19. */
import {
  addressMask,
  and,
  bits,
  clear,
  type Expr,
  eq,
  has,
  is,
  type LevelSpec,
  lacks,
  not,
  or,
  type SwapFormat,
  select,
  set,
  xor,
} from '@kernel-mm/pgtable-core';
import { since } from './linux.ts';
import {
  A,
  D,
  is64,
  isWide,
  leaf,
  NX,
  P,
  PROTNONE,
  PSE,
  RW,
  SPECIAL,
  softwareBits,
  US,
  type X86Kernel,
} from './x86-entry.ts';

type Reading = LevelSpec['is'];
type Level = 'pud' | 'pmd' | 'pte';

/** What the kernel calls flags: everything outside PTE_PFN_MASK. With SME the C bit is one, and tables must have it. */
const flagsOf = ({ encMask }: X86Kernel): bigint => 0xfff0_0000_0000_0fffn | encMask;
const tableFlags = ({ encMask }: X86Kernel): bigint => 0x63n | encMask; // _KERNPG_TABLE

/** An erratum may set A and D in an empty entry; Linux minds it where entries have 8 bytes. */
const none = (kernel: X86Kernel): Expr => (isWide(kernel) ? lacks(0xffff_ffff_ffff_ffffn & ~(A | D)) : eq('entry', 0n));

/** What is asked of any leaf. D without R/W, a shadow stack where the CPU has them, is not called writable here. */
function pageReading(kernel: X86Kernel, level: Level): Reading {
  const { SOFT_DIRTY, SAVED_DIRTY, DEVMAP } = softwareBits(kernel);
  const hasSpecial = level === 'pte' || (is64(kernel) && since(kernel.linux, '6.12'));
  return {
    none: none(kernel),
    protnone: is(P | PROTNONE, PROTNONE),
    special: has(hasSpecial ? SPECIAL : 0n),
    devmap: has(DEVMAP),
    write: has(RW),
    young: has(A),
    dirty: has(D | SAVED_DIRTY),
    softDirty: has(SOFT_DIRTY),
    exec: lacks(NX),
    user: has(US),
    // __pte_access_permitted; the protection key is the caller's to ask, it needs PKRU.
    accessRead: is(P | US, P | US),
    accessWrite: is(P | US | RW, P | US | RW),
  };
}

/** pgd of five levels. With page-table isolation, which kernels have built in since v4.15, NX is no fault of it. */
export const pgdReading = (kernel: X86Kernel): Reading => ({
  none: eq('entry', 0n),
  present: has(P),
  bad: not(is(flagsOf(kernel) & ~(US | NX), tableFlags(kernel))),
});

/** p4d: the top of four levels, the second of five. */
export const p4dReading = (kernel: X86Kernel): Reading => ({
  none: lacks(0xffff_ffff_ffff_ffffn & ~(A | D)),
  present: has(P),
  bad: has(flagsOf(kernel) & ~(tableFlags(kernel) | US | NX)),
});

/** pud, without what only leaves have: PAE's top. */
export const pudTableReading = (kernel: X86Kernel): Reading => ({
  ...p4dReading(kernel),
  bad: has(flagsOf(kernel) & ~(tableFlags(kernel) | US)),
});

/** pud of a 64-bit kernel. */
export const pudReading = (kernel: X86Kernel): Reading => ({
  ...pageReading(kernel, 'pud'),
  ...pudTableReading(kernel),
  leaf: since(kernel.linux, '6.12') ? has(PSE) : is(PSE | P, PSE | P),
  swap: and(not(none(kernel)), lacks(P | PROTNONE | PSE)),
});

/** pmd. PSE alone is present too: a huge page that is being split has P cleared for a moment. */
export function pmdReading(kernel: X86Kernel): Reading {
  // A 32-bit kernel looks at the low word only: the high one may be written later.
  const empty = kernel.paging === 'pae' ? lacks(0xffff_ffffn & ~(A | D)) : none(kernel);
  const ignored = since(kernel.linux, '6.1') ? US | A : US;
  return {
    ...pageReading(kernel, 'pmd'),
    none: empty,
    present: has(P | PROTNONE | PSE),
    bad: not(is(flagsOf(kernel) & ~ignored, tableFlags(kernel) & ~ignored)),
    leaf: has(PSE),
    swap: is64(kernel) ? and(not(empty), lacks(P | PROTNONE | PSE)) : 0n,
  };
}

/** pte. */
export const pteReading = (kernel: X86Kernel): Reading => ({
  ...pageReading(kernel, 'pte'),
  present: has(P | PROTNONE),
  swap: and(not(none(kernel)), lacks(P | PROTNONE)),
});

/** pXd_mk… of a level that has leaves. */
export function changes(kernel: X86Kernel, level: Level): NonNullable<LevelSpec['mk']> {
  const { SOFT_DIRTY, SAVED_DIRTY, DEVMAP } = softwareBits(kernel);
  const dirtied = set(D | SOFT_DIRTY);
  // Since v6.6 no helper leaves D without R/W: the saved bit takes its place.
  const saved = (e: Expr): Expr => or(and(e, 0xffff_ffff_ffff_ffffn & ~D), SAVED_DIRTY);
  const unsaved = (e: Expr): Expr => or(and(e, 0xffff_ffff_ffff_ffffn & ~SAVED_DIRTY), D);
  const large = level !== 'pte';
  const hasSpecial = !large || (is64(kernel) && since(kernel.linux, '6.12'));
  return {
    young: set(A),
    old: clear(A),
    dirty: SAVED_DIRTY ? select(has(RW), dirtied, saved(dirtied)) : dirtied,
    clean: clear(D | SAVED_DIRTY),
    // Those of pte and pmd are the _novma forms, whose callers know of shadow stacks. pud_mkwrite moves the saved bit back.
    write: SAVED_DIRTY && level === 'pud' ? select(has(SAVED_DIRTY), unsaved(set(RW)), set(RW)) : set(RW),
    wrprotect: SAVED_DIRTY ? select(has(D), saved(clear(RW)), clear(RW)) : clear(RW),
    huge: set(PSE),
    ...(hasSpecial && { special: set(SPECIAL) }),
    ...(DEVMAP && { devmap: set(large ? DEVMAP : DEVMAP | SPECIAL) }),
    ...(SOFT_DIRTY && { softDirty: set(SOFT_DIRTY), clearSoftDirty: clear(SOFT_DIRTY) }),
    ...((level === 'pmd' || (level === 'pud' && since(kernel.linux, '6.12'))) && { invalid: invalid(kernel, level) }),
  };
}

/** pXd_mkinvalid: not present, but still a leaf by PSE. The frame is inverted as P goes. */
function invalid(kernel: X86Kernel, level: 'pud' | 'pmd'): Expr {
  if (!isWide(kernel)) return clear(P | PROTNONE);
  const frame = addressMask(leaf(kernel, level === 'pud' ? 30 : 21).fields);
  return select(has(P), xor(clear(P | PROTNONE), frame), clear(PROTNONE));
}

/**
 * Swap entries, the same in a pte and, for migration and hugetlb, which only 64-bit kernels move, above. A and D stay
 * clear, for the erratum; the offset is inverted, against L1TF. Only a pte is marked exclusive, only what swaps is soft-dirty.
 */
export function swap(kernel: X86Kernel, level: Level): SwapFormat {
  const marked = level === 'pte' && since(kernel.linux, is64(kernel) ? '5.19' : '6.3');
  const place = isWide(kernel)
    ? { type: bits(63, 59), offset: bits(58, 9), base: 0n, inverted: true }
    : { type: bits(5, 1), offset: bits(31, 9), base: 0n };
  return {
    ...place,
    ...(marked && { exclusive: is64(kernel) ? 0x8n : PSE }),
    ...(is64(kernel) && level !== 'pud' && { softDirty: 0x2n, uffdWp: 0x4n }),
  };
}
