/** One space of tables, walked by the reference engine and by a compiled one: the same calls, the same answers. */
import { x86 } from '@kernel-mm/arch-generic';
import { formatStop, pinRange } from '@kernel-mm/gup-fast';
import {
  bumpAllocator,
  createMm,
  flatMemory,
  lookup,
  map,
  paddr,
  pfnOf,
  translateMany,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { compile, room, wasmMemory } from '@kernel-mm/pgtable-wasm';

// #region compiled
const arch = x86({ paging: '4-level' });
const wasm = wasmMemory({ bytes: 2 ** 20 }); // or { image }: the bytes that you have
const tables = bumpAllocator(paddr(0x1000n), paddr(0x10_0000n));
const mm = createMm(arch, flatMemory(wasm), tables)!;
const prot = { read: true, write: true, exec: false, user: true };
map(mm, tables, { addr: vaddr(0x40_0000n), paddr: paddr(0x8000n), size: 0x4000n, prot });

const engine = compile(arch);
const addrs = BigUint64Array.of(0x40_0123n, 0x40_2123n, 0x40_4123n);
for (const by of [undefined, engine]) {
  const found = new BigUint64Array(3);
  translateMany(mm, addrs, found, by);
  console.log(`${by?.name ?? 'reference'} ${[...found].map((at) => `0x${at.toString(16)}`).join(' ')}`);
}
console.log(lookup(mm, vaddr(0x40_4123n), engine).kind); // why the last one has no address
// #endregion compiled

// #region pin
const at = room(wasm, 0x1_0000); // what is pinned is counted in the same memory
const counts = { words: new Int32Array(wasm.buffer, at, 64).fill(1), first: pfnOf(paddr(0n), 12) };
const frames = new Float64Array(wasm.buffer, at + 0x1000, 8);
const answer = pinRange(mm, vaddr(0x40_0000n), vaddr(0x40_8000n), { write: true, counts, frames, engine });
console.log(`${answer.pages} pages: ${[...frames.subarray(0, answer.pages)].join(' ')}`);
if (answer.stop) console.log(formatStop(answer.stop));
// #endregion pin
