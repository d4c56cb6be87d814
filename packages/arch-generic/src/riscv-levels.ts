/** What each entry says to the MMU of RISC-V: reserved, pointer or page, and the rights that a page takes away (12.3.2). */
import {
  type Access,
  type Arch,
  addressOf,
  and,
  type Expr,
  type FaultRule,
  type Hardware,
  has,
  is,
  LEVELS,
  type LevelReading,
  lacks,
  not,
  select,
  type Taking,
} from '@kernel-mm/pgtable-core';
import { A, D, frame, N, R, type RiscvMode, U, V, W, X } from './riscv-entry.ts';
import type { RiscvState } from './riscv-state.ts';

/** Why a shadow stack refuses a store or a fetch. */
export const SHADOW_STACK = 'a shadow stack is written by its own instructions alone, and never executed';
const isShadowStack = is(R | W | X, W);

const rule = (when: Expr, why: string, on = true): FaultRule[] => (on ? [{ when, kind: 'page-fault', why }] : []);
const take = (when: Expr, rights: readonly Access[], why: string, on = true): Taking[] =>
  on ? [{ when, rights, why }] : [];

/** Every level alike, but for the alignment of its pages and for pte, which has no level below. */
export function levelsOf(arch: Arch, mode: RiscvMode, state: RiscvState, reservedPbmt: boolean): Hardware['levels'] {
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
