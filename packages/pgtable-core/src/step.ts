/** One step of the hardware's walk: the entry that an address selects in a table, and what it says. Every reader of an MMU shares it. */
import { type Paddr, paddrWrap } from './brand.ts';
import { ArchError } from './errors.ts';
import { isAlwaysFolded } from './fold.ts';
import { indexAt } from './geometry.ts';
import type { Access, Outcome, Page, Query, Rights, Step, Table, Taken } from './hardware.ts';
import { LEVELS } from './level.ts';
import { load } from './load.ts';
import type { Machine, Reading } from './machine.ts';
import type { Memory } from './memory.ts';

/** One of the rules by which an entry ends a walk. */
export type Rule = Reading['rules'][number];

/** What an entry says: here the walk ends, there it goes on, or this memory it has arrived at. */
export type Said =
  | { readonly kind: 'fault'; readonly rule: Rule }
  | ({ readonly kind: 'table' } & Table)
  | ({ readonly kind: 'page' } & Page);

/** A slot of a table, and its entry if memory has one there. */
export type SlotRead = Step | (Omit<Step, 'entry'> & { readonly entry: undefined });

/** What can be done with a byte, in the order in which it is told. */
export const ACCESSES: readonly Access[] = ['read', 'write', 'execute'];

/** The rights that `may` grants. */
export const rightsBy = (may: (access: Access) => boolean): Rights => ({
  read: may('read'),
  write: may('write'),
  execute: may('execute'),
});

/** Reads the slot of `table` that `addr` selects: one read, which does not wrap at 2^64. */
export function readSlot({ arch, entryBytes, levels }: Machine, memory: Memory, table: Table, addr: bigint): SlotRead {
  const { level, shift, bits, base } = table;
  const index = indexAt(addr, shift, bits);
  const at = base + index * BigInt(levels[level]?.slotBytes ?? entryBytes);
  const entry = load(memory, at as Paddr, entryBytes, arch.spec.byteOrder);
  return { level, at, index: Number(index), entry, shift } as SlotRead;
}

/** The access as the walk sees it: without the address's tag, where the machine takes one off. */
export function untaggedQuery({ hardware }: Machine, query: Query): Query {
  const addr = hardware.untagged?.(query) ?? query.addr;
  return addr === query.addr ? query : { ...query, addr };
}

/** What the hardware makes of an entry, by its first rule that holds and is not left out. */
export function said(
  machine: Machine,
  { level, entry, shift }: Step,
  { root, addr }: Pick<Query, 'root' | 'addr'>,
  leftOut?: ReadonlySet<Rule>,
): Said {
  const { rules, leaf, page, table } = readingOf(machine, level);
  const env = { entry, addr, root };
  const rule = rules.find((one) => !leftOut?.has(one) && one.when(env));
  if (rule) return { kind: 'fault', rule };
  if (leaf(env)) {
    const { base, shift: own, unaligned } = page!;
    return { kind: 'page', base: base(env), shift: Number(own?.(env) ?? shift), unaligned };
  }
  // The next level that has tables of its own, by the entry's width or by the geometry.
  const below = LEVELS.slice(LEVELS.indexOf(level) + 1).find((one) => !isAlwaysFolded(machine.arch, one));
  if (!below) throw unsaid(machine, `${level}.table`, 'a walk goes on from here, and no level is below');
  const bits = table!.bits === undefined ? machine.arch.geometry[below].bits : Number(table!.bits(env));
  return { kind: 'table', level: below, base: table!.base(env), bits, shift: shift - bits };
}

/** The rights that the entries of a path take away, from the top down. */
export const takenBy = (
  machine: Machine,
  path: readonly Step[],
  { root, addr }: Pick<Query, 'root' | 'addr'>,
): Taken[] =>
  path.flatMap(({ level, entry }) => {
    const { leaf, page, table } = readingOf(machine, level);
    const env = { entry, addr, root };
    const holding = ((leaf(env) ? page : table)?.takes ?? []).filter(({ when }) => when(env));
    return holding.flatMap(({ rights, why }) => rights.map((right) => ({ right, level, why })));
  });

/** A walk that has arrived at memory, for the hardware's last word; `taken` is {@link takenBy} of the path. */
export function arrival(
  machine: Machine,
  query: Query,
  path: readonly Step[],
  page: Page,
  taken: readonly Taken[] = takenBy(machine, path, query),
): Outcome {
  const mask = (1n << BigInt(page.shift)) - 1n;
  const first = page.unaligned ? page.base : page.base & ~mask;
  const paddr = paddrWrap(first + (query.addr & mask));
  return { query, path, paddr, taken: [...taken, ...(machine.hardware.whole?.(path, taken, query) ?? [])] };
}

function readingOf(machine: Machine, level: Step['level']): Reading {
  const reading = machine.levels[level];
  if (!reading) throw unsaid(machine, level, 'a walk reaches it, and nothing is said of it');
  return reading;
}

const unsaid = ({ arch }: Machine, where: string, what: string): ArchError =>
  new ArchError('missing', `${arch.id} hardware.levels.${where}`, what);
