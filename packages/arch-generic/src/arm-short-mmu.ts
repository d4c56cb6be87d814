/** The short-descriptor MMU of arm: tables of words, sections and supersections, domains, in the architecture's order. */
import {
  type Access,
  type Arch,
  address,
  addressOf,
  and,
  type Begin,
  bits,
  type FaultRule,
  type Fields,
  flag,
  type Hardware,
  has,
  is,
  lacks,
  type Mmu,
  type Query,
  type Step,
  select,
  type Taken,
} from '@kernel-mm/pgtable-core';

/** What a walk of short descriptors consults. */
export interface ArmShortState {
  /** Whether the access is PL0's. */
  readonly user: boolean;
  /** The domain access control register; every domain is a client of its entries unless said otherwise. */
  readonly dacr: bigint;
  /** SCTLR.AFE: AP[0] is the access flag. */
  readonly afe: boolean;
  /** Whether the CPU has PXN; without it L1 type 0b11 is reserved. */
  readonly pxn: boolean;
  /** Privileged access never. */
  readonly pan: boolean;
  /** TTBCR: N, PD0 and PD1. The root is the TTBR that it selects for the address. */
  readonly ttbcr: bigint;
}

/** Fault status, bits 10 and 3:0 of the FSR: for a section or its L1 entry, and for a page or its L2 entry. */
const CODES: Readonly<Record<string, readonly [section: bigint, page: bigint]>> = {
  translation: [0x5n, 0x7n],
  'access-flag': [0x3n, 0x6n],
  domain: [0x9n, 0xbn],
  permission: [0xdn, 0xfn],
  'external-abort': [0xcn, 0xen],
};

/** What PL1 and PL0 may do with data, by AP[2:0] (ARMv7 ARM, table B3-8). 0b100 is reserved. */
const PL1 = ['', 'rw', 'rw', 'rw', '', 'r', 'r', 'r'];
const PL0 = ['', '', 'r', 'rw', '', '', 'r', 'r'];

const SECTION = has(2n);
const SUPER = has(1n << 18n);
const section = addressOf({ base: address(31, 20) });
const supersection = addressOf({ base: address(31, 24), high: address(23, 20, 32), higher: address(8, 5, 36) });

/** The fields of a hardware pte, which are not those of Linux's beside it. */
const smallPage: Fields = {
  ...{ XN: flag(0), small: bits(1, 1, 'type'), B: flag(2), C: flag(3), AP: bits(5, 4), TEX: bits(8, 6) },
  ...{ APX: flag(9), S: flag(10), nG: flag(11), base: address(31, 12) },
};

/** The MMU of `armShort`. An entry is one word of the hardware's: the pgd has 4096 of them, a table below 256. */
export const armShortMmu = (arch: Arch): Mmu<ArmShortState> => ({
  arch,
  defaults: { user: false, dacr: 0x5555_5555n, afe: false, pxn: true, pan: false, ttbcr: 0n },
  hardware: hardwareOf,
});

function hardwareOf(state: ArmShortState): Hardware {
  const { afe, pxn, ttbcr } = state;
  const invalid: FaultRule = { when: is(3n, 0n), kind: 'translation', why: 'type 0b00' };
  const flagged = (AP0: bigint): FaultRule => ({ when: lacks(AP0), kind: 'access-flag', why: 'AP[0] = 0' });
  const old = flagged(0x400n);
  return {
    entryBytes: 4,
    levels: {
      pgd: {
        rules: [
          invalid,
          ...(pxn ? [] : [{ when: is(3n, 3n), kind: 'translation', why: 'type 0b11 is reserved without PXN' }]),
          ...(afe ? [{ ...old, when: and(SECTION, old.when) }] : []),
        ],
        leaf: SECTION,
        table: { base: and('entry', 0xffff_fc00n), bits: 8n },
        page: { base: select(SUPER, supersection, section), shift: select(SUPER, 24n, 20n) },
      },
      pte: {
        rules: [invalid, ...(afe ? [flagged(0x10n)] : [])],
        fields: smallPage,
        leaf: 1n,
        // Type 0b01 is a large page of 64 KiB.
        page: { base: and('entry', 0xffff_f000n), shift: select(has(2n), 12n, 16n) },
      },
    },
    unreadable: 'external-abort',
    fault(kind, { level }) {
      const code = CODES[kind]?.[level === 'pte' ? 1 : 0];
      return { name: kind, ...(code !== undefined && { code }) };
    },
    begin: (query) => begin(query, ttbcr),
    whole: (path) => takenBy(path, state),
    settle({ query: { access }, path, taken }) {
      const number = domainOf(path);
      const role = roleOf(path, state);
      if (role !== CLIENT && role !== MANAGER)
        return { kind: 'refused', fault: 'domain', why: `domain ${number} grants nothing` };
      const missing = taken.find(({ right }) => right === access);
      return missing ? { kind: 'refused', fault: 'permission', why: missing.why } : { kind: 'done', updates: [] };
    },
  };
}

const CLIENT = 1n;
const MANAGER = 3n;
const at = (entry: bigint, bit: number): boolean => ((entry >> BigInt(bit)) & 1n) !== 0n;

/** The first entry of a path names the domain; a supersection has other bits there, and is in domain 0. */
function domainOf(path: readonly Step[]): bigint {
  const first = path[0]?.entry ?? 0n;
  return at(first, 1) && at(first, 18) ? 0n : (first >> 5n) & 0xfn;
}
const roleOf = (path: readonly Step[], { dacr }: ArmShortState): bigint => (dacr >> (2n * domainOf(path))) & 3n;

/** AP, XN and PXN, which a manager of the domain does not look at. PXN of a page stands in the pointer to its table. */
function takenBy(path: readonly Step[], state: ArmShortState): Taken[] {
  const [first, second] = path;
  if (!first || roleOf(path, state) === MANAGER) return [];
  const { level, entry } = second ?? first;
  const [low, xn] = second ? [4, at(entry, 1) ? 0 : 15] : [10, 4];
  const ap = Number((entry >> BigInt(low)) & 3n) | (at(entry, low + 5) ? 4 : 0) | (state.afe ? 1 : 0);
  const [pl1 = '', pl0 = ''] = [PL1[ap], PL0[ap]];
  const data = state.user ? pl0 : pl1;
  const never = at(entry, xn) || (!state.user && state.pxn && at(first.entry, second ? 2 : 0));
  const took = (gone: boolean, right: Access, why: string): Taken[] => (gone ? [{ right, level, why }] : []);
  const AP_IS = `AP[2:0] = ${ap}`;
  const withheld = state.pan && !state.user && pl0 !== '';
  return [
    ...took(!data.includes('r'), 'read', AP_IS),
    ...took(!data.includes('w'), 'write', AP_IS),
    ...took(!data.includes('r'), 'execute', AP_IS),
    ...took(never, 'execute', 'XN or PXN'),
    ...took(withheld, 'read', 'PAN'),
    ...took(withheld, 'write', 'PAN'),
  ];
}

/** TTBCR.N splits the addresses: where the top N bits are 0, TTBR0 and a table 2^N times smaller; else TTBR1. */
function begin({ root, addr }: Query, ttbcr: bigint): Begin {
  const n = ttbcr & 7n;
  const upper = n !== 0n && addr >> (32n - n) !== 0n;
  const refused = (why: string): Begin => ({ kind: 'refused', fault: 'translation', why });
  if (addr >> 32n) return refused('the address has more than 32 bits');
  if (at(ttbcr, upper ? 5 : 4)) return refused(`walks by TTBR${upper ? 1 : 0} are disabled`);
  const bits = 12 - (upper ? 0 : Number(n));
  const size = 1n << BigInt(bits + 2);
  return { kind: 'table', level: 'pgd', base: root & 0xffff_ffffn & ~(size - 1n), shift: 20, bits };
}
