/** Who may use what under short descriptors: the domain first, then AP, XN and PXN, or before ARMv6 the AP of each quarter. */
import type { Access, Query, Step, Taken } from '@kernel-mm/pgtable-core';
import type { ArmShortState } from './arm-short-state.ts';

/** What PL1 and PL0 may do with data, by AP[2:0] (ARMv7 ARM, table B3-8). 0b100 is reserved. */
const PL1 = ['', 'rw', 'rw', 'rw', '', 'r', 'r', 'r'];
const PL0 = ['', '', 'r', 'rw', '', '', 'r', 'r'];

const CLIENT = 1n;
const MANAGER = 3n;
const at = (entry: bigint, bit: number): boolean => ((entry >> BigInt(bit)) & 1n) !== 0n;

/** The first entry of a path names the domain; a supersection has other bits there, and is in domain 0. */
export function domainOf(path: readonly Step[]): bigint {
  const first = path[0]?.entry ?? 0n;
  return at(first, 1) && at(first, 18) ? 0n : (first >> 5n) & 0xfn;
}
const roleOf = (path: readonly Step[], { dacr }: ArmShortState): bigint => (dacr >> (2n * domainOf(path))) & 3n;

/** Whether the domain lets its entries decide, or lets everything pass. */
export function isOpen(path: readonly Step[], state: ArmShortState): boolean {
  const role = roleOf(path, state);
  return role === CLIENT || role === MANAGER;
}

/** AP, XN and PXN, which a manager of the domain does not look at. PXN of a page stands in the pointer to its table. */
export function takenBy(path: readonly Step[], state: ArmShortState, { addr }: Query): Taken[] {
  const [first, second] = path;
  if (!first || roleOf(path, state) === MANAGER) return [];
  const { level, entry } = second ?? first;
  const { told, pl1, pl0, never } = state.subpages
    ? bySubpage(entry, second !== undefined, addr, state)
    : byPage(entry, first.entry, second !== undefined, state);
  const data = state.user ? pl0 : pl1;
  const took = (gone: boolean, right: Access, why: string): Taken[] => (gone ? [{ right, level, why }] : []);
  const withheld = state.pan && !state.user && pl0 !== '';
  return [
    ...took(!data.includes('r'), 'read', told),
    ...took(!data.includes('w'), 'write', told),
    ...took(!data.includes('r'), 'execute', told),
    ...took(never, 'execute', 'XN or PXN'),
    ...took(withheld, 'read', 'PAN'),
    ...took(withheld, 'write', 'PAN'),
  ];
}

/** What an entry grants to each privilege, by which of its bits, and whether nothing of it is ever executed. */
interface Granted {
  readonly told: string;
  readonly pl1: string;
  readonly pl0: string;
  readonly never: boolean;
}

function byPage(entry: bigint, first: bigint, isPage: boolean, { afe, pxn, user }: ArmShortState): Granted {
  const [low, xn] = isPage ? [4, at(entry, 1) ? 0 : 15] : [10, 4];
  const ap = Number((entry >> BigInt(low)) & 3n) | (at(entry, low + 5) ? 4 : 0) | (afe ? 1 : 0);
  const never = at(entry, xn) || (!user && pxn && at(first, isPage ? 2 : 0));
  return { told: `AP[2:0] = ${ap}`, pl1: PL1[ap] ?? '', pl0: PL0[ap] ?? '', never };
}

/**
 * A small page (type 0b10) has an AP for each KiB, a large one (0b01) for each 16 KiB; an extended small page (0b11) and a
 * section have one. 00 is what SCTLR.S and R say (ARM DDI 0100, B4.3.1 and B4.7).
 */
function bySubpage(entry: bigint, isPage: boolean, addr: bigint, state: ArmShortState): Granted {
  const type = Number(entry & 3n);
  const quarter = !isPage || type === 3 ? 0 : Number((addr >> (type === 2 ? 10n : 14n)) & 3n);
  const ap = Number((entry >> BigInt(isPage ? 4 + 2 * quarter : 10)) & 3n);
  const rom = state.romProtection;
  const [pl1, pl0] =
    ap > 0 ? [PL1[ap] ?? '', PL0[ap] ?? ''] : [rom || state.systemProtection ? 'r' : '', rom ? 'r' : ''];
  return { told: `AP${quarter} = ${ap}`, pl1, pl0, never: false };
}
