/** A machine shaped like OpenRISC 1000: two levels, 8 KiB pages, big-endian entries of 4 bytes; with three wrong twins. */
import {
  type ArchSpec,
  address,
  defineArch,
  type Expr,
  eq,
  type FoldSpec,
  flag,
  has,
  type LeafFormat,
  type LevelSpec,
} from '@kernel-mm/pgtable-core';

const [PRESENT, ACCESSED, DIRTY, USER_READ, USER_WRITE, EXEC] = [1n, 0x10n, 0x20n, 0x40n, 0x80n, 0x100n];
const bitsOf = { PRESENT: flag(0), ACCESSED: flag(4), DIRTY: flag(5), URE: flag(6), UWE: flag(7), EXEC: flag(8) };
const nop: FoldSpec = { when: 'build', style: 'top' };

const leaf = (lowest: number): LeafFormat => ({
  fields: { ...bitsOf, PPN: address(31, lowest) },
  base: PRESENT | ACCESSED,
  rights: { read: [USER_READ, 0n], write: [USER_WRITE, 0n], exec: [EXEC, 0n], user: [0n, 0n] },
});

/** @param change what is wrong */
const specOf = (change: { lowest?: number; dirty?: Expr; write?: Expr } = {}): ArchSpec => {
  const none = eq('entry', 0n);
  const present = has(PRESENT);
  const upper: LevelSpec = {
    bits: 0,
    fold: nop,
    table: { fields: { PRESENT: flag(0), PTR: address(31, 13) }, base: PRESENT },
    is: { none, present, bad: has(EXEC) },
  };
  const { fold: _, ...pgd } = upper;
  return {
    id: 'or1k',
    pageShift: 13,
    byteOrder: 'big',
    entryBytes: 4,
    va: { extend: 'zero' },
    root: { fields: { origin: address(31, 10) }, tops: { pgd: { base: 0n, limit: 1n << 31n } } },
    levels: {
      pgd: { ...pgd, bits: 8 },
      p4d: upper,
      pud: upper,
      pmd: upper,
      pte: {
        bits: 11,
        leaf: leaf(change.lowest ?? 13),
        is: {
          ...{ none, present, young: has(ACCESSED), dirty: change.dirty ?? has(DIRTY) },
          ...{ write: change.write ?? has(USER_WRITE), exec: has(EXEC) },
        },
      },
    },
  };
};

export const or1k = defineArch(specOf());

/** What is wrong, the definition, and the law that says so. */
export const WRONG_OR1K = [
  [
    'a leaf’s address from bit 12 where pages are 8 KiB',
    defineArch(specOf({ lowest: 12 })),
    /^aligned is broken: how far inside of a page the pte leaf 0x[0-9a-f]+ points \(0x[0-9a-f]+\): expected 0x0, got 0x1000$/m,
  ],
  [
    'dirty that asks the accessed bit',
    defineArch(specOf({ dirty: has(ACCESSED) })),
    /^questions is broken: no pte is young and not dirty: do both ask the same bits\?$/m,
  ],
  [
    'write that asks the user-read bit',
    defineArch(specOf({ write: has(USER_READ) })),
    /^leaf-codec is broken: write of a pte leaf: expected false, got true$/m,
  ],
] as const;
