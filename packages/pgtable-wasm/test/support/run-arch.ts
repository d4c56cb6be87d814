/** One architecture through all flavours: spaces of its own, honest and hostile, and how much was compared. */
import { type Arch, type Mm, type Pfn, type Vaddr, vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { arbitrarySpace, type Space } from '@kernel-mm/pgtable-core/testing';
import fc from 'fast-check';
import { room } from '../../src/index.ts';
import { sameCount, sameLookup, sameMany, samePin } from './compare.ts';
import { type Dice, diceOf } from './dice.ts';
import { type Flavour, flavoursOf } from './flavours.ts';
import { attack } from './hostile.ts';
import { placed } from './placed.ts';

/** How much to compare. */
export interface Amount {
  readonly spaces: number;
  readonly addrs: number;
  readonly lookups: number;
  readonly ranges: number;
}

/** How much was compared, and how ranges ended. */
export interface Compared {
  translations: number;
  ranges: number;
  readonly ends: Map<string, number>;
}

/** Counts: of many frames, from the first of a mapping on. */
const FRAMES = 1024;
const LONGEST = 700;
const EDGES = [0n, 1n << 31n, 1n << 32n, 1n << 42n, 1n << 47n, 1n << 53n, 1n << 63n, 1n << 64n];
const LENGTHS = [1, 1, 1, 2, 3, 5, 9, 20];

/** No divisor of the number of flavours: few spaces meet forms from all over the list, many meet them all. */
const STRIDE = 7;

/** Compares, from some flavour on; throws at the first difference. */
export function runArch(
  arch: Arch,
  amount: Amount,
  seed: number,
  { first = 0, flavours = flavoursOf(arch) }: { readonly first?: number; readonly flavours?: readonly Flavour[] } = {},
): Compared {
  const compared: Compared = { translations: 0, ranges: 0, ends: new Map() };
  const spaces = fc.sample(arbitrarySpace(arch), { seed, numRuns: amount.spaces });
  for (const [n, space] of spaces.entries()) {
    const flavour = flavours[(first + n * STRIDE) % flavours.length] as Flavour;
    runSpace(flavour, space, amount, diceOf(seed + n), compared);
  }
  return compared;
}

function runSpace(flavour: Flavour, space: Space, amount: Amount, dice: Dice, compared: Compared): void {
  const { bytes } = space.mm.memory;
  const image = new Uint8Array(bytes as ArrayBuffer);
  const { memory, wasm } = placed(image, flavour.lie, flavour.shared);
  const { root, ...rest } = space.mm;
  // With its register, without one, and with one that names another level or none.
  const wrong = dice.below(8) === 0 ? { root: dice.word() } : dice.below(3) ? { root: root ?? 0n } : {};
  const mm: Mm = { ...rest, ...wrong, memory };
  if (dice.below(2)) attack(mm, space, dice);
  flavour.engine.walker(mm, flavour.stepper.form);
  const at = room(wasm, 8 * amount.addrs + 4 * FRAMES + 8 * LONGEST);
  const list = new BigUint64Array(wasm.buffer, at, amount.addrs);
  const words = new Int32Array(wasm.buffer, at + 8 * amount.addrs, FRAMES);
  const frames = new Float64Array(wasm.buffer, at + 8 * amount.addrs + 4 * FRAMES, LONGEST);

  const addrs = BigUint64Array.from({ length: amount.addrs }, () => target(space, dice));
  sameMany(flavour, mm, addrs, list);
  for (const addr of addrs.subarray(0, amount.lookups)) sameLookup(flavour, mm, addr as Vaddr);
  compared.translations += amount.addrs;

  for (let n = 0; n < amount.ranges; n++) {
    const range = rangeOf(space, dice);
    sameCount(flavour, mm, range, dice.below(4) ? LONGEST : dice.below(12));
    for (const write of [true, false]) {
      words.fill(1);
      for (let k = 0; k < 12; k++) words[dice.below(FRAMES)] = [0, -5, 2 ** 31 - 1, 2 ** 31 - 3][k % 4] as number;
      const first = firstFrame(space, dice);
      const room = dice.below(4) ? frames : frames.subarray(0, dice.below(12));
      const end = samePin(flavour, mm, range, { write, counts: { words, first }, frames: room });
      compared.ends.set(end, (compared.ends.get(end) ?? 0) + 1);
    }
    compared.ranges += 3;
  }
}

const some = ({ mappings }: Space, dice: Dice) => mappings[dice.below(mappings.length)]!;

/** Mapped addresses and those about them, the edges of the space, and anything. */
function target(space: Space, dice: Dice): bigint {
  const page = space.mm.arch.geometry.pte.size;
  const near = BigInt(dice.below(40) - 8) * page + BigInt(dice.below(4096));
  const kind = dice.below(8);
  if (kind === 0) return dice.word();
  if (kind === 1) return BigInt.asUintN(64, EDGES[dice.below(EDGES.length)]! + near);
  const { addr, size } = some(space, dice);
  return BigInt.asUintN(64, kind < 6 ? addr + (dice.word() % size) : addr + (dice.below(2) ? size : 0n) + near);
}

function rangeOf(space: Space, dice: Dice): { start: Vaddr; end: Vaddr } {
  const page = space.mm.arch.geometry.pte.size;
  const { addr, size } = some(space, dice);
  const pages = dice.below(100) ? LENGTHS[dice.below(LENGTHS.length)]! : dice.below(900);
  const from = addr + (dice.below(3) ? (dice.word() % size) & -page : BigInt(dice.below(12) - 6) * page);
  // Once in a while a range that is none.
  const off = dice.below(50) ? 0n : 1n;
  const start = vaddrWrap(from);
  return { start, end: dice.below(60) ? vaddrWrap(from + BigInt(pages) * page + off) : vaddr(addr) };
}

function firstFrame({ mm, mappings }: Space, dice: Dice): Pfn {
  const { paddr } = mappings[dice.below(mappings.length)]!;
  return Math.max(0, Number(paddr >> BigInt(mm.arch.spec.pageShift)) - dice.below(64)) as Pfn;
}
