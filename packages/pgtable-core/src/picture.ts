/** Walks drawn as text: one line for each entry that was read. */
import type { Entry, Slot } from './entry.ts';
import type { Explanation } from './explain.ts';
import type { NamedField } from './format.ts';
import type { Mm } from './mm.ts';
import { splitByGeometry, splitByWalk, splitText } from './split.ts';
import { ACCESSES } from './step.ts';
import type { Visit } from './stepper.ts';
import { explainEntry, explainResult, explainTranslation, hex } from './tell.ts';
import type { Trace } from './walk.ts';
import type { Flip } from './what-if.ts';

/** One line of a picture. */
export interface PictureRow {
  /** The address for which the slot was read. */
  readonly addr: bigint;
  /** Where the entry was read. */
  readonly slot: Slot;
  /** What was read. */
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
  return [splitText(addr, splitByGeometry(mm, addr)), picture(mm, rows), explainResult(result)].join('\n');
}

/** What C calls the pointer to a slot: `pgd[3]` in a table, `&p4d + 8` beside a walker's copy on its stack. */
export function pointerName({ arch }: Mm, { slot, parent }: { readonly slot: Slot; readonly parent?: Visit }): string {
  if (slot.space === 'stack') {
    const behind = parent ? slot.addr - parent.copy.addr : 0n;
    return `&${parent?.slot.level}${behind ? ` + ${behind}` : ''}`;
  }
  // A table is aligned to its size.
  const { tableBytes, slotBytes } = arch.geometry[slot.level];
  return `${slot.level}[${(slot.addr % BigInt(tableBytes)) / BigInt(slotBytes)}]`;
}

/** A translation as a picture: its indexes, each entry with the rights that are left, and the answer. */
export function pictureOfExplained(explained: Explanation): string {
  const { addr, access } = explained.query;
  const rows = explained.steps.map(({ level, index, at, entry, says, left, kind }) => [
    `${level}[${index}] = ${hex(at)}`,
    hex(entry),
    says,
    kind === 'fault' ? '' : ACCESSES.filter((right) => left[right]).join(' ') || 'nothing',
  ]);
  const walked = [
    splitText(addr, splitByWalk(explained)),
    columns([['entry', 'value', 'which says', 'leaves'], ...rows]),
  ];
  return [...(rows.length > 0 ? walked : []), explainTranslation(access, explained.result)].join('\n');
}

/** The whole explanation as text: the picture, the fields of each entry, who took which right, what would change it. */
export function explainText(explained: Explanation): string {
  const { arch, state, query, steps, result, changes } = explained;
  const on = Object.entries(state).flatMap(([name, value]) => (value === true ? [name] : []));
  const block = (title: string, lines: readonly string[]): string[] =>
    lines.length > 0 ? [`${title}:`, ...lines.map((line) => `  ${line}`)] : [];
  const fields = steps.map(({ level, index, fields }) => [`${level}[${index}]`, fields.map(fieldText).join(' ')]);
  return [
    `${query.access} ${hex(query.addr)} by root ${hex(query.root)} on ${[arch, ...on].join(', ')}`,
    pictureOfExplained(explained),
    ...block('fields', columns(fields).split('\n')),
    ...block(
      'taken away',
      result.taken.map(({ right, level, why }) => `${right} by ${level}: ${why}`),
    ),
    ...block(
      'what would change it',
      changes.map((one) => `${flipText(one.flip)}: ${explainTranslation(query.access, one.result)}`),
    ),
  ].join('\n');
}

/** A piece of an address at its place in the address; other values as they are. */
const fieldText = ({ name, kind, lo, to = lo, value }: NamedField): string =>
  `${name}=${kind === 'address' ? hex(value << BigInt(to)) : value}`;

/** A single change in words: `pte[3].W = 1 (bit 5)`, `smep = false`. */
export function flipText(flip: Flip): string {
  if (flip.kind === 'state') return `${flip.name} = ${flip.value}`;
  const where = flip.kind === 'root' ? 'root' : `${flip.level}[${flip.index}]`;
  return `${where}.${flip.field} = ${flip.value} (bit ${flip.bit})`;
}

/** Lines with every cell but the last padded to its column. */
function columns(lines: readonly (readonly string[])[]): string {
  const width = (n: number): number => Math.max(...lines.map((line) => line[n]?.length ?? 0));
  return lines
    .map((line) => line.map((cell, n) => (n < line.length - 1 ? cell.padEnd(width(n)) : cell)).join('  '))
    .join('\n');
}
