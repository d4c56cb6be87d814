/** RISC-V Sv39 said from scratch: three levels of tables; p4d and pud are folded when the kernel boots. */
import { foldedInto } from '@kernel-mm/arch-generic';
import { address, and, bits, defineArch, flag, has, is, not, or, software } from '@kernel-mm/pgtable-core';

// Privileged architecture, 12.4. Without V, bit G is Linux's PROT_NONE; such a page keeps R.
const [V, RWX, PROT_NONE, A, SPECIAL] = [0x1n, 0xen, 0x20n, 0x40n, 0x100n];
const flags = { V: flag(0), R: flag(1), W: flag(2), X: flag(3), U: flag(4), G: flag(5), A: flag(6), D: flag(7) };
const pages = { ppn: address(53, 10, 12), PBMT: bits(62, 61), N: flag(63) }; // the page number starts at bit 10
const fields = { ...flags, SPECIAL: software(8), RSW: software(9), ...pages };
const table = { fields, base: V };
const leaf = {
  fields,
  base: V | A,
  protNone: PROT_NONE | 0x2n | A,
  rights: { read: [0x2n, 0n], write: [0x84n, 0n], exec: [0x8n, 0n], user: [0x10n, 0n] },
} as const;

// The kernel's reading. pud_bad and above do not call a leaf bad, pmd_bad does.
const none = not('entry');
const protnone = is(V | PROT_NONE, PROT_NONE);
const rights = { write: has(0x4n), young: has(A), dirty: has(0x80n), exec: has(0x8n), user: has(0x10n) };
const page = { ...rights, none, protnone, present: has(V | PROT_NONE) };
const upper = { none, present: has(V), bad: not(has(V)) };
const present = has(V | PROT_NONE | RWX); // a pmd under split has V cleared and keeps R, W, X
const hugePmd = { ...page, present, bad: or(not(present), has(RWX)), leaf: and(present, has(RWX)) };
const hugePud = { ...page, ...upper, leaf: and(has(V), has(RWX)) };

// The shifts of a level folded in top style collapse; RISC-V keeps PTRS_PER_P4D and PTRS_PER_PUD at 512.
const pud = foldedInto({ bits: 9, table, leaf, is: hugePud }, { when: 'boot', style: 'top', entries: 512 });
const pmd = { bits: 9, table, leaf, is: hugePmd };
const pte = { bits: 9, leaf, is: { ...page, special: has(SPECIAL) } };

export const sv39 = defineArch({
  id: 'riscv-sv39',
  pageShift: 12,
  byteOrder: 'little',
  va: { extend: 'sign' },
  root: {
    fields: { ppn: address(43, 0, 12), ASID: bits(59, 44), MODE: bits(63, 60, 'type') },
    tops: { pgd: { base: 8n << 60n, limit: 1n << 38n } },
  },
  levels: { pgd: { bits: 9, table, is: upper }, p4d: pud, pud, pmd, pte },
});
