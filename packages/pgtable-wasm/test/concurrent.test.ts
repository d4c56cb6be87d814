/** Another thread at the same memory: no entry is ever half of one and half of another, and no reference is lost. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { x86 } from '@kernel-mm/arch-generic';
import {
  bumpAllocator,
  createMm,
  flatMemory,
  type Mm,
  map,
  type Pfn,
  paddr,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { compile, room, type WasmMemory, wasmMemory } from '../src/index.ts';
import type { PinningWork } from './support/pinning-worker.ts';

const arch = x86({ paging: '4-level' });
const START = vaddr(0x40_0000n);
const PROT = { read: true, write: true, exec: true, user: true };
/** Two frames of which no half is the same. */
const FRAMES = [0x0001_1111_2222_2000n, 0x000e_eeee_dddd_d000n] as const;

function space(pages: number): { mm: Mm; wasm: WasmMemory } {
  const wasm = wasmMemory({ bytes: 2 ** 18, shared: true, maximum: 2 ** 22 });
  const allocator = bumpAllocator(paddr(0x1000n), paddr(2n ** 18n));
  const mm = createMm(arch, flatMemory(wasm), allocator);
  if (!mm) throw new Error('no memory');
  const size = BigInt(pages) * 4096n;
  const { failure } = map(mm, allocator, { addr: START, size, paddr: paddr(FRAMES[0]), prot: PROT, largest: 'pte' });
  if (failure) throw new Error(failure.kind);
  return { mm, wasm };
}

/** A thread that stores each value in turn, one whole word at a time, until word 0 of `control` is not 0. */
function writer(buffer: SharedArrayBuffer, at: bigint, values: readonly bigint[]): { stop(): Promise<number> } {
  const control = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { workerData: { buffer, index, values, control } } = require('node:worker_threads');
    const words = new BigUint64Array(buffer);
    while (Atomics.load(control, 0) === 0) for (const value of values) Atomics.store(words, index, value);`;
  const worker = new Worker(code, { eval: true, workerData: { buffer, index: Number(at / 8n), values, control } });
  return {
    stop() {
      Atomics.store(control, 0, 1);
      return new Promise((resolve) => worker.once('exit', resolve));
    },
  };
}

function flipping(): { mm: Mm; wasm: WasmMemory; slot: bigint; entries: readonly [bigint, bigint] } {
  const { mm, wasm } = space(1);
  const { result } = walk(mm, START);
  if (result.kind !== 'leaf') throw new Error(result.kind);
  const flags = result.entry ^ FRAMES[0];
  return { mm, wasm, slot: result.slot.addr, entries: [flags | FRAMES[0], flags | FRAMES[1]] };
}

const LONG = 60_000;

/** Calls `look` until the thread has shown all of `seen` often enough; a thread that never runs is a failure. */
function until(seen: () => boolean, look: () => void): void {
  const start = performance.now();
  for (let n = 0; n < 300_000 || !seen(); n++) {
    look();
    if (n % 1024 === 0 && performance.now() - start > LONG) throw new Error('the other thread was not seen');
  }
}

test('an entry that another thread flips and clears is one of the two, or none: never half of each', async () => {
  const { mm, wasm, slot, entries } = flipping();
  const at = room(wasm, 4096);
  const walker = compile(arch, { loads: 'atomic', counts: 'cas' }).walker(mm);
  const lists = [0, 1].map((n) => new BigUint64Array(wasm.buffer, at + 512 * n, 32));
  lists[0]!.fill(START);
  const other = writer(wasm.buffer as SharedArrayBuffer, slot, [...entries, 0n]);
  const allowed = new Set<bigint | undefined>([...FRAMES, undefined, 2n ** 64n - 1n]);
  const seen = new Set<bigint | undefined>();
  const note = (frame: bigint | undefined): void => {
    if (!allowed.has(frame)) throw new Error(`a torn entry: 0x${frame?.toString(16)}`);
    seen.add(frame);
  };
  try {
    until(
      () => seen.has(FRAMES[0]) && seen.has(FRAMES[1]) && seen.has(undefined),
      () => {
        note(walker.translate(START));
        walker.translateMany(lists[0]!, lists[1]!);
        note(lists[1]![31]);
      },
    );
  } finally {
    await other.stop();
  }
  expect(seen.size).toBe(4);
});

test('a reader of two plain halves is seen to tear: the test above can fail', async () => {
  const { wasm, slot, entries } = flipping();
  const other = writer(wasm.buffer as SharedArrayBuffer, slot, entries);
  const halves = new Uint32Array(wasm.buffer);
  const index = Number(slot / 4n);
  let torn = 0;
  try {
    until(
      () => torn > 0,
      () => {
        const entry = (BigInt(halves[index + 1]!) << 32n) | BigInt(halves[index]!);
        if (entry !== entries[0] && entry !== entries[1]) torn++;
      },
    );
  } finally {
    await other.stop();
  }
  expect(torn).toBeGreaterThan(0);
});

test('a pin of a page whose entry another thread changes is given back, or is of the entry that is there', async () => {
  const { mm, wasm, slot, entries } = flipping();
  const at = room(wasm, 4096);
  const walker = compile(arch, { loads: 'atomic', counts: 'cas' }).walker(mm);
  // One frame has a count, and the other none: what is pinned can only be the first.
  const first = Number(FRAMES[0] >> 12n) as Pfn;
  const words = new Int32Array(wasm.buffer, at, 1).fill(1);
  const frames = new Float64Array(wasm.buffer, at + 64, 1);
  const other = writer(wasm.buffer as SharedArrayBuffer, slot, [...entries, 0n]);
  const why = new Set<string>();
  let pinned = 0;
  try {
    until(
      () => pinned > 1000 && why.has('no-page') && why.has('not-present') && why.has('changed'),
      () => {
        const { pages, stop } = walker.pinRange(START, vaddr(START + 4096n), {
          ...{ write: true, counts: { words, first }, frames },
        });
        pinned += pages;
        if (pages && frames[0] !== first) throw new Error(`a torn frame: ${frames[0]}`);
        if (stop) why.add('rule' in stop ? stop.rule : stop.kind);
      },
    );
  } finally {
    await other.stop();
  }
  expect(words[0]).toBe(1 + pinned);
});

test('two threads that pin the same pages lose no reference', async () => {
  const pages = 16;
  const turns = 20_000;
  const { mm, wasm } = space(pages);
  const at = room(wasm, 4096);
  const first = Number(FRAMES[0] >> 12n);
  const words = new Int32Array(wasm.buffer, at, pages).fill(1);
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'support', 'pinning-worker.ts')],
    ...{ bundle: true, write: false, platform: 'node', format: 'cjs', conditions: ['@kernel-mm/source'] },
  });
  const work = (n: number): PinningWork => ({
    ...{ wasm, pgd: mm.pgd, start: START, pages, first, turns },
    ...{ words: at, frames: at + 1024 * (n + 1) },
  });
  const taken = await Promise.all(
    [0, 1].map(
      (n) =>
        new Promise<number>((resolve, reject) => {
          const worker = new Worker(outputFiles[0]!.text, { eval: true, workerData: work(n) });
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    ),
  );
  expect(taken).toEqual([pages * turns, pages * turns]);
  expect([...words]).toEqual(Array.from({ length: pages }, () => 1 + 2 * turns));
});
