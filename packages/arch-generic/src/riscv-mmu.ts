/** The MMU of RISC-V: which entries are reserved, who may use a page, and the A and D bits (Privileged architecture, 12.3.2). */
import {
  type Access,
  type Arch,
  addressOf,
  and,
  type Begin,
  type Expr,
  type FaultRule,
  gather,
  type Hardware,
  has,
  is,
  isTranslatable,
  LEVELS,
  type LevelReading,
  lacks,
  type Mmu,
  not,
  type Query,
  select,
  type Taking,
  typeMask,
  UsageError,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import { A, D, frame, N, R, type RiscvMode, U, V, W, X } from './riscv-entry.ts';

/**
 * The machine state that translation consults. Defaults are those of Linux in S-mode while it reaches user pages (SUM = 1),
 * on a machine without the extensions.
 */
export interface RiscvState {
  /** U-mode; else S-mode. */
  readonly user: boolean;
  /** sstatus.SUM: S-mode may load from and store to user pages. */
  readonly sum: boolean;
  /** sstatus.MXR: loads may use pages that can only be executed. */
  readonly mxr: boolean;
  /** Svpbmt: bits 62:61 are a memory type; else they are reserved. */
  readonly svpbmt: boolean;
  /** Svnapot: bit 63 is N; else it is reserved. */
  readonly svnapot: boolean;
  /** T-Head's cores: bits 63:59 of a page are memory attributes, none of them reserved, and no PBMT or N. */
  readonly thead: boolean;
  /** Svrsw60t59b: bits 60 and 59 of a page are software's; else they are reserved. */
  readonly svrsw60t59b: boolean;
  /** Zicfiss is on for this privilege (menvcfg.SSE, senvcfg.SSE): W without R is a shadow stack; else it is reserved. */
  readonly zicfiss: boolean;
  /** Svadu is on (menvcfg.ADUE): the hardware sets A and D; else a page without them faults (Svade). */
  readonly adue: boolean;
  /**
   * PMLEN of the access's privilege: how many of the highest bits of a data pointer are ignored. 0, 7 or 16, by senvcfg.PMM
   * in U-mode (Ssnpm), menvcfg.PMM in S-mode (Smnpm).
   */
  readonly pmlen: number;
}

/** Exception codes, by what was to be done. */
const CAUSES = {
  'page-fault': { execute: 12n, read: 13n, write: 15n },
  'access-fault': { execute: 1n, read: 5n, write: 7n },
} as const;

const MODES: Readonly<Record<string, RiscvMode>> = {
  ...{ 'riscv-sv32': 'sv32', 'riscv-sv39': 'sv39', 'riscv-sv48': 'sv48', 'riscv-sv57': 'sv57' },
};

/**
 * The MMU of RISC-V, in the mode of `arch`. Its root is satp. 0 is Bare: every address is physical. Where MODE alone is 0 the
 * manual leaves open what happens (12.1.11); here such a root is the `ppn` alone of a table. Another mode than that of `arch`
 * is no walk of these tables: `root-mismatch`, without a code.
 * @throws UsageError for an architecture that is not RISC-V's
 */
export function riscvMmu(arch: Arch): Mmu<RiscvState> {
  const mode = MODES[arch.id];
  if (!mode) throw new UsageError('argument', 'arch', `one of ${Object.keys(MODES).join(', ')}`);
  return {
    arch,
    defaults: {
      user: false,
      sum: true,
      mxr: false,
      svpbmt: false,
      svnapot: false,
      thead: false,
      svrsw60t59b: false,
      zicfiss: false,
      adue: false,
      pmlen: 0,
    },
    hardware: (state) => hardwareOf(arch, mode, state),
    deviations: [
      {
        of: 'QEMU',
        says: 'a leaf with PBMT = 3 is a page (its issue 3494; up to 10.2 at least)',
        hardware: (state) => hardwareOf(arch, mode, state, false),
      },
    ],
  };
}

function hardwareOf(arch: Arch, mode: RiscvMode, state: RiscvState, reservedPbmt = true): Hardware {
  const { adue, pmlen } = state;
  if (![0, ...(mode === 'sv32' ? [] : [7, 16])].includes(pmlen))
    throw new UsageError('argument', 'pmlen', mode === 'sv32' ? '0: pointers of 32 bits are not masked' : '0, 7 or 16');
  return {
    levels: levelsOf(arch, mode, state, reservedPbmt),
    untagged: (query) => untagged(state, query),
    begin: (query) => begin(arch, query),
    unreadable: 'access-fault',
    fault(kind, { query }) {
      if (kind === 'root-mismatch') return { name: kind };
      const code = CAUSES[kind as keyof typeof CAUSES][query.access];
      return { name: kind, code, status: { scause: code, stval: untagged(state, query) } };
    },
    settle({ query: { access }, path, taken }) {
      const by = taken.find(({ right }) => right === access);
      const fault = by?.why === SHADOW_STACK ? 'access-fault' : 'page-fault';
      if (by) return { kind: 'refused', fault, why: `${access} is not allowed: ${by.why}` };
      const last = path.at(-1);
      if (!last) return { kind: 'done', updates: [] };
      const { at, entry } = last;
      const marked = entry | A | (access === 'write' ? D : 0n);
      return { kind: 'done', updates: adue && marked !== entry ? [{ at, entry: marked }] : [] };
    },
  };
}

const SHADOW_STACK = 'a shadow stack is written by its own instructions alone, and never executed';
const isShadowStack = is(R | W | X, W);

const rule = (when: Expr, why: string, on = true): FaultRule[] => (on ? [{ when, kind: 'page-fault', why }] : []);
const take = (when: Expr, rights: readonly Access[], why: string, on = true): Taking[] =>
  on ? [{ when, rights, why }] : [];

/** Every level alike, but for the alignment of its pages and for pte, which has no level below. */
function levelsOf(arch: Arch, mode: RiscvMode, state: RiscvState, reservedPbmt: boolean): Hardware['levels'] {
  const base = addressOf(frame(mode));
  const takes = takesOf(state);
  const { LEAF, POINTER } = kindsOf(state);
  const napot = state.thead ? 0n : has(N);
  const rules = rulesOf(mode, state, reservedPbmt);
  const upper = (shift: number): LevelReading => ({
    rules: [
      ...rules,
      ...rule(and(LEAF, napot), 'N = 1 above the last level'),
      ...rule(and(LEAF, has(((1n << BigInt(shift - 12)) - 1n) << 10n)), 'a superpage that is not aligned to its size'),
    ],
    ...{ leaf: LEAF, table: { base }, page: { base, takes } },
  });
  const pte: LevelReading = {
    rules: [
      ...rules,
      ...rule(POINTER, 'a pointer at the last level'),
      ...rule(and(napot, not(is(0x3c00n, 0x2000n))), 'N = 1, and PPN[3:0] is not 1000'),
    ],
    leaf: 1n,
    page: { base, shift: select(napot, 16n, 12n), takes },
  };
  const real = LEVELS.filter((level) => level !== 'pte' && !arch.spec.levels[level].fold);
  return { ...Object.fromEntries(real.map((level) => [level, upper(arch.geometry[level].shift)])), pte };
}

/** Step 4: R, X, and with shadow stacks W, make a page. */
const kindsOf = ({ zicfiss }: RiscvState): Readonly<Record<'LEAF' | 'POINTER', Expr>> => {
  const page = zicfiss ? R | W | X : R | X;
  return { LEAF: has(page), POINTER: lacks(page) };
};

/** Step 3: what is reserved. All of it is the same page fault. */
function rulesOf(mode: RiscvMode, state: RiscvState, reservedPbmt: boolean): FaultRule[] {
  const { svpbmt, svnapot, thead, svrsw60t59b, zicfiss } = state;
  const { LEAF, POINTER } = kindsOf(state);
  const PBMT = 3n << 61n;
  const wide = mode !== 'sv32';
  // Bits 60 and 59 are reserved in a pointer whatever the machine has.
  const free = (thead ? 0x1fn : svrsw60t59b ? 0x3n : 0n) << 59n;
  return [
    ...rule(lacks(V), 'V = 0'),
    ...rule(is(R | W, W), 'W without R', !zicfiss),
    ...rule(is(R | W | X, W | X), 'W and X without R', zicfiss),
    ...rule(and(POINTER, has(D | A | U)), 'D, A or U in a pointer'),
    ...rule(has((0x7fn << 54n) & ~free), 'bits 60:54', wide),
    ...rule(and(POINTER, has(free)), 'software bits or attributes in a pointer', wide && free !== 0n),
    ...rule(and(LEAF, has(PBMT)), 'PBMT without Svpbmt', wide && !thead && !svpbmt),
    ...rule(and(LEAF, has(N)), 'N without Svnapot', wide && !thead && !svnapot),
    ...rule(and(POINTER, has(PBMT | N)), 'PBMT or N in a pointer', wide),
    ...rule(is(PBMT, PBMT), 'PBMT = 3', wide && !thead && reservedPbmt),
  ];
}

/** Steps 6 to 9: the leaf alone decides. */
const takesOf = ({ user, sum, mxr, adue, zicfiss }: RiscvState): Taking[] => [
  ...take(lacks(U), ['read', 'write', 'execute'], 'U = 0', user),
  ...take(has(U), ['execute'], 'U = 1: S-mode executes no user page', !user),
  ...take(has(U), ['read', 'write'], 'U = 1, SUM = 0', !user && !sum),
  // Zicfiss: every load may read a shadow stack; a store or fetch is an access fault ("Shadow Stack Memory Protection").
  ...take(isShadowStack, ['write', 'execute'], SHADOW_STACK, zicfiss),
  ...take(lacks(zicfiss ? R | W : R), ['read'], 'R = 0', !mxr),
  ...take(lacks(zicfiss ? R | W | X : R | X), ['read'], 'R = 0, X = 0', mxr),
  ...take(lacks(W), ['write'], 'W = 0'),
  ...take(lacks(X), ['execute'], 'X = 0'),
  ...take(lacks(A), ['read', 'write', 'execute'], 'A = 0, ADUE = 0', !adue),
  ...take(lacks(D), ['write'], 'D = 0, ADUE = 0', !adue),
];

/** Pointer masking (Zjpm): ignored bits copy the highest that counts, or are 0 in Bare mode. Not of fetches, nor with MXR. */
function untagged({ pmlen, mxr }: RiscvState, { root, addr, access }: Query): Vaddr {
  if (pmlen === 0 || mxr || access === 'execute') return addr;
  const kept = 64 - pmlen;
  return vaddrWrap(root === 0n ? BigInt.asUintN(kept, addr) : BigInt.asIntN(kept, addr));
}

/** The bits above the translated ones must be copies of the highest (Sv32: there are none). */
function begin(arch: Arch, { root, addr }: Query): Begin {
  const { shift, bits } = arch.geometry.pgd;
  if (root === 0n) return bare(addr, arch.entryBytes === 4 ? 32 : 56);
  const { fields, tops } = arch.spec.root;
  if (![0n, tops.pgd?.base].includes(root & typeMask(fields)))
    return { kind: 'refused', fault: 'root-mismatch', why: 'another MODE' };
  if (!isTranslatable({ arch }, 'pgd', addr))
    return { kind: 'refused', fault: 'page-fault', why: `not an address of ${shift + bits} bits` };
  return { kind: 'table', level: 'pgd', base: gather(fields, root), shift, bits };
}

/** Physical memory as one page; what is beyond its widest address is no memory. */
const bare = (addr: bigint, width: number): Begin =>
  addr >> BigInt(width)
    ? { kind: 'refused', fault: 'access-fault', why: `not a physical address of ${width} bits` }
    : { kind: 'page', base: 0n, shift: width };
