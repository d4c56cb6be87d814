/** The yardstick answers as the reference engine does: C on the same bytes, with holes, rights and large pages. */
import { x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { pinRange, VARIANTS } from '@kernel-mm/gup-fast';
import {
  type Arch,
  bumpAllocator,
  createMm,
  flatMemory,
  type Level,
  type Mm,
  map,
  type Pfn,
  paddr,
  protect,
  translateMany,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { room, type WasmMemory, wasmMemory } from '@kernel-mm/pgtable-wasm';
import { describe, expect, test } from 'vitest';
import { type NativePin, type NativeTranslate, yardsticks } from '../src/index.ts';

const { c, addrxlat } = yardsticks();
const FULL = { read: true, write: true, exec: true, user: true };
const START = 1n << 30n;

interface Space {
  readonly mm: Mm;
  readonly wasm: WasmMemory;
  readonly at: number;
}

/** Pages with holes, one that may not be written, and large ones, from a boundary on. */
function space(arch: Arch, top: Level, large: bigint): Space {
  const wasm = wasmMemory({ bytes: 2 ** 20 });
  const allocator = bumpAllocator(paddr(0x1_0000n), paddr(2n ** 20n));
  const at = room(wasm, 2 ** 20);
  const mm = createMm(arch, flatMemory(wasm), allocator, top)!;
  const put = (from: bigint, size: bigint, to: bigint, largest: Level): void => {
    const { failure } = map(mm, allocator, { addr: vaddr(START + from), size, paddr: paddr(to), prot: FULL, largest });
    if (failure) throw new Error(failure.kind);
  };
  put(-0x8000n, 0x8000n, 1n << 24n, 'pte');
  put(0n, 0x10_000n, 1n << 25n, 'pte');
  put(0x20_000n, 0x8000n, 1n << 26n, 'pte');
  put(2n * large, 2n * large, 16n * large, 'pmd');
  protect(mm, vaddr(START + 0x24_000n), 0x1000n, { ...FULL, write: false });
  return { mm, wasm, at };
}

function* addresses(large: bigint): Generator<bigint> {
  for (let n = -12n; n < 48n; n++) yield START + n * 4096n + 77n;
  for (let n = 0n; n < 5n; n++) for (const off of [0n, 4096n, large - 1n]) yield START + n * large + off;
  yield* [0n, 1n << 41n, 1n << 47n, (1n << 47n) - 1n, 1n << 53n, 1n << 63n, 2n ** 64n - 4096n];
}

function sameTranslations({ mm, wasm, at }: Space, large: bigint, native: NativeTranslate): void {
  const addrs = BigUint64Array.from(addresses(large));
  new BigUint64Array(wasm.buffer, at, addrs.length).set(addrs);
  const wanted = new BigUint64Array(addrs.length);
  const found = translateMany(mm, addrs, wanted);
  expect(native(new Uint8Array(wasm.buffer), Number(mm.pgd), at, at + 4096, addrs.length)).toBe(found);
  expect(new BigUint64Array(wasm.buffer, at + 4096, addrs.length).slice()).toEqual(wanted);
}

function samePins({ mm, wasm, at }: Space, large: bigint, native: NativePin): void {
  const { stepper } = VARIANTS.offsetLockless;
  const first = 0 as Pfn;
  const words = new Int32Array(wasm.buffer, at + 2 ** 13, 2 ** 17);
  const frames = new Float64Array(wasm.buffer, at + 2 ** 13 + 2 ** 19, 2 ** 12);
  const starts = new BigUint64Array(wasm.buffer, at, 1);
  const limit = Number(mm.arch.spec.root.tops[mm.arch.id === 's390' ? topOf(3) : 'pgd']!.limit);
  for (const from of [-0x8000n, -0x1000n, 0n, 0xf000n, 0x20_000n, 0x23_000n, 2n * large, 3n * large - 4096n])
    for (const pages of [1, 2, 16, 40])
      for (const write of [true, false]) {
        const start = vaddr(START + from);
        starts[0] = start;
        words.fill(1);
        const wanted = pinRange(mm, start, vaddr(start + BigInt(pages) * 4096n), {
          ...{ write, stepper, counts: { words, first }, frames },
        });
        const counted = Buffer.from(words.slice().buffer);
        const list = [...frames.subarray(0, wanted.pages)];
        words.fill(1);
        const taken = native(
          ...([new Uint8Array(wasm.buffer), Number(mm.pgd), at, 1, pages * 4096, write ? 1 : 0] as const),
          ...([words.byteOffset, first, frames.byteOffset, limit] as const),
        );
        expect(taken).toBe(wanted.pages);
        expect(Buffer.from(words.slice().buffer).equals(counted)).toBe(true);
        // C stores whole numbers.
        expect([...new BigUint64Array(wasm.buffer, frames.byteOffset, taken)].map(Number)).toEqual(list);
      }
}

describe.runIf(c)('C', () => {
  const native = c!;
  const amd = space(x86({ paging: '4-level' }), 'pgd', 1n << 21n);

  test('x86-64: translations', () => sameTranslations(amd, 1n << 21n, native.translateX86));
  test.each(['pinX86', 'pinX86Cas'] as const)('x86-64: %s', (name) => samePins(amd, 1n << 21n, native[name]));

  const depths = [
    [3, 'translateS390Top1'],
    [4, 'translateS390Top2'],
    [5, 'translateS390Top3'],
  ] as const;
  test.each(depths)('s390, %i levels: translations, by slot 0 and by the register', (depth, fixed) => {
    const z = space(s390(), topOf(depth), 1n << 20n);
    sameTranslations(z, 1n << 20n, native.translateS390);
    sameTranslations(z, 1n << 20n, native[fixed]);
  });
  const z = space(s390(), topOf(3), 1n << 20n);
  test.each(['pinS390', 'pinS390Cas', 'pinS390Aware'] as const)('s390, 3 levels: %s', (name) => {
    samePins(z, 1n << 20n, native[name]);
  });
});

test.runIf(addrxlat)('libaddrxlat finds the pages of x86-64 that are there', () => {
  const { mm, wasm, at } = space(x86({ paging: '4-level' }), 'pgd', 1n << 21n);
  const addrs = BigUint64Array.from([...addresses(1n << 21n)].slice(0, 60));
  const wanted = new BigUint64Array(addrs.length);
  const found = translateMany(mm, addrs, wanted);
  new BigUint64Array(wasm.buffer, at, addrs.length).set(addrs);
  expect(addrxlat!(new Uint8Array(wasm.buffer), Number(mm.pgd), at, at + 4096, addrs.length)).toBe(found);
  expect(new BigUint64Array(wasm.buffer, at + 4096, addrs.length).slice()).toEqual(wanted);
});
