/** arm64 stage 1 (EL1&0) as the hardware translates it: what each descriptor says, in the order of the faults (Arm ARM, D8). */
import {
  type Access,
  type Arch,
  addressOf,
  and,
  checkArch,
  type Expr,
  eq,
  type FaultRule,
  type Hardware,
  type Level,
  type LevelReading,
  lacks,
  type Mmu,
  not,
  type Outcome,
  type Settled,
  select,
  shr,
} from '@kernel-mm/pgtable-core';
import { AF, DBM, pieces, RDONLY, TABLE, VALID } from './arm64-descriptor.ts';
import { pageTakes, tableTakes, wholeTakes } from './arm64-rights.ts';
import { begin, flat, halfOf, numberOf, type Stage, shiftOf, stageOf, untagged } from './arm64-stage.ts';
import type { Arm64State } from './arm64-state.ts';

/** Fault status codes, less the level. */
const CODES = {
  'address-size': 0x00n,
  translation: 0x04n,
  'access-flag': 0x08n,
  permission: 0x0cn,
  'external-abort': 0x14n,
} as const;
type Kind = keyof typeof CODES;
/** Those of level -1 lie apart; no block is so large, so that the other two have none. */
const LEVEL_MINUS_1: Readonly<Partial<Record<Kind, bigint>>> = {
  'address-size': 0x29n,
  translation: 0x2bn,
  'external-abort': 0x13n,
};

/**
 * The MMU of an arm64 definition. What the state does not say is as Linux sets it on a machine that fits the
 * definition: its address bits in both halves, 52-bit physical addresses for `-lpa` and `-lpa2`, and nothing else on.
 */
export function arm64Mmu(arch: Arch): Mmu<Arm64State> {
  checkArch(arch);
  const wide = 'high' in arch.spec.root.fields;
  const tsz = 64 - (arch.spec.va.bits ?? 48);
  const paBits = wide ? 52 : 48;
  return {
    arch,
    defaults: {
      ...{ tcr: 0n, t0sz: tsz, t1sz: tsz, ips: paBits, paBits, ds: wide && arch.spec.pageShift < 16 },
      ...{ ha: false, hd: false, tbi: false, hpd: false, epd: false, e0pd: false },
      ...{ user: false, mmu: true, wxn: false, pan: false },
    },
    hardware: (state) => hardwareOf(stageOf(arch, state), state),
  };
}

function hardwareOf(stage: Stage, state: Arm64State): Hardware {
  const { user } = state;
  const levels: Partial<Record<Level, LevelReading>> = {};
  for (const level of stage.levels) levels[level] = levelOf(stage, numberOf(stage, level), user);
  return {
    levels,
    unreadable: 'external-abort',
    untagged: (query) => untagged(stage, query),
    begin: (query) => (state.mmu ? begin(stage, user, query) : flat(state.paBits, query)),
    // Before the walk every fault is of level 0, also where the first level is another.
    fault(kind, { level, query: { access, addr } }) {
      const number = level ? numberOf(stage, level) : 0;
      const code = number < 0 ? LEVEL_MINUS_1[kind as Kind] : CODES[kind as Kind] + BigInt(number);
      if (code === undefined) return { name: kind };
      return { name: kind, code, status: { ESR_EL1: syndrome(code, access, user), FAR_EL1: addr } };
    },
    whole: wholeTakes(state, (addr) => stage.halves[halfOf(addr)].hpd),
    settle: (outcome) => settle(stage, outcome),
  };
}

/**
 * ESR_EL1 of the abort: EC says instruction (0x20) or data (0x24), one more from EL1; IL is 1; WnR; the fault status code
 * (Arm ARM, D24.2.40). ISV is 0, as for every abort that a stage 1 takes to EL1.
 */
const syndrome = (code: bigint, access: Access, user: boolean): bigint =>
  (((access === 'execute' ? 0x20n : 0x24n) | (user ? 0n : 1n)) << 26n) |
  (1n << 25n) |
  (access === 'write' ? 0x40n : 0n) |
  code;

/** Whether a descriptor without TABLE maps a block; level 3 has pages, and type 01 is reserved there. */
function hasBlocks({ page, encoding }: Stage, number: number): boolean {
  const largest = (page === 12 ? 1 : 2) - (encoding === 'plain' ? 0 : 1);
  return number >= largest && number < 3;
}

/** One level: valid, of a type that it has, an address that fits; then, where it maps memory, the access flag. */
function levelOf(stage: Stage, number: number, user: boolean): LevelReading {
  const { page, encoding, outputBits, ha, hd } = stage;
  const blocks = hasBlocks(stage, number);
  const last = number === 3;
  const table = addressOf(pieces(encoding, page));
  const frame = addressOf(pieces(encoding, shiftOf(stage, number)));
  const leaf: Expr = last ? 1n : blocks ? lacks(TABLE) : 0n;
  const target = blocks ? select(leaf, frame, table) : table;

  const rules: FaultRule[] = [
    { when: lacks(VALID), kind: 'translation', why: 'bit 0 = 0' },
    ...(blocks ? [] : [{ when: lacks(TABLE), kind: 'translation', why: `no block at level ${number}` }]),
    {
      when: not(eq(shr(target, BigInt(outputBits)), 0n)),
      kind: 'address-size',
      why: `an address of more than ${outputBits} bits`,
    },
    ...(ha || !(blocks || last) ? [] : [{ when: and(leaf, lacks(AF)), kind: 'access-flag', why: 'AF = 0' }]),
  ];
  const enabled = stage.halves.map(({ hpd }): Expr => (hpd ? 0n : 1n)) as [Expr, Expr];
  const open = select(and(shr('addr', 55n), 1n), enabled[1], enabled[0]);
  return {
    rules,
    leaf,
    ...(!last && { table: { base: table, takes: tableTakes(user, open) } }),
    ...((blocks || last) && { page: { base: frame, takes: pageTakes(user, hd) } }),
  };
}

/** Permission, at the level of the page whoever took it; then the hardware's own marks: AF, and AP[2] of a page with DBM. */
function settle({ ha, hd }: Stage, { query: { access }, path, taken }: Outcome): Settled {
  if (taken.some(({ right }) => right === access))
    return { kind: 'refused', fault: 'permission', why: `${access} is not allowed` };
  const last = path.at(-1);
  if (!last) return { kind: 'done', updates: [] };
  const { at, entry } = last;
  const dirtied = hd && access === 'write' && (entry & DBM) !== 0n;
  const marked = (ha ? entry | AF : entry) & (dirtied ? ~RDONLY : ~0n);
  return { kind: 'done', updates: marked === entry ? [] : [{ at, entry: marked }] };
}
