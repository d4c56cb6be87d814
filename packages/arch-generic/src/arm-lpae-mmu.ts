/** The long-descriptor MMU of 32-bit arm: levels 1 to 3, the fault status codes of arm64. */
import {
  type Access,
  type Arch,
  address,
  addressOf,
  and,
  type Begin,
  type Fault,
  type FaultRule,
  type Hardware,
  has,
  is,
  type LevelReading,
  lacks,
  type Mmu,
  type Query,
  type Step,
  type Taken,
  type Taking,
} from '@kernel-mm/pgtable-core';

/** What a walk of long descriptors consults. */
export interface ArmLpaeState {
  /** SCTLR.M; without it an address is physical. */
  readonly mmu: boolean;
  /** Whether the access is PL0's. */
  readonly user: boolean;
  /** TTBCR: T0SZ, EPD0, T1SZ, EPD1. The root is the TTBR that it selects for the address. */
  readonly ttbcr: bigint;
  /** ARMv8: address bits 47 to 40 are looked at, and must be 0. ARMv7 ignores them. */
  readonly v8: boolean;
  /** SCTLR.WXN: what can be written cannot be executed. */
  readonly wxn: boolean;
  /** Privileged access never. */
  readonly pan: boolean;
}

/** Fault status codes, to which the level is added. */
const CODES: Readonly<Record<string, bigint>> = {
  'address-size': 0x00n,
  translation: 0x04n,
  'access-flag': 0x08n,
  permission: 0x0cn,
  'external-abort': 0x14n,
};
const NUMBERS = { pgd: 1n, p4d: 1n, pud: 1n, pmd: 2n, pte: 3n } as const;

const bit = (n: number): bigint => 1n << BigInt(n);
const [AP1, AP2, AF, PXN, XN] = [bit(6), bit(7), bit(10), bit(53), bit(54)];
const [PXN_TABLE, XN_TABLE, NO_PL0, READ_ONLY] = [bit(59), bit(60), bit(61), bit(62)];
const ALL: readonly Access[] = ['read', 'write', 'execute'];

/** The MMU of `armLpae`. */
export const armLpaeMmu = (arch: Arch): Mmu<ArmLpaeState> => ({
  arch,
  defaults: { user: false, mmu: true, ttbcr: 0n, v8: false, wxn: false, pan: false },
  hardware: hardwareOf,
});

function hardwareOf(state: ArmLpaeState): Hardware {
  const { user, v8 } = state;
  const taking = (when: Taking['when'], rights: readonly Access[], why: string): Taking => ({ when, rights, why });
  const pageTakes: readonly Taking[] = [
    ...(user ? [taking(lacks(AP1), ALL, 'AP[1] = 0')] : [taking(has(PXN), ['execute'], 'PXN = 1')]),
    taking(has(AP2), ['write'], 'AP[2] = 1'),
    taking(has(XN), ['execute'], 'XN = 1'),
  ];
  const tableTakes: readonly Taking[] = [
    ...(user ? [taking(has(NO_PL0), ALL, 'APTable[0] = 1')] : [taking(has(PXN_TABLE), ['execute'], 'PXNTable = 1')]),
    taking(has(READ_ONLY), ['write'], 'APTable[1] = 1'),
    taking(has(XN_TABLE), ['execute'], 'XNTable = 1'),
  ];
  const valid: FaultRule = { when: lacks(1n), kind: 'translation', why: 'bit 0 = 0' };
  const fits: FaultRule[] = v8 ? [{ when: has(0xff00_0000_0000n), kind: 'address-size', why: 'beyond 40 bits' }] : [];
  const used: FaultRule = { when: lacks(AF), kind: 'access-flag', why: 'AF = 0' };
  const block = (low: number): LevelReading => ({
    rules: [valid, ...fits, { ...used, when: and(lacks(2n), lacks(AF)) }],
    leaf: lacks(2n),
    table: { base: addressOf({ base: address(39, 12) }), takes: tableTakes },
    page: { base: addressOf({ base: address(39, low) }), takes: pageTakes },
  });
  return {
    levels: {
      pgd: block(30),
      pmd: block(21),
      pte: {
        rules: [valid, { when: is(3n, 1n), kind: 'translation', why: 'no block at level 3' }, ...fits, used],
        leaf: 1n,
        page: { base: addressOf({ base: address(39, 12) }), takes: pageTakes },
      },
    },
    unreadable: 'external-abort',
    // What ends before the walk is reported at level 1.
    fault(kind, { level = 'pgd', query: { access, addr } }) {
      const code = (CODES[kind] ?? 0n) + NUMBERS[level];
      return { name: kind, code, status: statusOf(code, access, addr) };
    },
    begin: (query) => (state.mmu ? begin(query, state.ttbcr) : flat(query)),
    whole: (path, taken) => byState(path, taken, state),
    settle({ query: { access }, taken }) {
      const missing = taken.find(({ right }) => right === access);
      return missing ? { kind: 'refused', fault: 'permission', why: missing.why } : { kind: 'done', updates: [] };
    },
  };
}

/** DFSR and IFSR in the long format, which bit 9 says; bit 11 is WnR (ARMv7 ARM, B4.1.51, B4.1.96). */
const statusOf = (code: bigint, access: Access, addr: bigint): NonNullable<Fault['status']> =>
  access === 'execute'
    ? { IFSR: 0x200n | code, IFAR: addr }
    : { DFSR: (access === 'write' ? 0x800n : 0n) | 0x200n | code, DFAR: addr };

/** Without the MMU an address is physical. */
const flat = ({ addr }: Query): Begin =>
  addr >> 32n
    ? { kind: 'refused', fault: 'translation', why: 'the address has more than 32 bits' }
    : { kind: 'page', base: 0n, shift: 32 };

/** PAN withholds from PL1 what PL0 can reach; WXN, what can be written. */
function byState(path: readonly Step[], taken: readonly Taken[], { user, pan, wxn }: ArmLpaeState): Taken[] {
  const last = path.at(-1);
  if (!last) return [];
  const { level, entry } = last;
  const closed = path.slice(0, -1).some((step) => step.entry & NO_PL0);
  const withheld = pan && !user && entry & AP1 && !closed ? (['read', 'write'] as const) : [];
  const writable = wxn && taken.every(({ right }) => right !== 'write') ? (['execute'] as const) : [];
  return [
    ...withheld.map((right) => ({ right, level, why: 'PAN' })),
    ...writable.map((right) => ({ right, level, why: 'WXN' })),
  ];
}

/** Whether an address is TTBR1's: its T1SZ highest bits are 1, or, where T1SZ is 0, it is not TTBR0's. */
export function ofTtbr1Long(ttbcr: bigint, addr: bigint): boolean {
  const [t0, t1] = [ttbcr & 7n, (ttbcr >> 16n) & 7n];
  if (addr >> 32n) return false;
  return t1 === 0n ? addr >> (32n - t0) !== 0n : (addr | (0xffff_ffffn >> t1)) === 0xffff_ffffn;
}

/**
 * Which TTBR an address belongs to, and how much that one translates (ARMv7 ARM, B3.6.4). Less than 1 GiB starts at
 * level 2; an address that belongs to neither is a translation fault of level 1.
 */
function begin({ root, addr }: Query, ttbcr: bigint): Begin {
  const [t0, t1] = [ttbcr & 7n, (ttbcr >> 16n) & 7n];
  const refused = (why: string): Begin => ({ kind: 'refused', fault: 'translation', why });
  const lower = addr >> (32n - t0) === 0n;
  const upper = ofTtbr1Long(ttbcr, addr);
  if (!lower && !upper) return refused('the address belongs to neither TTBR');
  if ((ttbcr >> (upper ? 23n : 7n)) & 1n) return refused(`walks by TTBR${upper ? 1 : 0} are disabled`);
  const size = 32 - Number(upper ? t1 : t0);
  const [level, shift] = size > 30 ? (['pgd', 30] as const) : (['pmd', 21] as const);
  const bytes = bit(size - shift + 3);
  return { kind: 'table', level, base: root & (bit(40) - 1n) & ~(bytes - 1n), shift, bits: size - shift };
}
