/** What a LoongArch64 processor does with these tables: the exceptions of the manual's 5.4.3, in its order. */
import { type Arch, addressOf, and, eq, has, is, lacks, lt, type Mmu, shr, type Taking } from '@kernel-mm/pgtable-core';

/** The exception of each rule: its name and code (Ecode); an invalid page has one code for each access. */
const EXCEPTIONS: Readonly<Record<string, readonly [name: string, code: bigint]>> = {
  'V = 0, read': ['page-invalid', 1n],
  'V = 0, write': ['page-invalid', 2n],
  'V = 0, execute': ['page-invalid', 3n],
  'D = 0': ['page-modification', 4n],
  'NR = 1': ['page-non-readable', 5n],
  'NX = 1': ['page-non-executable', 6n],
  'PLV too low': ['page-privilege', 7n],
  'not canonical': ['address', 8n],
};
const PLV = shr(and('entry', 0xcn), 2n);

/** The MMU of a definition made by `loongarch64`. `root` is PGDL or PGDH; `user` is privilege level 3. */
export const loongarch64Mmu = (arch: Arch): Mmu<{ readonly user: boolean }> => ({
  arch,
  defaults: { user: false },
  hardware({ user }) {
    const plv = user ? 3n : 0n;
    const wrong = ['select', has(1n << 63n), eq(eq(PLV, plv), 0n), lt(PLV, plv)] as const; // RPLV: exactly this level
    const takes: readonly Taking[] = [
      { when: has(1n << 62n), rights: ['execute'], why: 'NX = 1' },
      { when: has(1n << 61n), rights: ['read'], why: 'NR = 1' },
      { when: wrong, rights: ['read', 'write', 'execute'], why: 'PLV too low' },
      { when: lacks(2n), rights: ['write'], why: 'D = 0' },
    ];
    const invalid = { when: lacks(1n), kind: 'V = 0', why: 'V = 0' };
    const { pmd, pte } = arch.spec.levels;
    const table = { base: addressOf(pmd.table!.fields) };
    // An empty slot leads to the invalid table: what stops the walk there is the pte, not the pointer.
    return {
      levels: {
        pgd: { rules: [], leaf: 0n, table },
        pmd: {
          rules: [{ ...invalid, when: is(0x41n, 0x40n) }],
          leaf: has(64n),
          ...{ table, page: { base: addressOf(pmd.leaf!.fields), takes } },
        },
        pte: { rules: [invalid], leaf: 1n, page: { base: addressOf(pte.leaf!.fields), takes } },
      },
      unreadable: 'outside-memory',
      fault(kind, { query }) {
        const [name, code] = EXCEPTIONS[kind === 'V = 0' ? `V = 0, ${query.access}` : kind] ?? [kind];
        return { name, ...(code !== undefined && { code }) };
      },
      begin({ root, addr }) {
        const upper = addr >> 47n;
        if (upper !== 0n && upper !== 0x1_ffffn)
          return { kind: 'refused', fault: 'not canonical', why: 'bits 63 to 47 differ' };
        return { kind: 'table', level: 'pgd', base: root & ~0x3fffn, shift: 36, bits: 11 };
      },
      settle({ query: { access }, taken }) {
        const first = taken.find(({ right }) => right === access);
        return first ? { kind: 'refused', fault: first.why, why: first.why } : { kind: 'done', updates: [] };
      },
    };
  },
});
