/** Memory that is not flat and quiet: sparse images through a directory, and tables that another thread writes. */
import { Worker } from 'node:worker_threads';
import { type Mm, sparseMemory, type Vaddr, walk } from '@kernel-mm/pgtable-core';
import { compile } from '@kernel-mm/pgtable-wasm';
import { agree, type Case, type Prepared } from './case.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { buildSpace, LIST, type Space } from './space.ts';

const PAGE = 4096;
const FRAME = 4096;
const SLICE = LIST / 16;

const spread = ({ addrs, start, pages }: Space): void => {
  for (let n = 0; n < LIST; n++) addrs[n] = start + BigInt((Math.imul(n, 0x9e3779b1) >>> 0) % pages) * BigInt(PAGE);
};

/** The same list by a walker of each memory; the first is the yardstick. */
function lists(
  space: Space,
  walkers: readonly (readonly [string, { translateMany(a: BigUint64Array, b: BigUint64Array): number }])[],
): Prepared {
  const { addrs, paddrs } = space;
  const slice = (of: BigUint64Array, n: number): BigUint64Array =>
    of.subarray((n % 16) * SLICE, ((n % 16) + 1) * SLICE);
  const candidates = walkers.map(([name, walker]) => ({
    name,
    run: (n: number) => walker.translateMany(slice(addrs, n), slice(paddrs, n)) || 1,
  }));
  return { candidates };
}

/** All of them. */
export const memoryCases: readonly Case[] = SETTINGS.slice(0, 2).flatMap((setting): Case[] => [
  {
    ...{ name: `${setting.name}, 16 MiB, sparse image`, group: 'sparse', unit: 'translation' },
    prepare: () => sparse(setting),
  },
  {
    ...{ name: `${setting.name}, 16 MiB, ptes written by another thread`, group: 'writer', unit: 'translation' },
    prepare: () => written(setting),
  },
]);

function sparse({ arch, top }: Setting): Prepared {
  const space = buildSpace({ arch, top, pages: 4096 });
  spread(space);
  const flat = compile(arch).walker(space.mm);
  // Every second frame swaps places with its neighbour, so that no two are one piece.
  const bytes = new Uint8Array(space.wasm.buffer);
  const frames = Math.floor(space.tableBytes / FRAME) & ~1;
  const pieces = Array.from({ length: frames }, (_, n) => ({
    at: BigInt(n * FRAME),
    length: FRAME,
    offset: (n ^ 1) * FRAME,
  }));
  flat.translateMany(space.addrs, space.paddrs);
  const wanted = space.paddrs.slice();
  const copy = buildSpace({ arch, top, pages: 4096 });
  spread(copy);
  const image = new Uint8Array(copy.wasm.buffer);
  for (const { at, offset } of pieces) image.set(bytes.subarray(Number(at), Number(at) + FRAME), offset);
  const mm: Mm = { ...copy.mm, memory: sparseMemory(copy.wasm, pieces) };
  const walker = compile(arch).walker(mm);
  const [addrs, out] = [
    new BigUint64Array(copy.wasm.buffer, copy.at, LIST),
    new BigUint64Array(copy.wasm.buffer, copy.at + 8 * LIST, LIST),
  ];
  walker.translateMany(addrs, out);
  agree('sparse', out, wanted);
  const slice = (of: BigUint64Array, n: number): BigUint64Array =>
    of.subarray((n % 16) * SLICE, ((n % 16) + 1) * SLICE);
  const [first] = lists(space, [['flat', flat]]).candidates;
  return {
    candidates: [
      ...(first ? [first] : []),
      { name: 'sparse, two-level directory', run: (n) => walker.translateMany(slice(addrs, n), slice(out, n)) || 1 },
    ],
  };
}

function written({ arch, top }: Setting): Prepared {
  const quiet = buildSpace({ arch, top, pages: 4096, shared: true });
  const space = buildSpace({ arch, top, pages: 4096, shared: true });
  spread(quiet);
  spread(space);
  const { result } = walk(space.mm, space.start as Vaddr);
  if (result.kind !== 'leaf') throw new Error(result.kind);
  const control = new Int32Array(new SharedArrayBuffer(4));
  // The thread stores each pte of the first table as it is: the same words, whose lines move from core to core.
  const code = `
    const { workerData: { buffer, first, control } } = require('node:worker_threads');
    const words = new BigUint64Array(buffer);
    while (Atomics.load(control, 0) === 0)
      for (let n = 0; n < 256; n++) Atomics.store(words, first + n, Atomics.load(words, first + n));`;
  const workerData = { buffer: space.wasm.buffer, first: Number(result.slot.addr) / 8, control };
  const worker = new Worker(code, { eval: true, workerData });
  const of = (which: Space) => compile(arch, { loads: 'atomic' }).walker(which.mm);
  const [still] = lists(quiet, [['atomic loads, nobody writes', of(quiet)]]).candidates;
  const [busy] = lists(space, [['atomic loads, a thread writes', of(space)]]).candidates;
  return {
    candidates: [...(still ? [still] : []), ...(busy ? [busy] : [])],
    async end() {
      Atomics.store(control, 0, 1);
      await worker.terminate();
    },
  };
}
