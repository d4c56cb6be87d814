/** Entry vectors against a definition: what the kernel's predicates say of single entries. */
import * as v from 'valibot';
import type { Predicate } from '../arch.ts';
import { paddr } from '../brand.ts';
import { type Entry, entry } from '../entry.ts';
import type { Arch } from '../geometry.ts';
import { checked, checkFormat, hex } from '../guest/checked.ts';
import { FixtureError } from '../guest/fixture-error.ts';
import { LEVELS, type Level } from '../level.ts';
import { flatMemory } from '../memory.ts';
import { type Mm, mmFromTable } from '../mm.ts';
import { pXdIs } from '../reading.ts';
import { PREDICATES } from '../shape.ts';
import { eachCase, file, type MalformedCase, name } from './cases.ts';

/** Finds a definition by its id, and by the era of the kernel whose helpers it follows, if the file says one. */
export type ArchOf = (arch: string, layout?: string) => Arch | undefined;

/** Answers of predicates, by their names without pXd_. */
export type Answers = Readonly<Partial<Record<Predicate, boolean>>>;

/** What became of one case that could be asked. */
export interface EntryOutcome {
  readonly kind: 'ran';
  readonly name: string;
  readonly passed: boolean;
  readonly mm: Mm;
  readonly level: Level;
  readonly raw: Entry;
  readonly expected: Answers;
  /** The answers to what was asked. */
  readonly got: Answers;
}

const answers = v.strictObject(Object.fromEntries(PREDICATES.map((one) => [one, v.exactOptional(v.boolean())])));
const vector = v.strictObject({
  ...{ name, level: v.picklist(LEVELS), raw: hex },
  expect: v.pipe(
    answers,
    v.check((said) => Object.keys(said).length > 0, 'at least one predicate'),
  ),
});
const entryFile = v.strictObject({ ...file, layout: v.exactOptional(v.string()) });

/**
 * Runs the cases of a `kernel-mm/entry-vectors@1` file; of the predicates only those that a case names.
 * @param json the parsed file
 * @param archOf the definitions, ours or one's own
 * @returns an outcome for each case: one that is malformed has failed, and the others are still asked
 * @throws FixtureError for what the format does not have outside of its cases, or a definition that is not found
 */
export function checkEntryVectors(json: unknown, archOf: ArchOf): (EntryOutcome | MalformedCase)[] {
  checkFormat(json, 'kernel-mm/entry-vectors@1');
  const { arch: id, layout, cases } = checked(entryFile, json);
  const arch = archOf(id, layout);
  if (!arch) {
    const era = layout === undefined ? '' : `, layout ${layout}`;
    throw new FixtureError('unknown', 'arch', `an architecture and a layout that are known, not ${id}${era}`);
  }
  const mm = mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));
  return eachCase(cases, vector, ({ name, level, raw, expect }, where) => {
    if (raw !== BigInt.asUintN(8 * arch.entryBytes, raw))
      throw new FixtureError('malformed', `${where}: raw`, `an entry of ${arch.entryBytes} bytes`);
    const asked = Object.keys(expect) as Predicate[];
    const value = entry(level, raw);
    const got = Object.fromEntries(asked.map((predicate) => [predicate, pXdIs(mm, predicate, level, value)]));
    const passed = asked.every((predicate) => got[predicate] === expect[predicate]);
    return { kind: 'ran', name, passed, mm, level, raw: value, expected: expect, got };
  });
}
