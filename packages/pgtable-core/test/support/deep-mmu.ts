/** A small MMU for the toys that fold when built or booted: a rule of each kind, a right of each kind, a state of each kind. */
import {
  type Access,
  type Arch,
  addressOf,
  and,
  type Begin,
  type FaultRule,
  type Hardware,
  has,
  isTranslatable,
  lacks,
  type Mmu,
  type Query,
  shr,
  type Taking,
} from '../../src/index.ts';
import { LEAF, NX, RESERVED, U, V, W, YOUNG } from './toys.ts';

export interface DeepState {
  readonly user: boolean;
  /** A page must be young. */
  readonly flag: boolean;
  /** A supervisor executes no user page: what no entry alone decides. */
  readonly smep: boolean;
  /** The half of the addresses that user space may not begin a walk in. */
  readonly closed: boolean;
  /** Not a switch, and never tried as one. */
  readonly key: bigint;
}

/** In pgd and pmd: nothing above the first half of what an entry of pgd covers, as by a table length. */
export const SHORT = 1n << 46n;
/** In the root: no tables, an address is its own. */
export const REAL = 0x10n;
/** In the root: it designates nothing. */
export const BROKEN = 0x1n;
/** In a pte: one of 4 that share a page of 16 KiB. */
export const GROUP = 1n << 47n;

const CODES: Readonly<Record<string, bigint>> = {
  absent: 1n,
  reserved: 2n,
  short: 3n,
  protection: 4n,
  old: 5n,
  bus: 6n,
};
const ALL: readonly Access[] = ['read', 'write', 'execute'];

export const deepMmu = (arch: Arch): Mmu<DeepState> => ({
  arch,
  defaults: { user: false, flag: false, smep: false, closed: false, key: 0n },
  hardware: (state) => hardwareOf(arch, state),
});

function hardwareOf(arch: Arch, { user, flag, smep, closed }: DeepState): Hardware {
  const rules: readonly FaultRule[] = [
    { when: lacks(V), kind: 'absent', why: 'V = 0' },
    { when: has(RESERVED), kind: 'reserved', why: 'bit 48 is not 0' },
  ];
  const take = (when: Taking['when'], rights: readonly Access[], why: string): Taking => ({ when, rights, why });
  const noExecute = take(has(NX), ['execute'], 'NX = 1');
  const takes = [...(user ? [take(lacks(U), ALL, 'U = 0')] : []), take(lacks(W), ['write'], 'W = 0'), noExecute];
  const fields = (low: number) => addressOf({ address: { kind: 'address', hi: 45, lo: low } });
  const table = { base: fields(6), takes: [noExecute] };
  const isShort = and(has(SHORT), and(shr('addr', 18n), 1n));
  const bounded = [...rules, { when: isShort, kind: 'short', why: 'beyond the first half' }];
  return {
    levels: {
      pgd: { rules: bounded, leaf: 0n, table },
      pmd: { rules: bounded, leaf: has(LEAF), table, page: { base: fields(15), takes } },
      pte: { rules, leaf: 1n, page: { base: fields(12), shift: ['select', has(GROUP), 14n, 12n], takes } },
    },
    unreadable: 'bus',
    fault: (kind) => ({ name: kind, ...(CODES[kind] !== undefined && { code: CODES[kind] }) }),
    begin: (query) => begin(arch, closed && user, query),
    whole(path) {
      const { level, entry } = path.at(-1) ?? { level: 'pte', entry: 0n };
      return smep && !user && entry & U ? [{ right: 'execute', level, why: 'SMEP = 1: a user page' }] : [];
    },
    settle({ query: { access }, path, taken }) {
      if (taken.some(({ right }) => right === access))
        return { kind: 'refused', fault: 'protection', why: `${access} is not allowed` };
      const { at, entry } = path.at(-1) ?? { at: 0n, entry: YOUNG };
      if (flag && !(entry & YOUNG)) return { kind: 'refused', fault: 'old', why: 'the page is old' };
      return { kind: 'done', updates: entry & YOUNG ? [] : [{ at, entry: entry | YOUNG }] };
    },
  };
}

function begin(arch: Arch, isClosed: boolean, { root, addr }: Query): Begin {
  if (root & REAL) return { kind: 'page', base: addr & ~0xfffn, shift: 12 };
  const refused = (why: string): Begin => ({ kind: 'refused', fault: 'absent', why });
  if (!isTranslatable({ arch, upper: addr >> 63n === 1n }, 'pgd', addr)) return refused('the address is too wide');
  if (root & BROKEN) return refused('the root is broken');
  if (isClosed) return refused('user space begins no walk');
  // The pud that toyBoot folds at boot indexes the pgd's own table.
  const { shift, bits } = arch.geometry[arch.id === 'toy-boot' ? 'pud' : 'pgd'];
  return { kind: 'table', level: 'pgd', base: root & ~0x1fn, shift, bits };
}
