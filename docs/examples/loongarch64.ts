/** LoongArch64 as Linux configures it by default: 16 KiB pages, three levels, 47 address bits in each half. */
import { nopud } from '@kernel-mm/arch-generic';
import { address, and, bits, defineArch, eq, flag, has, is, lacks, not, software } from '@kernel-mm/pgtable-core';

// LoongArch Reference Manual, volume 1, 5.4.4; Linux's bits: PRESENT 7 (P), WRITE 8 (W), MODIFIED 9, PROTNONE 10.
const [V, D, G, HUGE, PRESENT, WRITE, MODIFIED, PROTNONE, SPECIAL] = [1n, 2n, 64n, 64n, 128n, 256n, 512n, 1024n, 2048n];
const [USER, CACHED, NR, NX] = [0xcn, 0x10n, 1n << 61n, 1n << 62n];
const flags = { V: flag(0), D: flag(1), PLV: bits(3, 2), MAT: bits(5, 4), P: flag(7), W: flag(8) };
const noted = { MODIFIED: software(9), PROTNONE: software(10), SPECIAL: software(11) };
const upper = { ...flags, ...noted, NR: flag(61), NX: flag(62), RPLV: flag(63) };
/** A page of 2^low bytes; its G moves from bit 6 to bit 12 where bit 6 says that it is huge. */
const page = (low: 14 | 25, kind: Record<string, ReturnType<typeof flag>>, type: bigint) => ({
  fields: { ...upper, ...kind, frame: address(47, low) },
  base: V | PRESENT | CACHED | type,
  protNone: PROTNONE | NR | USER | CACHED | V | type,
  rights: { read: [0n, NR], write: [WRITE | D | MODIFIED, 0n], exec: [0n, NX], user: [USER, 0n] } as const,
});
/** Linux stores tables by their addresses in the direct map, 0x9000…; the hardware looks at the physical part. */
const table = { fields: { window: bits(63, 60), address: address(47, 14) }, base: 9n << 60n };
const reading = { young: has(V), write: has(WRITE), dirty: has(D | MODIFIED), exec: lacks(NX), user: has(USER) };
const protnone = is(PRESENT | PROTNONE, PROTNONE);
const here = has(PRESENT | PROTNONE);
const empties = (invalid: bigint) => ({
  empty: invalid,
  none: eq('entry', invalid),
  present: not(eq('entry', invalid)),
});

/** An empty slot is not zero: it points at the kernel's invalid table of the level below, at these addresses. */
export function loongarch64(invalid: { readonly pmd: bigint; readonly pte: bigint }) {
  const { empty: emptyPgd, ...pgdIs } = empties(invalid.pmd);
  const { empty: emptyPmd, ...pmdIs } = empties(invalid.pte);
  const leaf = has(HUGE);
  const present = ['select', leaf, here, pmdIs.present] as const;
  return defineArch({
    id: 'loongarch64-16k',
    pageShift: 14,
    byteOrder: 'little',
    va: { extend: 'halves', bits: 47 },
    root: { fields: { base: address(47, 14) }, tops: { pgd: { base: 0n, limit: 1n << 47n } } },
    levels: nopud({
      pgd: { bits: 11, empty: emptyPgd, table, is: { ...pgdIs, bad: has(0x3fffn) } },
      pmd: {
        ...{ bits: 11, empty: emptyPmd, table, leaf: page(25, { H: bits(6, 6, 'type'), G: flag(12) }, HUGE) },
        is: { ...reading, none: pmdIs.none, present, leaf, bad: has(0x3fffn), protnone: and(leaf, protnone) },
      },
      pte: {
        ...{ bits: 11, leaf: page(14, { G: flag(6) }, 0n) },
        is: { ...reading, none: lacks(~G & 0xffff_ffff_ffff_ffffn), present: here, protnone, special: has(SPECIAL) },
      },
    }),
  });
}
