/** Entries made and taken apart: templates with an address in them, and the address back out. */
import type { Change, LeafFormat, Predicate, Prot } from './arch.ts';
import { type Paddr, paddr } from './brand.ts';
import type { Entry } from './entry.ts';
import { UsageError } from './errors.ts';
import { addressMask, type Field, type Fields, gather, maskOf, scatter, valueIn } from './field.ts';
import type { Arch } from './geometry.ts';
import type { Level, UpperLevel } from './level.ts';

/** No right at all: PROT_NONE. */
export const NO_RIGHTS: Prot = { read: false, write: false, exec: false, user: false };

/** The bits of a leaf with these rights, without its address. */
export function leafTemplate(leaf: LeafFormat, prot: Prot): bigint {
  if (leaf.protNone !== undefined && !prot.read && !prot.write && !prot.exec) return leaf.protNone;
  return (Object.keys(leaf.rights) as (keyof Prot)[]).reduce(
    (raw, right) => raw | leaf.rights[right][prot[right] ? 0 : 1],
    leaf.base,
  );
}

/** `base` with `address` in its pieces, inverted if asked; `undefined` if the address has bits that do not fit. */
export function withAddress(fields: Fields, base: bigint, address: bigint, inverted = false): bigint | undefined {
  const placed = scatter(fields, address);
  return placed === undefined ? undefined : base | (inverted ? placed ^ addressMask(fields) : placed);
}

/** An entry that designates the table at `address`; `undefined` if the level has none, or cannot hold the address. */
export function makeTable<L extends UpperLevel>(arch: Arch, level: L, address: Paddr): Entry<L> | undefined {
  const { table } = arch.spec.levels[level];
  return table && (withAddress(table.fields, table.base, address) as Entry<L> | undefined);
}

/**
 * An entry that maps the page at `address`, present, young, and dirty if writable; `undefined` if the level has no
 * leaves, or cannot hold the address.
 */
export function makeLeaf<L extends Level>(arch: Arch, level: L, address: Paddr, prot: Prot): Entry<L> | undefined {
  const { leaf } = arch.spec.levels[level];
  if (!leaf) return undefined;
  const base = leafTemplate(leaf, prot);
  const inverted = arch.rules[level].inverted({ entry: base });
  return withAddress(leaf.fields, base, address, inverted) as Entry<L> | undefined;
}

/**
 * The table that an entry designates, as a physical address. Meaningful only where the entry is a table pointer.
 * @throws {@link UsageError} `argument` for a level without a format of tables
 */
export function tableAddress(arch: Arch, level: UpperLevel, entry: Entry): Paddr {
  const { table } = arch.spec.levels[level];
  if (!table) throw new UsageError('argument', 'level', `one whose entries designate tables, not ${level}`);
  return paddr(gather(table.fields, entry));
}

/**
 * The first byte that a leaf maps, as a physical address. Meaningful only where the entry is a leaf.
 * @throws {@link UsageError} `argument` for a level without leaves
 */
export function leafAddress(arch: Arch, level: Level, entry: Entry): Paddr {
  const { leaf, reads } = arch.spec.levels[level];
  if (!leaf && reads) return paddr(gather(reads, entry));
  if (!leaf) throw new UsageError('argument', 'level', `one that has leaves, not ${level}`);
  const { first } = arch.rules[level];
  if (first) return paddr(first({ entry }));
  const stored = arch.rules[level].inverted({ entry }) ? entry ^ addressMask(leaf.fields) : entry;
  return paddr(gather(leaf.fields, stored));
}

/**
 * A leaf that maps another page, all else as it was: rights, marks, and whether it is young or dirty; `undefined` if the
 * level has no leaves, or cannot hold the address.
 */
export function withFrame<L extends Level>(
  arch: Arch,
  level: L,
  entry: Entry<NoInfer<L>>,
  address: Paddr,
): Entry<L> | undefined {
  const { leaf } = arch.spec.levels[level];
  if (!leaf) return undefined;
  const rest = entry & ~addressMask(leaf.fields);
  return withAddress(leaf.fields, rest, address, arch.rules[level].inverted({ entry })) as Entry<L> | undefined;
}

/** How many bytes a leaf maps: what its slot covers, unless the entry says more (Svnapot). Meaningful only where it is a leaf. */
export const leafSize = (arch: Arch, level: Level, entry: Entry): bigint =>
  1n << arch.rules[level].leafShift({ entry });

/** The values of an entry's fields by name, read as a table pointer or as a leaf. */
export function fieldsOf(arch: Arch, level: Level, kind: 'table' | 'leaf', entry: Entry): Record<string, bigint> {
  const { [kind]: format, reads } = arch.spec.levels[level];
  const fields = format?.fields ?? (kind === 'leaf' ? reads : undefined) ?? {};
  return Object.fromEntries(Object.entries(fields).map(([name, f]) => [name, valueIn(f, entry)]));
}

/** What Linux's `pXd_mk…` of that name makes of a leaf; `undefined` where the level has no such helper. */
export const change = <L extends Level>(
  arch: Arch,
  level: L,
  what: Change,
  entry: Entry<NoInfer<L>>,
): Entry<L> | undefined => arch.rules[level].mk[what]?.({ entry }) as Entry<L> | undefined;

/** The bits of a leaf that rights decide: the others mean the same in every template. */
const decidedByRights = ({ base, rights, protNone = base }: LeafFormat): bigint =>
  Object.values(rights)
    .flat()
    .reduce((mask, granted) => mask | granted, base ^ protNone);

/**
 * `pXd_modify`: a present leaf with other rights. The frame stays, and whether the page is young, dirty or soft-dirty,
 * and every bit that rights do not decide (_PAGE_CHG_MASK); `undefined` if the level has no leaves.
 */
export function modify<L extends Level>(
  arch: Arch,
  level: L,
  entry: Entry<NoInfer<L>>,
  prot: Prot,
): Entry<L> | undefined {
  const { leaf } = arch.spec.levels[level];
  if (!leaf) return undefined;
  const { is, mk, inverted } = arch.rules[level];
  const straight = (raw: bigint): bigint => (inverted({ entry: raw }) ? raw ^ addressMask(leaf.fields) : raw);
  const decided = decidedByRights(leaf);
  let raw = straight((straight(entry) & ~decided) | (leafTemplate(leaf, prot) & decided));
  const apply = (what: Change): void => {
    raw = mk[what]?.({ entry: raw }) ?? raw;
  };
  const keep = (state: Predicate, make: Change, take: Change): void => {
    const was = is[state]?.({ entry });
    if (was === false) apply(take);
    else if (was && !is[state]?.({ entry: raw })) apply(make);
  };
  // A template is that of a young page; an old one may need more than the bit (s390: I, as the rights have it).
  keep('young', 'young', 'old');
  // Where dirty is noted depends on the rights (x86), so it is made anew. It brings soft-dirty, which therefore comes last.
  if (is.dirty) apply('clean');
  keep('dirty', 'dirty', 'clean');
  keep('softDirty', 'softDirty', 'clearSoftDirty');
  return raw as Entry<L>;
}

/** Where a page was swapped out to: the device's number, and the page on it. */
export interface Swap {
  /** Which swap device. */
  readonly type: bigint;
  /** Which page of it. */
  readonly offset: bigint;
}

const put = (field: Field, value: bigint): bigint => (value << BigInt(field.lo)) & maskOf(field);

/** `pXd_swp_entry` backwards: the entry of a page that is swapped out; `undefined` if the level has none or it does not fit. */
export function makeSwap<L extends Level>(arch: Arch, level: L, { type, offset }: Swap): Entry<L> | undefined {
  const { swap } = arch.spec.levels[level];
  if (!swap) return undefined;
  const placed = put(swap.offset, offset) ^ (swap.inverted ? maskOf(swap.offset) : 0n);
  const entry = (swap.base | put(swap.type, type) | placed) as Entry<L>;
  const back = swapOf(arch, level, entry as Entry);
  return back?.type === type && back.offset === offset ? entry : undefined;
}

/** The parts of a swap entry. Meaningful only where the entry is one; `undefined` if the level has none. */
export function swapOf(arch: Arch, level: Level, entry: Entry): Swap | undefined {
  const { swap } = arch.spec.levels[level];
  if (!swap) return undefined;
  const stored = swap.inverted ? entry ^ maskOf(swap.offset) : entry;
  return { type: valueIn(swap.type, entry), offset: valueIn(swap.offset, stored) };
}
