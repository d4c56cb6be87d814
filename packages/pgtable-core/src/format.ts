/** Which named fields an entry has, by what the hardware takes it for. */
import { type Field, type Fields, valueIn } from './field.ts';
import { readAs } from './fold.ts';
import type { Query, Step } from './hardware.ts';
import { LEVELS } from './level.ts';
import type { Machine } from './machine.ts';

/** How an entry is laid out. */
export type FormatKind = 'table' | 'leaf';

/** A field of an entry, and what it holds there. */
export interface NamedField extends Field {
  /** As its manual or Linux calls it. */
  readonly name: string;
  /** What it holds, shifted down to bit 0. */
  readonly value: bigint;
}

/** What the hardware takes an entry for, also one that a rule refuses. */
export const kindOf = (machine: Machine, { level, entry }: Step, { root, addr }: Query): FormatKind =>
  machine.levels[level]?.leaf({ entry, root, addr }) ? 'leaf' : 'table';

/**
 * The fields of an entry: in the hardware's own format where it says one, else in the definition's, as the entries of
 * the level are finally read. Where Linux has no leaves, and the hardware would take one (512 GiB of RISC-V), those of
 * the next level that has are told.
 */
export function formatOf({ arch, hardware }: Machine, { level }: Pick<Step, 'level'>, kind: FormatKind): Fields {
  const { levels } = arch.spec;
  const downwards = [readAs(arch, level), ...LEVELS.slice(LEVELS.indexOf(level))];
  const formats = [hardware.levels[level]?.fields, ...downwards.map((one) => levels[one][kind]?.fields)];
  return formats.find((fields) => fields) ?? {};
}

/** Every field with its value, in the order of the format. */
export const namedFields = (fields: Fields, raw: bigint): NamedField[] =>
  Object.entries(fields).map(([name, field]) => ({ name, ...field, value: valueIn(field, raw) }));
