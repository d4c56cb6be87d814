/** One definition, asked everything by every reading: they answer alike, and throw nothing but typed errors. */
import { VARIANTS } from '@kernel-mm/gup-fast';
import {
  type Arch,
  ArchError,
  type ArchSpec,
  bumpAllocator,
  createMm,
  defineArch,
  explainResult,
  flatMemory,
  LEVELS,
  type Level,
  linuxMmu,
  type Machine,
  type Mm,
  machine,
  makeLeaf,
  makeTable,
  map,
  type Paddr,
  type Pfn,
  paddr,
  pictureOf,
  protect,
  ranges,
  sparseMemory,
  translate,
  UsageError,
  unmap,
  type Vaddr,
  vaddr,
  vaddrWrap,
  walk,
} from '@kernel-mm/pgtable-core';
import { compile, room, wasmMemory } from '../../../src/index.ts';
import { sameCount, sameLookup, sameMany, samePin } from '../compare.ts';
import { type Dice, diceOf } from '../dice.ts';
import type { Flavour } from '../flavours.ts';
import { definitionOf } from './definition.ts';
import { tapeOf } from './tape.ts';

/** How much was done. */
export interface Tally {
  definitions: number;
  accepted: number;
  lookups: number;
  ranges: number;
  /** Calls that a typed error refused, of a definition that was accepted. */
  refused: number;
}

const BYTES = 0x1_0000;
const FRAME = 4096;
const COUNTS = 256;
const LONGEST = 64;
const ADDRS = 24;

/** What a call that may be refused answers; `undefined` where it was, by a typed error. All other errors go through. */
function allowed<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof UsageError || error instanceof ArchError) return undefined;
    throw error;
  }
}

/** Runs the case that a tape says; throws where readings differ, or something bare is thrown. */
export function runCase(numbers: readonly number[], tally: Tally): void {
  const tape = tapeOf(numbers);
  const seed = tape.below(2 ** 16);
  runDefinition(definitionOf(tape), seed, tally);
}

/** Defines it, and where that is accepted asks all readings. */
export function runDefinition(spec: ArchSpec, seed: number, tally: Tally): void {
  tally.definitions++;
  const arch = allowed(() => defineArch(spec));
  if (!arch) return;
  tally.accepted++;
  const dice = diceOf(seed);
  const third = allowed(() => machine(linuxMmu(arch)));
  for (let n = 0; n < 2; n++) {
    const flavour = allowed(() => flavourOf(arch, dice));
    if (
      !flavour ||
      allowed(() => {
        runSpace(flavour, third, dice, tally);
        return true;
      }) === undefined
    )
      tally.refused++;
  }
}

function flavourOf(arch: Arch, dice: Dice): Flavour {
  const { stepper } = Object.values(VARIANTS)[dice.below(Object.keys(VARIANTS).length)]!;
  const reads: bigint[] = [];
  const neighbour = (['same', 'garbage', 'zero', 'poison'] as const)[dice.below(4)]!;
  const [loads, counts] = [dice.below(2) ? 'plain' : 'atomic', dice.below(2) ? 'plain' : 'cas'] as const;
  const onRead = (at: bigint): void => void reads.push(at);
  const engine = compile(arch, { loads, counts, form: stepper.form!, neighbour, onRead });
  return { stepper, neighbour, loads, counts, engine, reads, lie: 'flat', shared: false };
}

function runSpace(flavour: Flavour, third: Machine | undefined, dice: Dice, tally: Tally): void {
  const { arch } = flavour.engine;
  const wasm = wasmMemory({ bytes: BYTES });
  // Every second frame, or all of them.
  const frames = Array.from({ length: BYTES / FRAME / 2 }, (_, n) => ({
    at: BigInt(2 * n * FRAME),
    length: FRAME,
    offset: (BYTES / FRAME - 1 - n) * FRAME,
  }));
  const memory = dice.below(4) ? flatMemory(wasm) : sparseMemory(wasm, frames);
  const tops = LEVELS.filter((level) => arch.spec.root.tops[level]);
  const tables = bumpAllocator(paddr(0x1000n), paddr(BigInt(BYTES)));
  const mm = createMm(arch, memory, tables, tops[dice.below(tops.length)]!);
  if (!mm) return;
  flavour.engine.walker(mm, flavour.stepper.form);
  const at = room(wasm, 8 * ADDRS + 4 * COUNTS + 8 * LONGEST);
  const list = new BigUint64Array(wasm.buffer, at, ADDRS);
  const words = new Int32Array(wasm.buffer, at + 8 * ADDRS, COUNTS);
  const pins = new Float64Array(wasm.buffer, at + 8 * ADDRS + 4 * COUNTS, LONGEST);
  const state: Asked = { flavour, third, mm, dice, tally, list, words, pins };
  // A space as it is built; then with pages mapped, taken away and made other; then as an enemy leaves it.
  ask(state);
  for (let n = 0; n < 3; n++) allowed(() => change(state, tables));
  ask(state);
  for (let n = 0; n < 2; n++) {
    scribble(mm, dice);
    ask(state);
  }
}

interface Asked {
  readonly flavour: Flavour;
  readonly third: Machine | undefined;
  readonly mm: Mm;
  readonly dice: Dice;
  readonly tally: Tally;
  readonly list: BigUint64Array;
  readonly words: Int32Array;
  readonly pins: Float64Array;
}

const page = ({ arch }: Mm): bigint => arch.geometry.pte.size;

/** An address that tables may translate: near the start, near the borders of slots, or any. */
function addressIn(mm: Mm, dice: Dice): Vaddr {
  const { shift, bits } = mm.arch.geometry.pgd;
  const inside = BigInt.asUintN(Math.min(64, shift + bits), dice.word());
  const size = mm.arch.geometry[LEVELS[dice.below(5)]!].size;
  return vaddrWrap([inside, inside, dice.word(), (inside & -size) - BigInt(dice.below(3)), -inside][dice.below(5)]!);
}

function change({ mm, dice }: Asked, tables: ReturnType<typeof bumpAllocator>): void {
  const bytes = page(mm);
  const addr = vaddrWrap(addressIn(mm, dice) & -bytes);
  const size = BigInt(1 + dice.below(20)) * bytes;
  const prot = { read: true, write: dice.below(2) === 0, exec: true, user: true };
  const target = paddr((BigInt(dice.below(64)) * bytes) as bigint);
  const largest = LEVELS[dice.below(5)] as Level;
  const done = map(mm, tables, { addr, paddr: target, size, prot, largest });
  if (dice.below(2)) protect(mm, addr, size, { ...prot, write: !prot.write });
  if (dice.below(3) === 0) unmap(mm, addr, done.size || bytes);
}

/** Entries of every level and words without sense, where tables lie and elsewhere. */
function scribble(mm: Mm, dice: Dice): void {
  const { arch, memory } = mm;
  const prot = { read: true, write: true, exec: true, user: true };
  for (let n = 0; n < 500; n++) {
    const level = LEVELS[dice.below(5)]!;
    const target = paddr(BigInt(dice.below(BYTES)) & -(1n << BigInt(dice.below(14))));
    const made = dice.below(3)
      ? level === 'pte'
        ? undefined
        : allowed(() => makeTable(arch, level, target))
      : allowed(() => makeLeaf(arch, level, target, prot));
    const raw =
      made === undefined || dice.below(8) === 0
        ? dice.word()
        : made ^ (dice.below(6) ? 0n : 1n << BigInt(dice.below(64)));
    const at = BigInt(dice.below(dice.below(2) ? BYTES : 0x2000)) & -BigInt(arch.entryBytes);
    memory.write(at as Paddr, arch.entryBytes, arch.spec.byteOrder, raw);
  }
}

function ask({ flavour, third, mm, dice, tally, list, words, pins }: Asked): void {
  const addrs = BigUint64Array.from({ length: ADDRS }, () => addressIn(mm, dice));
  sameMany(flavour, mm, addrs, list);
  for (const addr of addrs) {
    sameLookup(flavour, mm, addr as Vaddr);
    sameThird(third, mm, addr as Vaddr);
    tally.lookups++;
  }
  pictureOf(mm, walk(mm, addrs[0] as Vaddr));
  if (third) sameRanges(third, mm, dice);
  for (let n = 0; n < 6; n++) {
    const start = vaddrWrap(addressIn(mm, dice) & -page(mm));
    const end = vaddrWrap(start + BigInt(dice.below(40)) * page(mm));
    sameCount(flavour, mm, { start, end }, dice.below(LONGEST));
    words.fill(1);
    for (let k = 0; k < 8; k++) words[dice.below(COUNTS)] = [0, -5, 2 ** 31 - 1, 2 ** 31 - 3][k % 4]!;
    const frames = pins.subarray(0, dice.below(LONGEST));
    samePin(
      flavour,
      mm,
      { start, end },
      { write: dice.below(2) === 0, counts: { words, first: dice.below(32) as Pfn }, frames },
    );
    tally.ranges += 2;
  }
}

/** The kernel's reading as an MMU, and as a walk. The register alone says how deep the tables are for an MMU. */
function sameThird(third: Machine | undefined, mm: Mm, addr: Vaddr): void {
  if (!third || (mm.arch.spec.va.extend === 'halves' && addr >> 63n)) return;
  const { result } = walk(mm, addr);
  explainResult(result);
  if (result.kind === 'root-mismatch') return;
  const got = translate(third, mm.memory, { root: mm.root!, addr, access: 'read' });
  const said = got.kind === 'address' ? `${got.paddr} of ${got.size}` : got.name;
  // PROT_NONE is a leaf for the walk, and refused by an MMU.
  const isDenied = result.kind === 'leaf' && mm.arch.rules[result.level].is.protnone?.({ entry: result.entry });
  const wanted = result.kind !== 'leaf' ? result.kind : isDenied ? 'protection' : `${result.paddr} of ${result.size}`;
  if (said !== wanted) throw new Error(`0x${addr.toString(16)}: linuxMmu ${said}, walk ${wanted}`);
}

/** What a listing finds is what a walk of its first address finds. */
function sameRanges(third: Machine, mm: Mm, dice: Dice): void {
  for (const item of ranges(third, mm.memory, mm.root!, { start: addressIn(mm, dice), budget: 300 })) {
    if (item.kind !== 'mapped' || (mm.arch.spec.va.extend === 'halves' && item.start >> 63n)) continue;
    const { result } = walk(mm, vaddr(item.start));
    if (result.kind === 'root-mismatch') continue;
    if (result.kind !== 'leaf' || result.paddr !== item.paddr)
      throw new Error(
        `0x${item.start.toString(16)}: ranges 0x${item.paddr.toString(16)}, walk ${explainResult(result)}`,
      );
  }
}
