/** An address split over the levels: which of its bits index which table, and which are the offset. */
import type { Explanation } from './explain.ts';
import { indexAt } from './geometry.ts';
import { LEVELS, type Level } from './level.ts';
import { type Mm, topLevel } from './mm.ts';
import { hex } from './tell.ts';

/** Bits `hi`…`lo` of an address. */
export interface AddressPiece {
  /** The level that it indexes, or what else it is. */
  readonly name: Level | 'offset' | 'above';
  /** Its highest bit. */
  readonly hi: number;
  /** Its lowest bit. */
  readonly lo: number;
  /** What it holds, shifted down to bit 0. */
  readonly value: bigint;
}

interface Index {
  readonly level: Level;
  readonly shift: number;
  readonly bits: number;
}

/** By the geometry of a process, down to `last`; levels without a table of their own are left out. */
export function splitByGeometry({ arch, ...mm }: Mm, addr: bigint, last: Level = 'pte'): AddressPiece[] {
  const levels = LEVELS.slice(LEVELS.indexOf(topLevel({ arch, ...mm }) ?? 'pgd'), LEVELS.indexOf(last) + 1);
  return split(
    addr,
    levels.map((level) => ({ level, ...arch.geometry[level] })).filter(({ bits }) => bits > 0),
  );
}

/** By the tables that the hardware used. */
export const splitByWalk = ({ query, steps }: Explanation): AddressPiece[] => split(query.addr, steps);

function split(addr: bigint, indexes: readonly Index[]): AddressPiece[] {
  const piece = (name: AddressPiece['name'], shift: number, bits: number): AddressPiece[] =>
    bits > 0 ? [{ name, hi: shift + bits - 1, lo: shift, value: indexAt(addr, shift, bits) }] : [];
  const top = indexes[0] ? indexes[0].shift + indexes[0].bits : 64;
  return [
    ...piece('above', top, 64 - top),
    ...indexes.flatMap(({ level, shift, bits }) => piece(level, shift, bits)),
    ...piece('offset', 0, indexes.at(-1)?.shift ?? 64),
  ];
}

/** `0x53678 = pud[1] pmd[2] pte[3] + 0x678`. */
export function splitText(addr: bigint, pieces: readonly AddressPiece[]): string {
  const parts = pieces.flatMap(({ name, value }) => {
    if (name === 'above') return [];
    return name === 'offset' ? `+ ${hex(value)}` : `${name}[${value}]`;
  });
  return `${hex(addr)} = ${parts.join(' ')}`;
}
