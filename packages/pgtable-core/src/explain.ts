/** A walk told in words, and drawn as text: one line for each entry that was read. */
import { leafAddress, tableAddress } from './codec.ts';
import type { Entry, Slot } from './entry.ts';
import { indexAt } from './geometry.ts';
import { below, isUpper, LEVELS, type Level } from './level.ts';
import { type Mm, topLevel } from './mm.ts';
import { pXdIs } from './reading.ts';
import { roleOf, type Trace, type WalkResult } from './walk.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** A power of two in bytes as people write it: `4 KiB`, `2 GiB`. */
export function formatSize(bytes: bigint): string {
  const shift = bytes.toString(2).length - 1;
  return `${2 ** (shift % 10)} ${UNITS[Math.floor(shift / 10)]}`;
}

const RIGHTS = ['write', 'exec', 'user', 'young', 'dirty', 'special', 'protnone'] as const;

/** One entry in words, by the kernel's reading: `table at 0x26dc000`, `4 KiB at 0x126c000: write, young, dirty`. */
export function explainEntry(mm: Mm, level: Level, entry: Entry): string {
  const role = roleOf(mm, level, entry);
  if (role === 'folded' && isUpper(level)) return `${below(level)} is folded into this entry`;
  if (role === 'table' && isUpper(level)) return `table at ${hex(tableAddress(mm.arch, level, entry))}`;
  if (role !== 'leaf') return { none: 'none', 'not-present': 'not present', bad: 'bad' }[role as 'none'];
  const said = RIGHTS.filter((predicate) => pXdIs(mm, predicate, level, entry)).join(', ');
  const { size } = mm.arch.geometry[level];
  return `${formatSize(size)} at ${hex(leafAddress(mm.arch, level, entry))}${said && `: ${said}`}`;
}

/** Why a walk has no address, or which it has, in one sentence. */
export function explainResult(result: WalkResult): string {
  switch (result.kind) {
    case 'leaf':
      return `physical ${hex(result.paddr)}, a ${formatSize(result.size)} page of level ${result.level}`;
    case 'not-translatable':
      return `no address: only ${result.bits} bits are translated, and the ones above are not as they must be`;
    case 'root-mismatch':
      return `no address: the root register names ${result.register ? `a ${result.register} table` : 'no table that there is'}, the table itself is of level ${result.table}`;
    case 'outside-memory':
      return `no address: the ${result.level} slot at ${hex(result.slot.addr)} lies outside memory`;
    default:
      return `no address: ${result.level} ${result.kind.replace('-', ' ')}: ${result.level}[${result.index}] = ${hex(result.entry)}`;
  }
}

/** One line of a picture. */
export interface PictureRow {
  /** The address for which the slot was read. */
  readonly addr: bigint;
  readonly slot: Slot;
  readonly entry: Entry;
  /** What to say of the pointer, in place of its address: `&pgd`, `&p4d + 8`. */
  readonly pointer?: string;
}

/** Entries that a walk read, in order: level, address, pointer, value, and what the value says. */
export function picture(mm: Mm, rows: readonly PictureRow[]): string {
  const cells = rows.map(({ addr, slot, entry, pointer }) => [
    slot.level,
    hex(addr),
    `${pointer ? `${pointer} = ` : ''}${slot.space === 'stack' ? 'stack ' : ''}${hex(slot.addr)}`,
    hex(entry),
    explainEntry(mm, slot.level, entry),
  ]);
  return columns([['level', 'for', 'pointer', 'entry', 'which says'], ...cells]);
}

/** The quiet walk of one address as a picture: its indexes, each entry, and where it ends. */
export function pictureOf(mm: Mm, { addr, steps, result }: Trace): string {
  const rows = steps.map(({ level, slot, index, entry }) => ({ addr, slot, entry, pointer: `${level}[${index}]` }));
  return [`${hex(addr)} = ${indexesOf(mm, addr)}`, picture(mm, rows), explainResult(result)].join('\n');
}

/** An address by its indexes: `pud[1] pmd[0] pte[2] + 0x10`. Levels without a table of their own are left out. */
function indexesOf(mm: Mm, addr: bigint): string {
  const { geometry, spec } = mm.arch;
  const real = LEVELS.slice(LEVELS.indexOf(topLevel(mm) ?? 'pgd')).filter((level) => geometry[level].bits > 0);
  const parts = real.map((level) => `${level}[${indexAt(addr, geometry[level].shift, geometry[level].bits)}]`);
  return `${parts.join(' ')} + ${hex(addr & ((1n << BigInt(spec.pageShift)) - 1n))}`;
}

/** Lines with every cell but the last padded to its column. */
function columns(lines: readonly (readonly string[])[]): string {
  const width = (n: number): number => Math.max(...lines.map((line) => line[n]?.length ?? 0));
  return lines
    .map((line) => line.map((cell, n) => (n < line.length - 1 ? cell.padEnd(width(n)) : cell)).join('  '))
    .join('\n');
}
