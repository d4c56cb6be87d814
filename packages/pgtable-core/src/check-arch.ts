/** What `defineArch` checks of the whole: levels that say what is asked of them, templates that read as what they are. */
import type { LeafFormat, Predicate, Prot, ShadowSpec, TableFormat } from './arch.ts';
import { leafTemplate, NO_RIGHTS, withAddress } from './codec.ts';
import { ArchError } from './errors.ts';
import { sameExpr } from './expr.ts';
import { addressMask, type Fields } from './field.ts';
import type { Arch } from './geometry.ts';
import { below, isUpper, type Level } from './level.ts';

/** The root register: a top level, templates that leave the origin alone. */
export function checkRoot({ spec: { root, levels } }: Arch): void {
  const tops = Object.entries(root.tops);
  if (tops.length === 0) throw new ArchError('missing', 'root.tops', 'names no top level');
  for (const [level, { base }] of tops) {
    const { fold } = levels[level as Level];
    if (level !== 'pgd' && fold?.when !== 'process')
      throw new ArchError('fold', `root.tops.${level}`, 'the top table is of pgd, or of a level that a process folds');
    if (base & addressMask(root.fields))
      throw new ArchError('field-overlap', `root.tops.${level}`, 'base sets bits of the origin');
  }
  const { taskSizeMax } = root;
  if (taskSizeMax !== undefined && tops.some(([, { limit }]) => limit > taskSizeMax))
    throw new ArchError('geometry', 'root.taskSizeMax', 'is below the limit of a top level');
}

/**
 * A level that is folded per process, or can be the top one, shares its tables with the levels above: whoever steps from
 * slot to slot there does not know which level's table it is in.
 */
export function checkTable({ spec, geometry }: Arch, level: Level): void {
  const { fold, shadow } = spec.levels[level];
  const size = geometry[level].tableBytes;
  if (fold?.when === 'process' || spec.root.tops[level]) {
    const alike = geometry[level].slotBytes === geometry.pgd.slotBytes && sameShadow(shadow, spec.levels.pgd.shadow);
    if (!alike)
      throw new ArchError('geometry', `levels.${level}`, 'its table can be the top one: slots as those of pgd');
  }
  if (!Number.isInteger(Math.log2(size)) && (fold === undefined || fold.if !== undefined))
    throw new ArchError(
      'geometry',
      `levels.${level}.tableBytes`,
      `a table of ${size} bytes: say the power of 2 it takes`,
    );
}

const sameShadow = (a: ShadowSpec | undefined, b: ShadowSpec | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.at === b.at && sameExpr(a.value, b.value);

/** All that one level says, against the rest of the definition. */
export function checkLevel(arch: Arch, level: Level): void {
  const { table, leaf, reads: readFields, hugepd, empty = 0n, is } = arch.spec.levels[level];
  const where = `levels.${level}`;
  if (isUpper(level) && !leaf && !readFields && is.leaf !== undefined && is.leaf !== 0n)
    throw new ArchError('missing', `${where}.leaf`, 'is.leaf says that there are leaves: how does one map a page?');
  // Above a level that is always folded the answers are constants: what this level would say is never asked.
  if (isUpper(level) && alwaysFolded(arch, below(level))) return;
  for (const name of ['none', 'present'] as const)
    if (is[name] === undefined) throw new ArchError('missing', `${where}.is`, `says nothing of ${name}`);
  if (!table && isUpper(level))
    throw new ArchError('missing', where, 'says nothing of table: how does an entry designate the level below?');
  if (!leaf && level === 'pte') throw new ArchError('missing', where, 'says nothing of leaf: how is a page mapped?');

  const read = (name: Predicate, raw: bigint): boolean => arch.rules[level].is[name]?.({ entry: raw }) ?? false;
  if (!read('none', empty)) throw new ArchError('empty-not-none', where, `empty 0x${empty.toString(16)} is not none`);
  if (read('present', empty)) throw new ArchError('empty-present', where, `empty 0x${empty.toString(16)} is present`);

  const reads = (place: string, raw: bigint, yes: readonly Predicate[], no: readonly Predicate[]): void => {
    for (const name of [...yes, ...no])
      if (read(name, raw) !== yes.includes(name))
        throw new ArchError('template', place, `0x${raw.toString(16)} reads ${name} = ${!yes.includes(name)}`);
  };
  if (readFields) {
    if (leaf) throw new ArchError('malformed', `${where}.reads`, 'leaf says it already');
    if (addressMask(readFields) === 0n)
      throw new ArchError('address-field', `${where}.reads`, 'no field holds an address');
  }
  if (hugepd) {
    if (level === 'pte') throw new ArchError('malformed', `${where}.hugepd`, 'a pte designates no table');
    if (addressMask(hugepd.fields) === 0n)
      throw new ArchError('address-field', `${where}.hugepd`, 'no field holds an address');
  }
  if (table && isUpper(level)) {
    const shift = Math.log2(arch.geometry[below(level)].tableBytes);
    checkFormat(`${where}.table`, table, [table.base], shift);
    reads(
      `${where}.table`,
      withAddress(table.fields, table.base, sample(`${where}.table`, table.fields, shift)) ?? 0n,
      ['present'],
      NOT_TABLE,
    );
  }
  if (leaf) {
    const { shift } = arch.geometry[level];
    const rights = Object.values(leaf.rights).flat();
    checkFormat(`${where}.leaf`, leaf, [leaf.base, leaf.protNone ?? 0n, ...rights], shift);
    const full = leafTemplate(leaf, ALL_RIGHTS);
    const raw =
      withAddress(
        leaf.fields,
        full,
        sample(`${where}.leaf`, leaf.fields, shift),
        arch.rules[level].inverted({ entry: full }),
      ) ?? 0n;
    reads(`${where}.leaf`, raw, level === 'pte' ? ['present'] : ['present', 'leaf'], ['none', 'protnone', 'swap']);
    if (level === 'pte')
      reads(`${where}.leaf, PROT_NONE`, leafTemplate(leaf, NO_RIGHTS), ['present'], ['none', 'swap']);
  }
}

const ALL_RIGHTS: Prot = { read: true, write: true, exec: true, user: true };
const NOT_TABLE: readonly Predicate[] = ['none', 'bad', 'leaf', 'swap'];

/** The lowest address above 0 that a table or page of 2^`shift` bytes can have here. */
function sample(where: string, fields: Fields, shift: number): bigint {
  for (let bit = shift; bit < 64; bit++)
    if (withAddress(fields, 0n, 1n << BigInt(bit)) !== undefined) return 1n << BigInt(bit);
  throw new ArchError('address-field', where, `holds no address above 0 that is a multiple of 2^${shift}`);
}

const alwaysFolded = (arch: Arch, level: Level): boolean => {
  const { fold } = arch.spec.levels[level];
  return fold !== undefined && fold.if === undefined;
};

function checkFormat(
  where: string,
  format: TableFormat | LeafFormat,
  templates: readonly bigint[],
  shift: number,
): void {
  const taken = addressMask(format.fields);
  if (taken === 0n) throw new ArchError('address-field', where, 'no field holds an address');
  for (const raw of templates) {
    if (raw & taken) throw new ArchError('field-overlap', where, `0x${raw.toString(16)} sets bits of the address`);
  }
  const lowest = Math.min(...Object.values(format.fields).map((f) => (f.kind === 'address' ? (f.to ?? f.lo) : 64)));
  if (lowest > shift) throw new ArchError('address-field', where, `address bits ${lowest - 1}…${shift} are lost`);
}
