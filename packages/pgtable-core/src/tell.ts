/** Sizes, entries, and ends of walks and translations in words. */
import { leafAddress, leafSize, tableAddress } from './codec.ts';
import type { Entry } from './entry.ts';
import type { Access } from './hardware.ts';
import { below, isUpper, type Level } from './level.ts';
import type { Mm } from './mm.ts';
import { pXdIs } from './reading.ts';
import type { Translation } from './translate.ts';
import { roleOf, type WalkResult } from './walk.ts';

/** `0x26dc000`. */
export const hex = (value: bigint): string => `0x${value.toString(16)}`;

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
  const size = leafSize(mm.arch, level, entry);
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

/** The hardware's answer to an access, in one sentence. */
export function explainTranslation(access: Access, result: Translation): string {
  if (result.kind === 'address')
    return `${access} reaches physical ${hex(result.paddr)}, in a page of ${formatSize(result.size)}`;
  const { name, code, why, level, at } = result;
  const place = level && at !== undefined ? `, at the ${level} entry at ${hex(at)}` : '';
  return `${access} raises ${name}${code === undefined ? '' : ` (${hex(code)})`}${place}: ${why}`;
}

/** Text in lines of at most so many letters, where no word is longer. `V = 0` stays together. */
export function wrapped(text: string, most: number): string[] {
  const lines = [''];
  for (const word of text.replaceAll(' = ', '\u00a0=\u00a0').split(' ')) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + word.length >= most) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
