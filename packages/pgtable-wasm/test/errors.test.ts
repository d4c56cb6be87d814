/** What an engine cannot walk it says, each by its code; and where it can, nothing that happens to memory makes it wrong. */
import { armLpae, x86 } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import { countRange, pinRange, VARIANTS } from '@kernel-mm/gup-fast';
import {
  bumpAllocator,
  createMm,
  flatMemory,
  lookup,
  type Mm,
  map,
  type Pfn,
  paddr,
  sparseMemory,
  translateMany,
  UsageError,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type CompileOptions, compile, room, type WasmMemory, wasmMemory } from '../src/index.ts';

const arch = x86({ paging: '4-level' });
const START = vaddr(0x40_0000n);
const PROT = { read: true, write: true, exec: true, user: true };

/** 16 pages in memory of its own. */
function space(options: { shared?: boolean; maximum?: number } = {}): { mm: Mm; wasm: WasmMemory } {
  const wasm = wasmMemory({ bytes: 2 ** 18, ...options });
  const allocator = bumpAllocator(paddr(0x1000n), paddr(2n ** 18n));
  const mm = createMm(arch, flatMemory(wasm), allocator);
  if (!mm) throw new Error('no memory');
  map(mm, allocator, { addr: START, size: 0x1_0000n, paddr: paddr(0x100_0000n), prot: PROT });
  return { mm, wasm };
}

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return error instanceof UsageError ? error.code : `no UsageError: ${String(error)}`;
  }
  return 'nothing was refused';
};

describe('refused', () => {
  const engine = compile(arch);
  const { mm } = space();

  test('memory that is no WebAssembly.Memory', () => {
    const plain = { ...mm, memory: flatMemory(new ArrayBuffer(4096)) };
    expect(codeOf(() => lookup(plain, START, engine))).toBe('engine');
  });
  test('another architecture, or the same one defined anew', () => {
    expect(codeOf(() => engine.walker({ ...mm, arch: armLpae() }))).toBe('engine');
    expect(codeOf(() => engine.walker({ ...mm, arch: x86({ paging: '4-level' }) }))).toBe('engine');
  });
  test('arrays of other elements, and addresses that are none', () => {
    const { mm: own, wasm } = space();
    const walker = engine.walker(own);
    const words = new Int32Array(wasm.buffer, 0, 8);
    const frames = new Float64Array(wasm.buffer, 64, 8);
    const floats = frames as unknown as BigUint64Array;
    const first = 0 as Pfn;
    expect(codeOf(() => walker.translateMany(floats, floats))).toBe('argument');
    expect(codeOf(() => translateMany(own, floats, floats))).toBe('argument');
    for (const counts of [
      { words: frames, first },
      { words, first: 0.5 },
    ] as never[])
      expect(codeOf(() => walker.pinRange(START, START, { write: true, counts, frames }))).toBe('argument');
    for (const addr of [4096, '0x1000', undefined, null, {}] as never[])
      for (const call of [
        () => walker.translate(addr),
        () => walker.lookup(addr),
        () => walker.countRange(addr, START),
        () => walk(own, addr),
        () => lookup(own, addr),
        () => countRange(own, addr, START),
      ])
        expect(codeOf(call)).toBe('address-range');
  });
  test('walkers of one sparse memory share its directory', () => {
    const wasm = wasmMemory({ bytes: 2 ** 16 });
    const pieces = [
      { at: 0n, length: 4096, offset: 0 },
      { at: 0x3fff_0000_0000n, length: 4096, offset: 4096 },
    ];
    const memory = sparseMemory(wasm, pieces);
    const made = Array.from({ length: 63 }, () => {
      engine.walker({ arch, memory, pgd: paddr(0n) });
      return wasm.buffer.byteLength;
    });
    expect(new Set(made).size).toBe(1);
  });
  test('a form that was not compiled, and a stepper that has none', () => {
    const { stepper } = VARIANTS.stackCopy;
    expect(codeOf(() => countRange(mm, START, vaddr(START + 4096n), { engine, stepper }))).toBe('engine');
    const { form: _, ...bare } = VARIANTS.offsetLocklessStrict.stepper;
    expect(codeOf(() => countRange(mm, START, vaddr(START + 4096n), { engine, stepper: bare }))).toBe('engine');
  });
  test('a top level that cannot be one', () => {
    expect(codeOf(() => compile(arch, { top: 'pmd' }))).toBe('argument');
    expect(compile(s390(), { top: 'pmd' }).name).toBe('wasm');
  });
  test('ranges that are none, and budgets', () => {
    const walker = engine.walker(mm);
    expect(codeOf(() => walker.countRange(vaddr(START + 1n), vaddr(START + 4096n)))).toBe('range-unaligned');
    expect(codeOf(() => walker.countRange(vaddr(START + 4096n), START))).toBe('range-reversed');
    expect(codeOf(() => walker.countRange(START, START, -1))).toBe('argument');
    expect(walker.countRange(START, START)).toEqual({ pages: 0, strays: 0 });
  });
  test('a list of answers that is shorter than that of questions', () => {
    expect(codeOf(() => translateMany(mm, new BigUint64Array(2), new BigUint64Array(1), engine))).toBe('argument');
    expect(codeOf(() => engine.walker(mm).translateMany(new BigUint64Array(2), new BigUint64Array(1)))).toBe(
      'argument',
    );
  });
  test('counts and frames that lie elsewhere', () => {
    const { mm: own, wasm } = space();
    const at = room(wasm, 4096);
    const here = { words: new Int32Array(wasm.buffer, at, 16), first: 0x1000 as Pfn };
    const there = { words: new Int32Array(16), first: 0x1000 as Pfn };
    const pin = (counts: typeof here, frames: Float64Array): unknown =>
      pinRange(own, START, vaddr(START + 4096n), { write: false, counts, frames, engine });
    expect(codeOf(() => pin(there, new Float64Array(wasm.buffer, at + 64, 4)))).toBe('engine');
    expect(codeOf(() => pin(here, new Float64Array(4)))).toBe('engine');
  });
  test('a sparse memory whose pieces are no whole frames, or lie too high', () => {
    const wasm = wasmMemory({ bytes: 2 ** 16 });
    const pieces = (at: bigint, length: number) => [
      { at: 0n, length: 4096, offset: 0 },
      { at, length, offset: 8192 },
    ];
    const of = (at: bigint, length: number): Mm => ({ ...mm, memory: sparseMemory(wasm, pieces(at, length)) });
    expect(codeOf(() => engine.walker(of(0x1_0000n, 4000)))).toBe('engine');
    expect(codeOf(() => engine.walker(of(0x1_0800n, 4096)))).toBe('engine');
    expect(codeOf(() => engine.walker(of(1n << 60n, 4096)))).toBe('engine');
    const fitting = of(0x1_0000n, 4096);
    expect(engine.walker(fitting).lookup(START)).toEqual(walk(fitting, START).result);
  });
  test('sparse memory that has no room for a directory', () => {
    const wasm = wasmMemory({ bytes: 2 ** 16, shared: true, maximum: 2 ** 16 });
    const memory = sparseMemory(
      wasm,
      [0, 2].map((n) => ({ at: BigInt(n * 4096), length: 4096, offset: n * 4096 })),
    );
    expect(codeOf(() => engine.walker({ ...mm, memory }))).toBe('engine');
    expect(codeOf(() => room(wasm, 1))).toBe('engine');
  });
  test('atomic loads of what is not aligned', () => {
    const atomic = compile(arch, { loads: 'atomic' });
    expect(codeOf(() => atomic.walker({ ...mm, pgd: paddr(0x1004n) }))).toBe('memory-layout');
    const odd = sparseMemory(wasmMemory({ bytes: 2 ** 16 }), [{ at: 0n, length: 8192, offset: 4 }]);
    expect(codeOf(() => atomic.walker({ ...mm, memory: odd }))).toBe('memory-layout');
  });
  test('a top table that would pass 2^64', () => {
    expect(codeOf(() => engine.walker({ ...mm, pgd: paddr(2n ** 64n - 2048n) }))).toBe('engine');
  });
});

describe('platforms', () => {
  afterEach(() => void vi.unstubAllGlobals());

  test('without WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(codeOf(() => compile(arch))).toBe('engine');
  });
  test('that forbid to compile it, as a content security policy does', () => {
    const Module = function refuse(): never {
      throw new Error('disallowed by embedder');
    };
    vi.stubGlobal('WebAssembly', { Module });
    expect(codeOf(() => compile(arch))).toBe('engine');
  });
  test('without SharedArrayBuffer, a page that is not isolated: plain memory is walked all the same', () => {
    const { mm } = space();
    vi.stubGlobal('SharedArrayBuffer', undefined);
    for (const loads of ['plain', 'atomic'] as const)
      expect(lookup(mm, START, compile(arch, { loads }))).toEqual(walk(mm, START).result);
  });
  test('that have no memory left', () => {
    expect(codeOf(() => wasmMemory({ bytes: 2 ** 40 }))).toBe('engine');
  });
});

describe('memory that grows under a walker', () => {
  const page = 4096n;
  test.each([
    ['not shared', {}, {}],
    ['shared', { shared: true, maximum: 2 ** 20 }, { loads: 'atomic', counts: 'cas' } as CompileOptions],
  ])('%s: the same answers, and arrays that it took along are asked for anew', (_, how, options) => {
    const { mm, wasm } = space(how);
    const engine = compile(arch, options);
    const walker = engine.walker(mm);
    const before = [0n, 15n, 16n].map((n) => walker.translate(vaddr(START + n * page)));
    const at = room(wasm, 4096);
    const after = [0n, 15n, 16n].map((n) => walker.translate(vaddr(START + n * page)));
    expect(after).toEqual(before);
    expect(after).toEqual([0x100_0000n, 0x100_f000n, undefined]);
    expect(walk(mm, START).result).toEqual(walker.lookup(START));
    const arrays = () => ({
      counts: { words: new Int32Array(wasm.buffer, at, 16).fill(1), first: 0x1000 as Pfn },
      frames: new Float64Array(wasm.buffer, at + 64, 16),
    });
    const held = arrays();
    const end = vaddr(START + 2n * page);
    expect(walker.pinRange(START, end, { write: true, ...held }).pages).toBe(2);
    room(wasm, 4096);
    // Arrays of a buffer that is gone are empty: they are refused. Those of a shared one still are what they were.
    const again = codeOf(() => walker.pinRange(START, end, { write: true, ...held }));
    expect(again).toBe('shared' in how ? 'nothing was refused' : 'engine');
    expect(walker.pinRange(START, end, { write: true, ...arrays() })).toEqual({ pages: 2, strays: 0 });
  });
});

test('the physical address 0 is an address', () => {
  const wasm = wasmMemory({ bytes: 2 ** 18 });
  const allocator = bumpAllocator(paddr(0x1000n), paddr(2n ** 18n));
  const mm = createMm(arch, flatMemory(wasm), allocator)!;
  map(mm, allocator, { addr: START, size: 4096n, paddr: paddr(0n), prot: PROT });
  const walker = compile(arch).walker(mm);
  expect(walker.translate(START)).toBe(0n);
  expect(walker.translate(vaddr(START + 1n))).toBe(1n);
  expect(walker.translate(vaddr(START - 1n))).toBeUndefined();
});
