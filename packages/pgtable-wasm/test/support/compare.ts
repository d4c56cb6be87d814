/** The compiled engine and the reference engine asked the same, and every difference told. */
import { isDeepStrictEqual } from 'node:util';
import { countRange, memoryPort, type Port, pinRange } from '@kernel-mm/gup-fast';
import {
  LEVELS,
  lookup,
  type Mm,
  NO_PADDR,
  type PageCounts,
  type RangeAnswer,
  type Slot,
  StackArea,
  translateMany,
  type Vaddr,
  type WalkResult,
  walk,
} from '@kernel-mm/pgtable-core';
import type { Flavour } from './flavours.ts';

/** Throws, with both in words, where two answers differ. */
function same(what: string, got: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(got, wanted)) return;
  const text = (x: unknown): string =>
    JSON.stringify(x, (_, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v))?.slice(0, 600) ?? String(x);
  throw new Error(`${what}: compiled ${text(got)}, reference ${text(wanted)}`);
}

const hex = (addr: bigint): string => `0x${addr.toString(16)}`;

/** Addresses of reads; the reference walk reads the slot of a folded level anew, and the compiled one has it in hand. */
const once = (reads: readonly (bigint | { readonly addr: bigint })[]): bigint[] =>
  reads
    .map((read) => BigInt.asUintN(64, typeof read === 'bigint' ? read : read.addr))
    .filter((at, n, all) => at !== all[n - 1]);

/** Where folding is per process, slot 0 of the top table is asked first. */
const topReads = ({ arch, pgd }: Mm): bigint[] =>
  LEVELS.some((level) => arch.spec.levels[level].fold?.when === 'process') ? [pgd] : [];

/** The read that failed, which is no step of the walk. */
const lost = (result: WalkResult): Slot[] => (result.kind === 'outside-memory' ? [result.slot] : []);

/** Where one walk ends, with the order of its reads. */
export function sameLookup({ engine, reads }: Flavour, mm: Mm, addr: Vaddr): void {
  const { result, steps } = walk(mm, addr);
  reads.length = 0;
  same(`lookup ${hex(addr)}`, lookup(mm, addr, engine), result);
  same(
    `reads of ${hex(addr)}`,
    once(reads),
    once([...topReads(mm), ...steps.map(({ slot }) => slot), ...lost(result)]),
  );
  const paddr = result.kind === 'leaf' ? result.paddr : undefined;
  same(`translate ${hex(addr)}`, engine.walker(mm).translate(addr), paddr);
}

/** Many addresses at once, from lists in the memory and from others. */
export function sameMany({ engine }: Flavour, mm: Mm, addrs: BigUint64Array, room: BigUint64Array): void {
  const wanted = new BigUint64Array(addrs.length);
  const found = translateMany(mm, addrs, wanted);
  const inside = room.subarray(0, addrs.length);
  inside.set(addrs);
  same('how many, in the memory', translateMany(mm, inside, inside, engine), found);
  same('translateMany, in the memory', inside.slice(), wanted);
  const outside = new BigUint64Array(Math.min(addrs.length, 16)).fill(NO_PADDR);
  translateMany(mm, addrs.subarray(0, outside.length), outside, engine);
  same('translateMany, elsewhere', outside, wanted.slice(0, outside.length));
}

/** What a range walk does to the world. */
interface Done {
  readonly answer: RangeAnswer | string;
  readonly reads: readonly bigint[];
  readonly words?: Int32Array;
  readonly frames?: Float64Array;
}

/** A port that notes what it reads of memory, in order. */
function noting(mm: Mm, { neighbour }: Flavour): { port: Port; seen: bigint[] } {
  const seen: bigint[] = [];
  const inner = memoryPort(mm, new StackArea(neighbour));
  const readOnce: Port['readOnce'] = (slot) => {
    if (slot.space === 'memory') seen.push(BigInt.asUintN(64, slot.addr));
    return inner.readOnce(slot);
  };
  return { seen, port: { stack: inner.stack, readOnce } };
}

const run = (walk: () => RangeAnswer): RangeAnswer | string => {
  try {
    return walk();
  } catch (error) {
    return String(error);
  }
};

/** What is asked of a range. */
export interface Range {
  readonly start: Vaddr;
  readonly end: Vaddr;
}

/** countRange by both. */
export function sameCount(flavour: Flavour, mm: Mm, { start, end }: Range, budget: number): void {
  const { engine, stepper, reads } = flavour;
  const { port, seen } = noting(mm, flavour);
  reads.length = 0;
  const got: Done = { answer: run(() => countRange(mm, start, end, { stepper, engine, budget })), reads: [...reads] };
  const wanted: Done = { answer: run(() => countRange(mm, start, end, { stepper, port, budget })), reads: seen };
  same(`${stepper.name}: count of ${hex(start)} to ${hex(end)}`, got, wanted);
}

/** What is held, and where it is noted. */
export interface Pinning {
  readonly write: boolean;
  readonly counts: PageCounts;
  readonly frames: Float64Array;
}

/** pinRange by both, from the same counts; answers why it stopped. */
export function samePin(flavour: Flavour, mm: Mm, { start, end }: Range, pinning: Pinning): string {
  const { engine, stepper, reads } = flavour;
  const { counts, frames } = pinning;
  const before = counts.words.slice();
  const { port, seen } = noting(mm, flavour);
  frames.fill(-1);
  const reference = run(() => pinRange(mm, start, end, { ...pinning, stepper, port }));
  const wanted: Done = { answer: reference, reads: seen, words: counts.words.slice(), frames: frames.slice() };
  counts.words.set(before);
  frames.fill(-1);
  reads.length = 0;
  const answer = run(() => pinRange(mm, start, end, { ...pinning, stepper, engine }));
  const got: Done = { answer, reads: [...reads], words: counts.words.slice(), frames: frames.slice() };
  same(`${stepper.name}: pin of ${hex(start)} to ${hex(end)}`, got, wanted);
  if (typeof answer === 'string') return 'thrown';
  return answer.stop ? ('rule' in answer.stop ? answer.stop.rule : answer.stop.kind) : 'whole';
}
