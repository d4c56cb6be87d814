/**
 * A range and the entries that its walk meets, as a file: `kernel-mm/range-case@1`. What a solver found is written so, and
 * run by whoever reads it.
 */
import * as v from 'valibot';
import { type Vaddr, vaddr } from '../brand.ts';
import { checked, checkFormat, hex } from '../guest/checked.ts';
import { FixtureError } from '../guest/fixture-error.ts';
import { type Mm, mmFromRoot } from '../mm.ts';
import type { ArchOf } from './check-entry.ts';
import { memoryOfEntries } from './sparse.ts';
import { entry } from './walk-shape.ts';

const FORMAT = 'kernel-mm/range-case@1';

/** The file, its 64-bit quantities as hex strings. */
export interface RangeCaseJson {
  readonly format: typeof FORMAT;
  /** What it shows, in a sentence. */
  readonly title: string;
  /** The id of the architecture, and the layout of its entries where there are several. */
  readonly arch: string;
  readonly layout?: string;
  /** The root register. */
  readonly root: string;
  /** All of memory: where an entry lies, and what it holds. */
  readonly entries: readonly (readonly [at: string, entry: string])[];
  /** The range; an `end` of 0 is 2^64. */
  readonly start: string;
  readonly end: string;
}

/** A range to walk, and the address space in which it lies. */
export interface RangeCase {
  readonly title: string;
  readonly mm: Mm;
  readonly start: Vaddr;
  /** 0 is 2^64. */
  readonly end: Vaddr;
}

const address = v.pipe(
  hex,
  v.transform((at) => vaddr(at)),
);
const file = v.strictObject({
  ...{ format: v.string(), title: v.string(), arch: v.string(), layout: v.exactOptional(v.string()) },
  ...{ root: hex, entries: v.array(entry), start: address, end: address },
});

/**
 * Reads a case.
 * @param archOf the definitions, ours or one's own
 * @throws FixtureError for what the format does not have, or a definition that is not found
 */
export function readRangeCase(json: unknown, archOf: ArchOf): RangeCase {
  checkFormat(json, FORMAT);
  const { arch: id, layout, title, root, entries, start, end } = checked(file, json);
  const arch = archOf(id, layout);
  if (!arch) throw new FixtureError('unknown', 'arch', `an architecture and a layout that are known, not ${id}`);
  const page = arch.geometry.pte.size;
  for (const [name, at] of [
    ['start', start],
    ['end', end],
  ] as const)
    if (at % page !== 0n) throw new FixtureError('malformed', name, `a multiple of ${page} bytes`);
  if (BigInt.asUintN(64, end - 1n) < start) throw new FixtureError('malformed', 'end', 'an address behind the start');
  const memory = memoryOfEntries({ arch, entryBytes: arch.entryBytes }, entries, 'entries');
  return { title, mm: mmFromRoot(arch, memory, root), start, end };
}

/** The file of a case: of a definition by its id, the words of its memory, and a range. */
export function rangeCaseJson(
  of: Pick<RangeCaseJson, 'title' | 'arch' | 'layout'>,
  root: bigint,
  entries: Iterable<readonly [at: bigint, entry: bigint]>,
  [start, end]: readonly [bigint, bigint],
): RangeCaseJson {
  const word = (value: bigint): string => `0x${value.toString(16)}`;
  return {
    ...{ format: FORMAT, ...of, root: word(root), start: word(start), end: word(end) },
    entries: [...entries].map(([at, value]) => [word(at), word(value)]),
  };
}
