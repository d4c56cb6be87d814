/** What one stage of arm64 translation is in one machine state: levels, widths, and where a walk begins (Arm ARM, D8.2). */
import {
  type Arch,
  address,
  type Begin,
  type Fields,
  gather,
  LEVELS,
  type Level,
  type Query,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import type { Encoding } from './arm64-descriptor.ts';
import { type Arm64State, type Controls, controlsOf, type Half } from './arm64-state.ts';

/** The numbers that rules and faults are made of. */
export interface Stage extends Controls {
  readonly encoding: Encoding;
  /** Bits of an output address: no descriptor or TTBR may say more. */
  readonly outputBits: number;
  readonly page: number;
  /** The levels that the hardware walks, by Linux's names; the last is its level 3. */
  readonly levels: readonly Level[];
}

/** The stage that a definition and a state make. */
export function stageOf(arch: Arch, state: Arm64State): Stage {
  const page = arch.spec.pageShift;
  const controls = controlsOf(state);
  const wide = page === 16 ? state.paBits >= 52 : controls.ds;
  const encoding = !wide ? 'plain' : page === 16 ? 'lpa' : 'lpa2';
  const outputBits = Math.min(controls.ips, state.paBits, wide ? 52 : 48);
  return { ...controls, encoding, outputBits, page, levels: walked(arch) };
}

/** Of a fold at boot the hardware sees the folded level alone: the table above is none to it. */
function walked({ spec }: Arch): readonly Level[] {
  const styles = LEVELS.map((level) => spec.levels[level].fold?.style);
  return LEVELS.filter((_, n) => styles[n] !== 'top' && n >= styles.indexOf('middle'));
}

/** The hardware's number of a level: 3 for the last, down to -1. */
export const numberOf = ({ levels }: Stage, level: Level): number => 4 - levels.length + levels.indexOf(level);

/** log2 of what an entry of the level with this number covers. */
export const shiftOf = ({ page }: Stage, number: number): number => page + (page - 3) * (3 - number);

/** Which half of the addresses: that of TTBR0, or of TTBR1. */
export const halfOf = (addr: bigint): 0 | 1 => (addr & (1n << 55n) ? 1 : 0);

// The base of the first table, aligned to its size; of 52 bits where the output addresses have as many.
const NARROW: Fields = { address: address(47, 1) };
const WIDE: Fields = { address: address(47, 6), high: address(5, 2, 48) };

/** A walk begins at the table that the half's TTBR designates, on the level that TxSZ says. */
export function begin(stage: Stage, user: boolean, { root, addr }: Query): Begin {
  const { page, levels, outputBits } = stage;
  const half = stage.halves[halfOf(addr)];
  const width = 64 - half.tsz;
  const number = 4 - Math.floor((width - 4) / (page - 3));
  const level = levels.at(number - 4);
  const refused = (fault: string, why: string): Begin => ({ kind: 'refused', fault, why });
  const no = forbidden(stage, half, user) ?? (inHalf(half, addr) ? undefined : 'the address lies in no half');
  if (no !== undefined) return refused('translation', no);
  if (!level) return refused('translation', `TxSZ = ${half.tsz} takes more levels than there are`);

  const shift = shiftOf(stage, number);
  const bits = width - shift;
  const tableShift = BigInt(bits + 3);
  const base = (gather(outputBits === 52 ? WIDE : NARROW, root) >> tableShift) << tableShift;
  if (base >> BigInt(outputBits)) return refused('address-size', `TTBR designates a table beyond ${outputBits} bits`);
  return { kind: 'table', level, base, shift, bits };
}

/** Why there is no walk at all in this half. TxSZ above 39 is FEAT_TTST's, below 16 FEAT_LVA's (64 KiB pages) or LPA2's. */
function forbidden({ page, encoding }: Stage, { tsz, epd, e0pd }: Half, user: boolean): string | undefined {
  if (epd) return 'EPD = 1';
  if (e0pd && user) return 'E0PD = 1, and the access is from EL0';
  if (tsz > (page === 16 ? 47 : 48) || tsz < (page === 16 || encoding === 'lpa2' ? 12 : 16)) return `TxSZ = ${tsz}`;
  return undefined;
}

/** Stage 1 off: the address is physical (Arm ARM, D8.2, "the effects of disabling an address translation stage"). */
export const flat = (paBits: number, { addr }: Query): Begin =>
  addr >> BigInt(paBits)
    ? { kind: 'refused', fault: 'address-size', why: `not a physical address of ${paBits} bits` }
    : { kind: 'page', base: 0n, shift: paBits };

/** With TBI the top byte is a tag: bit 55 stands for it. TBID leaves fetches out. */
export function untagged({ halves }: Stage, { addr, access }: Query): Vaddr {
  const { tbi, tbid } = halves[halfOf(addr)];
  return tbi && !(tbid && access === 'execute') ? vaddrWrap(BigInt.asIntN(56, addr)) : addr;
}

/** The bits above the width are all like bit 55. */
function inHalf({ tsz }: Half, addr: bigint): boolean {
  return addr >> BigInt(64 - tsz) === (halfOf(addr) ? (1n << BigInt(tsz)) - 1n : 0n);
}
