/** What would change a refusal: every named bit of the way and every switch of the machine's state, tried one by one. */
import { type Field, type Fields, valueIn } from './field.ts';
import { formatOf, kindOf } from './format.ts';
import type { Query, Step, Taken } from './hardware.ts';
import { LEVELS } from './level.ts';
import type { Machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { arrival, said, untaggedQuery } from './step.ts';
import { type Faulted, type Translation, translate } from './translate.ts';

/** A bit turned over, and what its field holds then. */
export interface TurnedBit {
  /** The field that it belongs to. */
  readonly field: string;
  /** Its number in the entry. */
  readonly bit: number;
  readonly value: bigint;
}

/** One single change: a bit of an entry, with what the entry is then; of the root register; or a switch of the state. */
export type Flip =
  | ({ readonly kind: 'entry'; readonly entry: bigint } & Pick<Step, 'level' | 'index' | 'at'> & TurnedBit)
  | ({ readonly kind: 'root'; readonly root: bigint } & TurnedBit)
  | { readonly kind: 'state'; readonly name: string; readonly value: boolean };

/** A change that helps, and what the hardware answers then: it allows the access, or it gets further before it refuses. */
export interface WhatIf {
  /** The one thing that is changed. */
  readonly flip: Flip;
  /** What comes of the access then. */
  readonly result: Translation;
}

/**
 * The single changes after which a refused access succeeds or gets further. The nearest come first: in the entries that
 * are to blame, then upwards in the others, in the root register, in the state; and among equally near ones those that
 * succeed. A change after which nothing is walked (paging off, real space) is left out: it says nothing of the tables.
 * Tried are flags, types and bits that must be 0, not addresses and not what only software looks at: at most a translation
 * for each bit of five entries and a register, and for each switch.
 */
export function whatIf(machine: Machine, memory: Memory, query: Query, refused: Faulted): WhatIf[] {
  const reached = progress(machine, query, refused);
  return groups(machine, query, refused).flatMap((flips) => {
    const helpful = flips.flatMap((flip): WhatIf[] => {
      const changed = flip.kind === 'state' ? machine.in({ [flip.name]: flip.value }) : machine;
      const asked = flip.kind === 'root' ? { ...query, root: flip.root } : query;
      const result = translate(changed, flip.kind === 'entry' ? overlay(memory, flip.at, flip.entry) : memory, asked);
      const isWalked = result.path.length > 0 || refused.path.length === 0;
      const further =
        isWalked &&
        progress(changed, asked, result) > reached &&
        !(result.kind === 'fault' && isSame(query, result, refused));
      return further ? [{ flip, result }] : [];
    });
    const succeeds = ({ result }: WhatIf): boolean => result.kind === 'address';
    return [...helpful.filter(succeeds), ...helpful.filter((one) => !succeeds(one))];
  });
}

/** Whether an access is refused as before, by as many. */
const isSame = (query: Query, a: Faulted, b: Faulted): boolean =>
  a.name === b.name &&
  a.why === b.why &&
  a.level === b.level &&
  takersOf(query, a).length === takersOf(query, b).length;

/** Who took the right that the access needs. */
const takersOf = ({ access }: Query, { taken }: Faulted): readonly Taken[] =>
  taken.filter(({ right }) => right === access);

/** All changes to try, in groups of the same distance. */
function groups(machine: Machine, query: Query, refused: Faulted): Flip[][] {
  const { arch, entryBytes, state } = machine;
  const { path } = refused;
  const takers = takersOf(query, refused).map(({ level }) => level);
  const blamed = takers.length > 0 ? takers : path.slice(-1).map(({ level }) => level);
  const upwards = [...path].reverse();
  const steps = [
    upwards.filter(({ level }) => blamed.includes(level)),
    ...upwards.filter(({ level }) => !blamed.includes(level)).map((step) => [step]),
  ];
  const ofEntry = (step: Step): Flip[] => {
    const kind = kindOf(machine, step, query);
    const formats = [kind, kind === 'leaf' ? 'table' : 'leaf'] as const;
    const { level, index, at } = step;
    return turned(
      formats.map((format) => formatOf(machine, step, format)),
      step.entry,
      8 * entryBytes,
    ).map(({ raw, ...bit }) => ({ kind: 'entry', level, index, at, ...bit, entry: raw }));
  };
  const switches = Object.entries(state).filter((one): one is [string, boolean] => typeof one[1] === 'boolean');
  return [
    ...steps.map((group) => group.flatMap(ofEntry)),
    turned([arch.spec.root.fields], query.root, 64).map(({ raw, ...bit }) => ({ kind: 'root', ...bit, root: raw })),
    switches.map(([name, value]) => ({ kind: 'state', name, value: !value })),
  ];
}

/** Each bit below `width` that the first format to name it calls a flag, a type or zero, turned over. */
function turned(formats: readonly Fields[], raw: bigint, width: number): (TurnedBit & { readonly raw: bigint })[] {
  const seen = new Set<number>();
  return formats.flatMap(Object.entries<Field>).flatMap(([name, field]) => {
    const { kind, hi, lo } = field;
    const bits = Array.from({ length: hi - lo + 1 }, (_, n) => lo + n).filter((bit) => bit < width && !seen.has(bit));
    for (const bit of bits) seen.add(bit);
    if (kind === 'address' || kind === 'software') return [];
    return bits.map((bit) => {
      const after = raw ^ (1n << BigInt(bit));
      return { field: name, bit, value: valueIn(field, after), raw: after };
    });
  });
}

/** The memory as it would be with `entry` at `at`. */
const overlay = (memory: Memory, at: bigint, entry: bigint): Memory => ({
  pieces: memory.pieces,
  read: (address, ...how) => (address === at ? entry : memory.read(address, ...how)),
  write: (...what) => memory.write(...what),
});

/**
 * How far an access gets: past how many entries, and how many rules of the next; and where it has arrived at memory, how
 * little is missing there: each entry that took the right away counts, and what would refuse the access if none had.
 */
function progress(machine: Machine, asked: Query, result: Translation): number {
  const query = untaggedQuery(machine, asked);
  if (result.kind === 'address') return Number.POSITIVE_INFINITY;
  const { path } = result;
  const last = path.at(-1);
  const says = last ? said(machine, last, query) : machine.hardware.begin(query);
  if (says.kind === 'refused') return -1;
  if (says.kind === 'table') return path.length * PER_ENTRY;
  if (says.kind === 'fault')
    return (path.length - 1) * PER_ENTRY + 1 + machine.levels[last!.level]!.rules.indexOf(says.rule);
  const wanting = takersOf(query, result).length;
  const other = machine.hardware.settle({ ...arrival(machine, query, path, says), taken: [] });
  return (LEVELS.length + 1) * PER_ENTRY - wanting - (other.kind === 'refused' ? 1 : 0);
}

/** More than a level has rules. */
const PER_ENTRY = 1000;
