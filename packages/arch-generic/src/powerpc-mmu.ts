/** The radix MMU of powerpc (process scope): quadrants, index widths from the pointers, R and C set by the hardware. */
import {
  type Access,
  type Arch,
  add,
  address,
  addressOf,
  and,
  type Begin,
  type Expr,
  eq,
  type FaultRule,
  type Hardware,
  has,
  is,
  type LevelReading,
  lacks,
  type Mmu,
  not,
  or,
  type Query,
  shl,
  shr,
  type Taking,
} from '@kernel-mm/pgtable-core';

/** What a radix walk consults. */
export interface PowerpcState {
  /** Problem state (MSR.PR). */
  readonly user: boolean;
  /** AMR: the two highest bits, key 0, hold the supervisor off the data of user pages (KUAP). Default: 0. */
  readonly amr: bigint;
  /** IAMR: the same for fetches (KUEP). */
  readonly iamr: bigint;
}

/** Bits of DSISR (Power ISA 3.0B, book III, 6.5.3); those of SRR1 for a fetch are the same, but for a page that it may not execute (6.5.5); the others there are MSR's. */
const CAUSES: Readonly<Record<string, bigint>> = {
  'no-translation': 0x4000_0000n,
  protection: 0x0800_0000n,
  'unsupported-tree': 0x0008_0000n,
  'table-walk': 0x0002_0000n,
};
const NO_EXECUTE = 0x1000_0000n;
const STORE = 0x0200_0000n;

const bit = (n: number): bigint => 1n << BigInt(n);
const [V, LEAF] = [bit(63), bit(62)];
const [EXEC, WRITE, READ, PRIV, C, R] = [0x1n, 0x2n, 0x4n, 0x8n, 0x80n, 0x100n];
const NLS: Expr = and('entry', 0x1fn);
const ALL: readonly Access[] = ['read', 'write', 'execute'];

/**
 * The MMU of `powerpc`. The root is the first doubleword of the process table's entry for the quadrant of the address:
 * the process's own in quadrant 0, that of PID 0 in quadrant 3 (0xc000…); or the bare address of a root table.
 */
export const powerpcMmu = (arch: Arch): Mmu<PowerpcState> => ({
  arch,
  defaults: { user: false, amr: 0n, iamr: 0n },
  hardware: hardwareOf,
});

function hardwareOf({ user, amr, iamr }: PowerpcState): Hardware {
  const take = (when: Expr, rights: readonly Access[], why: string): Taking => ({ when, rights, why });
  const keys = (
    [
      [amr & bit(62), 'read'],
      [amr & bit(63), 'write'],
      [iamr & bit(62), 'execute'],
    ] as const
  )
    .filter(([set]) => set !== 0n)
    .map(([, right]) => take(lacks(PRIV), [right], `key 0 holds ${right} off`));
  const takes: readonly Taking[] = [
    ...(user ? [take(has(PRIV), ALL, 'PRIV = 1')] : keys),
    take(lacks(READ | WRITE), ['read'], 'READ = 0'),
    take(lacks(WRITE), ['write'], 'WRITE = 0'),
    take(lacks(EXEC), ['execute'], 'EXEC = 0'),
    take(is(0x30n, 0x20n), ['execute'], 'non-idempotent: guarded'),
  ];
  const page = { base: addressOf({ RPN: address(56, 12) }), takes };
  const invalid: FaultRule = { when: lacks(V), kind: 'no-translation', why: 'V = 0' };
  const unsupported = (when: Expr, why: string): FaultRule => ({ when, kind: 'unsupported-tree', why });
  const table = {
    // A table is aligned to its size: lower bits are not looked at.
    base: shl(shr(and('entry', 0x0fff_ffff_ffff_ff00n), add(NLS, 3n)), add(NLS, 3n)),
    bits: NLS,
  };
  const directory = (widths: readonly bigint[]): LevelReading => {
    const legal = widths.map((width) => eq(NLS, width)).reduce(or);
    return {
      rules: [invalid, unsupported(and(lacks(LEAF), not(legal)), `NLS is not ${widths.join(' or ')}`)],
      ...{ leaf: has(LEAF), table, page },
    };
  };
  const root = directory([9n]);
  return {
    levels: {
      pgd: {
        rules: [...root.rules, unsupported(has(LEAF), 'no page has 512 GiB')],
        ...{ leaf: 0n, table },
      },
      pud: directory([9n]),
      pmd: directory([9n, 5n]),
      pte: { rules: [invalid, unsupported(lacks(LEAF), 'no table below the last level')], leaf: 1n, page },
    },
    unreadable: 'table-walk',
    fault(kind, { query: { access, addr } }) {
      const fetch = access === 'execute';
      if (kind === 'segment') return { name: 'segment', code: fetch ? 0x480n : 0x380n };
      const cause = fetch && kind === 'protection' ? NO_EXECUTE : (CAUSES[kind] ?? 0n);
      const code = cause | (access === 'write' ? STORE : 0n);
      return { name: 'page-fault', code, status: fetch ? { SRR1: code, SRR0: addr } : { DSISR: code, DAR: addr } };
    },
    begin,
    settle({ query: { access }, path, taken }) {
      const missing = taken.find(({ right }) => right === access);
      if (missing) return { kind: 'refused', fault: 'protection', why: missing.why };
      const last = path.at(-1);
      const entry = (last?.entry ?? 0n) | R | (access === 'write' ? C : 0n);
      return { kind: 'done', updates: last && entry !== last.entry ? [{ at: last.at, entry }] : [] };
    },
  };
}

/** The quadrant by the two highest bits, the 52 bits of the tree by the lowest; the tree of 2^52 bytes is the only one. */
function begin({ root, addr }: Query): Begin {
  const segment = (why: string): Begin => ({ kind: 'refused', fault: 'segment', why });
  const quadrant = addr >> 62n;
  if (quadrant === 1n || quadrant === 2n) return segment(`quadrant ${quadrant} is the hypervisor's`);
  if ((addr >> 52n) & 0x3ffn) return segment('the address has more than 52 bits');
  const rts = (((root >> 61n) & 3n) << 3n) | ((root >> 5n) & 7n);
  const rpds = root & 0x1fn;
  const bare = rts === 0n && rpds === 0n;
  if (!bare && (rts !== 21n || rpds !== 13n))
    return { kind: 'refused', fault: 'unsupported-tree', why: `2^${rts + 31n} bytes by a root of 2^${rpds}` };
  return { kind: 'table', level: 'pgd', base: root & 0x0fff_ffff_ffff_0000n, shift: 39, bits: 13 };
}
