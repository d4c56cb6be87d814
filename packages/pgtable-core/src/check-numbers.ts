/** What `defineArch` checks first: every number and every field that a definition says, whether a walk uses it or not. */
import type { ArchSpec, LevelSpec } from './arch.ts';
import { type ArchCode, ArchError } from './errors.ts';
import { type Field, type Fields, maskOf } from './field.ts';
import { LEVELS, type Level } from './level.ts';

/** No table and no slot is larger: 1 GiB. */
const MOST_BYTES = 2 ** 30;

function whole(where: string, value: number, low: number, high: number, code: ArchCode = 'geometry'): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new ArchError(code, where, `${value} is not a whole number from ${low} to ${high}`);
}

function word(where: string, value: bigint, bits: number): void {
  if (value < 0n || value >> BigInt(bits))
    throw new ArchError('entry-width', where, `0x${value.toString(16).slice(0, 40)} does not fit into ${bits} bits`);
}

/**
 * Checks every number that stands in the definition itself; what an expression yields is bounded where it is evaluated.
 * @throws {@link ArchError} with the place of the first one that is wrong
 */
export function checkNumbers(spec: ArchSpec): void {
  const { pageShift, entryBytes = 8, root, va } = spec;
  whole('pageShift', pageShift, 1, 30);
  if (spec.entryRead && entryBytes !== 8)
    throw new ArchError('malformed', 'entryRead', `an entry of ${entryBytes} bytes is read in one load`);
  let total = pageShift;
  for (const level of LEVELS) {
    checkLevelNumbers(level, spec.levels[level], entryBytes);
    total += spec.levels[level].bits;
  }
  whole('pageShift and all bits together', total, 1, 64);
  if (va.bits !== undefined) whole('va.bits', va.bits, pageShift, total);
  checkFields('root.fields', root.fields, 64);
  word('root.taskSizeMax', root.taskSizeMax ?? 0n, 65);
  for (const [level, { base, limit }] of Object.entries(root.tops)) {
    word(`root.tops.${level}.base`, base, 64);
    word(`root.tops.${level}.limit`, limit, 64);
  }
}

function checkLevelNumbers(level: Level, spec: LevelSpec, entryBytes: number): void {
  const { bits, fold, table, leaf, hugepd, swap } = spec;
  const where = `levels.${level}`;
  const width = 8 * entryBytes;
  whole(`${where}.bits`, bits, fold?.style === 'top' ? 0 : 1, fold?.style === 'top' ? 0 : 20);
  if (fold?.entries !== undefined) whole(`${where}.fold.entries`, fold.entries, 1, 2 ** 20);
  checkSlots(where, spec, entryBytes);
  word(`${where}.empty`, spec.empty ?? 0n, width);
  for (const [kind, format] of Object.entries({ table, leaf, hugepd }))
    if (format) checkFields(`${where}.${kind}.fields`, format.fields, width);
  if (spec.reads) checkFields(`${where}.reads`, spec.reads, width);
  if (table) word(`${where}.table`, table.base, width);
  if (table?.aligned !== undefined) whole(`${where}.table.aligned`, table.aligned, 0, 63);
  if (leaf?.group) {
    const { bit, slots } = leaf.group;
    word(`${where}.leaf.group.bit`, bit, width);
    whole(`${where}.leaf.group.slots`, slots, 2, 2 ** 20);
    if (!Number.isInteger(Math.log2(slots)))
      throw new ArchError('geometry', `${where}.leaf.group.slots`, `${slots} is not a power of 2`);
  }
  if (leaf)
    for (const raw of [leaf.base, leaf.protNone ?? 0n, ...Object.values(leaf.rights).flat()])
      word(`${where}.leaf`, raw, width);
  if (swap) {
    checkFields(`${where}.swap`, { type: swap.type, offset: swap.offset }, width);
    for (const raw of [swap.base, swap.exclusive ?? 0n, swap.softDirty ?? 0n, swap.uffdWp ?? 0n])
      word(`${where}.swap`, raw, width);
  }
}

/** Slots and shadows made of whole words, no shadow on another entry. */
function checkSlots(where: string, { bits, slotBytes, tableBytes, shadow }: LevelSpec, entryBytes: number): void {
  const refuse = (name: string, rule: string): never => {
    throw new ArchError('geometry', `${where}.${name}`, rule);
  };
  const words = (name: string, bytes: number): void => {
    if (!Number.isInteger(bytes / entryBytes) || bytes <= 0)
      refuse(name, `${bytes} is not a multiple of the ${entryBytes} bytes of an entry`);
    whole(`${where}.${name}`, bytes, 1, MOST_BYTES);
  };
  const slot = slotBytes ?? entryBytes;
  words('slotBytes', slot);
  if (tableBytes !== undefined) {
    if (!Number.isInteger(Math.log2(tableBytes))) refuse('tableBytes', `${tableBytes} is not a power of 2`);
    whole(`${where}.tableBytes`, tableBytes, 1, MOST_BYTES);
  }
  if (!shadow) return;
  words('shadow.at', shadow.at);
  if (shadow.at % slot === 0 && shadow.at < 2 ** bits * slot) refuse('shadow.at', `${shadow.at} lies on another entry`);
}

/** Every field inside `width` bits, none over another, every address piece inside 64 bits of address. */
function checkFields(where: string, fields: Fields, width: number): void {
  let taken = 0n;
  let covered = 0n;
  for (const [name, f] of Object.entries(fields)) {
    const place = `${where}.${name}`;
    checkField(place, f, width);
    if (taken & maskOf(f)) throw new ArchError('field-overlap', place, 'shares bits with another field');
    taken |= maskOf(f);
    if (f.kind !== 'address') continue;
    const target = (maskOf(f) >> BigInt(f.lo)) << BigInt(f.to ?? f.lo);
    if (covered & target) throw new ArchError('field-overlap', where, 'two pieces hold the same address bits');
    covered |= target;
  }
}

function checkField(where: string, { kind, hi, lo, to = lo }: Field, width: number): void {
  if (![hi, lo].every(Number.isInteger) || lo < 0 || hi < lo || hi >= width)
    throw new ArchError('field-width', where, `bits ${hi}…${lo} do not fit into ${width} bits`);
  whole(`${where}.to`, to, 0, 63, 'field-width');
  if (kind === 'address' && to + hi - lo > 63)
    throw new ArchError('field-width', where, `bits ${hi}…${lo} do not fit into an address from bit ${to} on`);
}
