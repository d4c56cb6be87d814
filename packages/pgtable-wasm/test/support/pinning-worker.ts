/** A thread that pins one range over and over, on memory that it shares, and gives nothing back. */
import { parentPort, workerData } from 'node:worker_threads';
import { x86 } from '@kernel-mm/arch-generic';
import { flatMemory, mmFromTable, type Pfn, paddr, vaddr } from '@kernel-mm/pgtable-core';
import { compile, type WasmMemory } from '../../src/index.ts';

/** What the thread is told. */
export interface PinningWork {
  readonly wasm: WasmMemory;
  readonly pgd: bigint;
  readonly start: bigint;
  readonly pages: number;
  readonly first: number;
  readonly words: number;
  readonly frames: number;
  readonly turns: number;
}

const { wasm, pgd, start, pages, first, words, frames, turns } = workerData as PinningWork;
const arch = x86({ paging: '4-level' });
const walker = compile(arch, { loads: 'atomic', counts: 'cas' }).walker(
  mmFromTable(arch, flatMemory(wasm), paddr(pgd)),
);
const counts = { words: new Int32Array(wasm.buffer, words, pages), first: first as Pfn };
const list = new Float64Array(wasm.buffer, frames, pages);
let taken = 0;
for (let turn = 0; turn < turns; turn++) {
  const end = vaddr(start + BigInt(pages) * 4096n);
  taken += walker.pinRange(vaddr(start), end, { write: true, counts, frames: list }).pages;
}
parentPort?.postMessage(taken);
