/** Large address spaces in a WebAssembly memory: tables in real format, and room for what walks need beside them. */
import {
  type Arch,
  bumpAllocator,
  createMm,
  flatMemory,
  type Level,
  type Mm,
  makeLeaf,
  map,
  type Pfn,
  paddr,
  type Vaddr,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { room, type WasmMemory, wasmMemory } from '@kernel-mm/pgtable-wasm';

/** What to build. */
export interface SpaceOptions {
  readonly arch: Arch;
  readonly top: Level;
  /** How many pages are mapped, one after the other. */
  readonly pages: number;
  /** Whether the frames are in no order, as those of a long-running machine. */
  readonly scattered?: boolean;
  /** Whether threads may share it. */
  readonly shared?: boolean;
}

/** An address space of so many pages, every one of its own frame, and arrays in the same memory. */
export interface Space {
  readonly mm: Mm;
  readonly wasm: WasmMemory;
  readonly start: Vaddr;
  readonly pages: number;
  /** The tables end before this byte; the arrays begin at the other. */
  readonly tableBytes: number;
  readonly at: number;
  /** One count for each frame, 1 to begin with. */
  readonly counts: { readonly words: Int32Array; readonly first: Pfn };
  /** Room for questions and for answers. */
  readonly addrs: BigUint64Array;
  readonly paddrs: BigUint64Array;
  readonly frames: Float64Array;
}

/** So many addresses are asked for at a time. */
export const LIST: number = 2 ** 16;
/** The longest range. */
const LONGEST = 2 ** 20;
const TABLES = 0x1_0000n;
const FIRST: Pfn = (2 ** 20) as Pfn;
const PROT = { read: true, write: true, exec: false, user: true };

/** Builds it: the upper tables by core's `map`, the ptes at once. */
export function buildSpace({ arch, top, pages, scattered = true, shared = false }: SpaceOptions): Space {
  const { pte, pmd } = arch.geometry;
  const perTable = Number(pmd.size / pte.size);
  const tables = Math.ceil(pages / perTable) + 1;
  const bytes = tables * (Math.max(pte.tableBytes, 4096) + 64) + 2 ** 21;
  const extra = 4 * pages + 16 * LIST + 8 * LONGEST + 2 ** 18;
  const wasm = wasmMemory({ bytes, shared, maximum: Math.min(bytes + extra + 2 ** 24, 2 ** 32) });
  const at = room(wasm, extra);
  const allocator = bumpAllocator(paddr(TABLES), paddr(BigInt(bytes)));
  const mm = createMm(arch, flatMemory(wasm), allocator, top);
  if (!mm) throw new Error(`${arch.id}: no memory for a top table`);

  const start = vaddr(pmd.size * 2n);
  const frames = order(pages, scattered);
  for (let n = 0; n < pages; n += perTable) {
    const addr = vaddr(start + BigInt(n) * pte.size);
    const first = paddr(BigInt(FIRST + frames(n)) * pte.size);
    const { failure } = map(mm, allocator, { addr, size: pte.size, paddr: first, prot: PROT, largest: 'pte' });
    if (failure) throw new Error(`${arch.id}: ${failure.kind}`);
    fill(mm, wasm, addr, Math.min(perTable, pages - n), (k) => FIRST + frames(n + k));
  }
  return {
    ...{ mm, wasm, start, pages, tableBytes: bytes, at },
    counts: { words: new Int32Array(wasm.buffer, at + 16 * LIST + 8 * LONGEST, pages).fill(1), first: FIRST },
    addrs: new BigUint64Array(wasm.buffer, at, LIST),
    paddrs: new BigUint64Array(wasm.buffer, at + 8 * LIST, LIST),
    frames: new Float64Array(wasm.buffer, at + 16 * LIST, LONGEST),
  };
}

/** A bijection on [0, pages): the n-th page's frame. An odd multiplier modulo a power of 2, which is passed through again where it leaves. */
function order(pages: number, scattered: boolean): (n: number) => number {
  if (!scattered) return (n) => n;
  const mask = 2 ** Math.ceil(Math.log2(Math.max(pages, 2))) - 1;
  const step = (n: number): number => Math.imul(n, 0x9e3779b1) & mask;
  return (n) => {
    let at = step(n);
    while (at >= pages) at = step(at);
    return at;
  };
}

/** The ptes of one table, from that of `addr` on: the first one with other frames. */
function fill(mm: Mm, wasm: WasmMemory, addr: Vaddr, count: number, frameOf: (k: number) => number): void {
  const { arch } = mm;
  const { result } = walk(mm, addr);
  const page = arch.geometry.pte.size;
  const none = makeLeaf(arch, 'pte', paddr(0n), PROT);
  if (result.kind !== 'leaf' || none === undefined) throw new Error(`${arch.id}: no pte`);
  const words = new DataView(wasm.buffer, Number(result.slot.addr));
  const little = arch.spec.byteOrder === 'little';
  // Where frames are in one piece of the entry, as here, an entry is a template and a sum.
  for (let k = 0; k < count; k++)
    words.setBigUint64(k * arch.geometry.pte.slotBytes, none + BigInt(frameOf(k)) * page, little);
}
