/** A small MMU for toy3, with a state of each type: a switch, a number and a word. */
import { addressOf, has, type LevelReading, lacks, type Mmu } from '../../src/index.ts';
import { LEAF, NX, toy3, U, V, W, YOUNG } from './toys.ts';

/** What it consults. */
export interface ToyState {
  readonly user: boolean;
  /** Address bits that have a walk. */
  readonly limit: number;
  /** Bits that no entry may have. */
  readonly poison: bigint;
}

const CODES: Readonly<Record<string, bigint>> = { hole: 1n, 'no-right': 2n, bus: 4n };
const base = (low: number) => addressOf({ address: { kind: 'address', hi: 47, lo: low } });

export const toyMmu: Mmu<ToyState> = {
  arch: toy3,
  defaults: { user: false, limit: 21, poison: 0n },
  hardware({ user, limit, poison }) {
    const rules: LevelReading['rules'] = [
      { when: lacks(V), kind: 'hole', why: 'V = 0' },
      { when: has(poison), kind: 'poison', why: 'a poisoned bit' },
    ];
    const takes = [
      ...(user ? [{ when: lacks(U), rights: ['read', 'write', 'execute'], why: 'U = 0' } as const] : []),
      { when: lacks(W), rights: ['write'], why: 'W = 0' } as const,
      { when: has(NX), rights: ['execute'], why: 'NX = 1' } as const,
    ];
    const table = { base: base(6) };
    return {
      levels: {
        pgd: { rules, leaf: 0n, table },
        pmd: { rules, leaf: has(LEAF), table, page: { base: base(15), takes } },
        pte: { rules, leaf: 1n, page: { base: base(12), takes } },
      },
      unreadable: 'bus',
      fault: (name) => ({ name, ...(CODES[name] !== undefined && { code: CODES[name] }) }),
      begin: ({ root, addr }) =>
        addr >> BigInt(limit)
          ? { kind: 'refused', fault: 'hole', why: `the address has more than ${limit} bits` }
          : { kind: 'table', level: 'pgd', base: root & ~0x1fn, shift: 19, bits: 2 },
      settle({ query: { access }, path, taken }) {
        if (taken.some(({ right }) => right === access))
          return { kind: 'refused', fault: 'no-right', why: `${access} is not allowed` };
        const updates = path.slice(-1).filter(({ entry }) => !(entry & YOUNG));
        return { kind: 'done', updates: updates.map(({ at, entry }) => ({ at, entry: entry | YOUNG })) };
      },
    };
  },
};
