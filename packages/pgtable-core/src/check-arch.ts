/** What `defineArch` checks of entry formats: fields that fit and do not overlap, templates that read as what they are. */
import type { LeafFormat, Predicate, Prot, TableFormat } from './arch.ts';
import { leafTemplate, NO_RIGHTS, withAddress } from './codec.ts';
import { ArchError } from './errors.ts';
import { addressMask, type Fields, maskOf } from './field.ts';
import type { Arch } from './geometry.ts';
import { below, isUpper, type Level } from './level.ts';

/** Every field inside `width` bits, none over another, every address piece inside 64 bits of address. */
function checkFields(where: string, fields: Fields, width: number): void {
  let taken = 0n;
  for (const [name, f] of Object.entries(fields)) {
    const whole = Number.isInteger(f.hi) && Number.isInteger(f.lo) && Number.isInteger(f.to ?? f.lo);
    const reach = Math.max(f.hi, (f.to ?? f.lo) + f.hi - f.lo);
    if (!whole || f.lo < 0 || f.hi < f.lo || f.hi >= width || (f.kind === 'address' && reach > 63))
      throw new ArchError('field-width', `${where}.${name}`, `bits ${f.hi}…${f.lo} do not fit into ${width} bits`);
    if (taken & maskOf(f)) throw new ArchError('field-overlap', `${where}.${name}`, 'shares bits with another field');
    taken |= maskOf(f);
  }
  const lands = Object.values(fields).filter((f) => f.kind === 'address');
  let covered = 0n;
  for (const f of lands) {
    const target = (maskOf(f) >> BigInt(f.lo)) << BigInt(f.to ?? f.lo);
    if (covered & target) throw new ArchError('field-overlap', where, 'two pieces hold the same address bits');
    covered |= target;
  }
}

/** The root register: fields that fit, a top level, templates that leave the origin alone. */
export function checkRoot({ spec: { root } }: Arch): void {
  checkFields('root.fields', root.fields, 64);
  const tops = Object.entries(root.tops);
  if (tops.length === 0) throw new ArchError('missing', 'root.tops', 'names no top level');
  for (const [level, { base }] of tops)
    if (base & addressMask(root.fields))
      throw new ArchError('field-overlap', `root.tops.${level}`, 'base sets bits of the origin');
  const { taskSizeMax } = root;
  if (taskSizeMax !== undefined && tops.some(([, { limit }]) => limit > taskSizeMax))
    throw new ArchError('geometry', 'root.taskSizeMax', 'is below the limit of a top level');
}

/** All that one level says, against the rest of the definition. */
export function checkLevel(arch: Arch, level: Level): void {
  const { table, leaf, reads: readFields, hugepd, empty = 0n, is } = arch.spec.levels[level];
  const where = `levels.${level}`;
  // Above a level that is always folded the answers are constants: what this level would say is never asked.
  if (isUpper(level) && alwaysFolded(arch, below(level))) return;
  for (const name of ['none', 'present'] as const)
    if (is[name] === undefined) throw new ArchError('missing', `${where}.is`, `says nothing of ${name}`);
  if (!table && isUpper(level))
    throw new ArchError('missing', where, 'says nothing of table: how does an entry designate the level below?');
  if (!leaf && level === 'pte') throw new ArchError('missing', where, 'says nothing of leaf: how is a page mapped?');

  const read = (name: Predicate, raw: bigint): boolean => arch.rules[level].is[name]?.({ entry: raw }) ?? false;
  checkWidth(arch, `${where}.empty`, empty);
  if (!read('none', empty)) throw new ArchError('empty-not-none', where, `empty 0x${empty.toString(16)} is not none`);
  if (read('present', empty)) throw new ArchError('empty-present', where, `empty 0x${empty.toString(16)} is present`);

  const reads = (place: string, raw: bigint, yes: readonly Predicate[], no: readonly Predicate[]): void => {
    for (const name of [...yes, ...no])
      if (read(name, raw) !== yes.includes(name))
        throw new ArchError('template', place, `0x${raw.toString(16)} reads ${name} = ${!yes.includes(name)}`);
  };
  if (readFields) {
    if (leaf) throw new ArchError('malformed', `${where}.reads`, 'leaf says it already');
    checkFields(`${where}.reads`, readFields, 8 * arch.entryBytes);
    if (addressMask(readFields) === 0n)
      throw new ArchError('address-field', `${where}.reads`, 'no field holds an address');
  }
  if (hugepd) {
    if (level === 'pte') throw new ArchError('malformed', `${where}.hugepd`, 'a pte designates no table');
    checkFields(`${where}.hugepd.fields`, hugepd.fields, 8 * arch.entryBytes);
    if (addressMask(hugepd.fields) === 0n)
      throw new ArchError('address-field', `${where}.hugepd`, 'no field holds an address');
  }
  if (table && isUpper(level)) {
    const shift = Math.log2(arch.geometry[below(level)].tableBytes);
    checkFormat(arch, `${where}.table`, table, [table.base], shift);
    reads(`${where}.table`, withAddress(table.fields, table.base, sample(shift)) ?? 0n, ['present'], NOT_TABLE);
  }
  if (leaf) {
    const { shift } = arch.geometry[level];
    const rights = Object.values(leaf.rights).flat();
    checkFormat(arch, `${where}.leaf`, leaf, [leaf.base, leaf.protNone ?? 0n, ...rights], shift);
    const full = leafTemplate(leaf, ALL_RIGHTS);
    const raw = withAddress(leaf.fields, full, sample(shift), arch.rules[level].inverted({ entry: full })) ?? 0n;
    reads(`${where}.leaf`, raw, level === 'pte' ? ['present'] : ['present', 'leaf'], ['none', 'protnone', 'swap']);
    if (level === 'pte')
      reads(`${where}.leaf, PROT_NONE`, leafTemplate(leaf, NO_RIGHTS), ['present'], ['none', 'swap']);
  }
}

const ALL_RIGHTS: Prot = { read: true, write: true, exec: true, user: true };
const NOT_TABLE: readonly Predicate[] = ['none', 'bad', 'leaf', 'swap'];

/** An address that a table or page can have, and that is not 0. */
const sample = (shift: number): bigint => 1n << BigInt(Math.max(shift, 12));

const alwaysFolded = (arch: Arch, level: Level): boolean => {
  const { fold } = arch.spec.levels[level];
  return fold !== undefined && fold.if === undefined;
};

function checkWidth(arch: Arch, where: string, raw: bigint): void {
  if (raw < 0n || raw >> BigInt(8 * arch.entryBytes))
    throw new ArchError('entry-width', where, `0x${raw.toString(16)} does not fit into ${8 * arch.entryBytes} bits`);
}

function checkFormat(
  arch: Arch,
  where: string,
  format: TableFormat | LeafFormat,
  templates: readonly bigint[],
  shift: number,
): void {
  checkFields(`${where}.fields`, format.fields, 8 * arch.entryBytes);
  const taken = addressMask(format.fields);
  if (taken === 0n) throw new ArchError('address-field', where, 'no field holds an address');
  for (const raw of templates) {
    checkWidth(arch, where, raw);
    if (raw & taken) throw new ArchError('field-overlap', where, `0x${raw.toString(16)} sets bits of the address`);
  }
  const lowest = Math.min(...Object.values(format.fields).map((f) => (f.kind === 'address' ? (f.to ?? f.lo) : 64)));
  if (lowest > shift) throw new ArchError('address-field', where, `address bits ${lowest - 1}…${shift} are lost`);
}
