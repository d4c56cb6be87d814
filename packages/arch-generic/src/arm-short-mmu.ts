/** The short-descriptor MMU of arm: tables of words, sections and supersections, domains, in the architecture's order. */
import {
  type Arch,
  address,
  addressOf,
  and,
  type Begin,
  bits,
  type Fault,
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
} from '@kernel-mm/pgtable-core';

import { domainOf, isOpen, takenBy } from './arm-short-rights.ts';
import type { ArmShortState } from './arm-short-state.ts';

type Status = NonNullable<Fault['status']>;

/** Fault status, bits 10 and 3:0 of the FSR: for a section or its L1 entry, and for a page or its L2 entry. */
const CODES: Readonly<Record<string, readonly [section: bigint, page: bigint]>> = {
  translation: [0x5n, 0x7n],
  'access-flag': [0x3n, 0x6n],
  domain: [0x9n, 0xbn],
  permission: [0xdn, 0xfn],
  'external-abort': [0xcn, 0xen],
};

const SECTION = has(2n);
const SUPER = has(1n << 18n);
const section = addressOf({ base: address(31, 20) });
const supersection = addressOf({ base: address(31, 24), high: address(23, 20, 32), higher: address(8, 5, 36) });

/** The fields of a hardware pte, which are not those of Linux's beside it. */
const smallPage: Fields = {
  ...{ XN: flag(0), small: bits(1, 1, 'type'), B: flag(2), C: flag(3), AP: bits(5, 4), TEX: bits(8, 6) },
  ...{ APX: flag(9), S: flag(10), nG: flag(11), base: address(31, 12) },
};
/** The fields of a page with an AP for each quarter. */
const subpages: Fields = {
  ...{ type: bits(1, 0, 'type'), B: flag(2), C: flag(3), AP0: bits(5, 4), AP1: bits(7, 6) },
  ...{ AP2: bits(9, 8), AP3: bits(11, 10), base: address(31, 12) },
};

/** The MMU of `armShort`. An entry is one word of the hardware's: the pgd has 4096 of them, a table below 256. */
export const armShortMmu = (arch: Arch): Mmu<ArmShortState> => ({
  arch,
  defaults: {
    ...{ user: false, mmu: true, dacr: 0x5555_5555n, afe: false, pxn: true, pan: false },
    ...{ subpages: false, systemProtection: true, romProtection: false, ttbcr: 0n },
  },
  hardware: hardwareOf,
});

function hardwareOf(state: ArmShortState): Hardware {
  const { mmu, ttbcr } = state;
  // Before ARMv6 there was neither.
  const [afe, pxn] = state.subpages ? [false, false] : [state.afe, state.pxn];
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
        fields: state.subpages ? subpages : smallPage,
        leaf: 1n,
        // Type 0b01 is a large page of 64 KiB.
        page: { base: and('entry', 0xffff_f000n), shift: select(has(2n), 12n, 16n) },
      },
    },
    unreadable: 'external-abort',
    fault(kind, { level, query, path }) {
      const code = CODES[kind]?.[level === 'pte' ? 1 : 0];
      return code === undefined ? { name: kind } : { name: kind, code, status: statusOf(code, query, path, state) };
    },
    begin: (query) => (mmu ? begin(query, ttbcr) : flat(query)),
    whole: (path, _, query) => takenBy(path, state, query),
    settle({ query: { access }, path, taken }) {
      if (path.length > 0 && !isOpen(path, state))
        return { kind: 'refused', fault: 'domain', why: `domain ${domainOf(path)} grants nothing` };
      const missing = taken.find(({ right }) => right === access);
      return missing ? { kind: 'refused', fault: 'permission', why: missing.why } : { kind: 'done', updates: [] };
    },
  };
}

/**
 * DFSR and IFSR (ARMv7 ARM, B4.1.51, B4.1.96). Of data, bits 7:4 are the domain, where a first entry named one, and bit 11 is
 * WnR, from ARMv6 on.
 */
function statusOf(code: bigint, { access, addr }: Query, path: readonly Step[], { subpages }: ArmShortState): Status {
  if (access === 'execute') return { IFSR: code, IFAR: addr };
  const write = access === 'write' && !subpages ? 0x800n : 0n;
  return { DFSR: write | (domainOf(path) << 4n) | code, DFAR: addr };
}

/** Without the MMU an address is physical. */
const flat = ({ addr }: Query): Begin =>
  addr >> 32n
    ? { kind: 'refused', fault: 'translation', why: 'the address has more than 32 bits' }
    : { kind: 'page', base: 0n, shift: 32 };

/** Whether TTBCR.N gives an address to TTBR1. */
export const ofTtbr1 = (ttbcr: bigint, addr: bigint): boolean => addr >> (32n - (ttbcr & 7n)) !== 0n;

/** TTBCR.N splits the addresses: where the top N bits are 0, TTBR0 and a table 2^N times smaller; else TTBR1. */
function begin({ root, addr }: Query, ttbcr: bigint): Begin {
  const n = ttbcr & 7n;
  const upper = ofTtbr1(ttbcr, addr);
  const refused = (why: string): Begin => ({ kind: 'refused', fault: 'translation', why });
  if (addr >> 32n) return refused('the address has more than 32 bits');
  if ((ttbcr >> (upper ? 5n : 4n)) & 1n) return refused(`walks by TTBR${upper ? 1 : 0} are disabled`);
  const bits = 12 - (upper ? 0 : Number(n));
  const size = 1n << BigInt(bits + 2);
  return { kind: 'table', level: 'pgd', base: root & 0xffff_ffffn & ~(size - 1n), shift: 20, bits };
}
