/** Every large page that s390 has, under every number of levels; and walks whose levels the root register fixes. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { countRange, pinRange, VARIANTS } from '@kernel-mm/gup-fast';
import {
  bumpAllocator,
  createMm,
  flatMemory,
  lookup,
  map,
  type Pfn,
  paddr,
  translateMany,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { compile, room, wasmMemory } from '../src/index.ts';

const RIGHTS = [false, true].flatMap((write) => [false, true].map((exec) => ({ read: true, write, exec, user: true })));
const LAYOUTS = ['classic', 'present'] as const;
const DEPTHS = [2, 3, 4, 5] as const;
const LEAVES = [
  ['pmd', 1n << 20n],
  ['pud', 1n << 31n],
] as const;
const cases = LAYOUTS.flatMap((layout) =>
  DEPTHS.flatMap((depth) =>
    LEAVES.filter(([level]) => level === 'pmd' || depth > 2).map((leaf) => [layout, depth, ...leaf] as const),
  ),
);

describe('large pages', () => {
  test.each(cases)(
    '%s layout, %i levels: a leaf at %s, in all its rights, from end to end',
    (layout, depth, level, size) => {
      const arch = s390({ layout });
      const top = topOf(depth);
      const engines = [
        ...Object.values(VARIANTS).map(({ stepper }) => [stepper, compile(arch, { form: stepper.form! })] as const),
        [VARIANTS.offsetLockless.stepper, compile(arch, { top })] as const,
      ];
      for (const prot of RIGHTS) {
        const wasm = wasmMemory({ bytes: 2 ** 18 });
        const allocator = bumpAllocator(paddr(0x1_0000n), paddr(2n ** 18n));
        const mm = createMm(arch, flatMemory(wasm), allocator, top)!;
        // The last slot of a 2-level table, so that the range ends with the table.
        const addr = vaddr((1n << 31n) - (level === 'pmd' ? size : 0n) - (level === 'pud' ? 1n << 31n : 0n));
        const { failure } = map(mm, allocator, { addr, size, paddr: paddr(size * 3n), prot, largest: level });
        expect(failure).toBeUndefined();
        const at = room(wasm, 2 ** 22);
        const frames = new Float64Array(wasm.buffer, at, 2 ** 18);
        const words = new Int32Array(wasm.buffer, at + 2 ** 21, 16);
        const first = Number((size * 3n) >> 12n) as Pfn;
        for (const [stepper, engine] of engines) {
          for (const off of [0n, 1n, 4095n, 4096n, size >> 1n, size - 1n]) {
            const to = vaddr(addr + off);
            expect(lookup(mm, to, engine)).toEqual(walk(mm, to).result);
          }
          for (const [from, pages] of [
            [addr, 3n],
            [vaddr(addr + size - 8192n), 2n],
          ] as const) {
            const end = vaddr(from + pages * 4096n);
            expect(countRange(mm, from, end, { stepper, engine })).toEqual(countRange(mm, from, end, { stepper }));
            for (const write of [true, false]) {
              const both = [undefined, engine].map((by) => {
                words.fill(1);
                frames.fill(-1, 0, 8);
                const pin = { write, counts: { words, first }, frames, stepper };
                const answer = pinRange(mm, from, end, by ? { ...pin, engine: by } : pin);
                return { answer, counts: [...words], frames: [...frames.subarray(0, 8)] };
              });
              expect(both[1]).toEqual(both[0]);
            }
          }
        }
      }
    },
  );
});

test('all 4096 pages about a boundary of 2 GiB, in a list, with the levels fixed and without', () => {
  const arch = s390();
  const wasm = wasmMemory({ bytes: 2 ** 20 });
  const allocator = bumpAllocator(paddr(0x1_0000n), paddr(2n ** 20n));
  const mm = createMm(arch, flatMemory(wasm), allocator, topOf(3))!;
  const start = (1n << 31n) - 2048n * 4096n;
  const prot = RIGHTS[3]!;
  map(mm, allocator, { addr: vaddr(start), size: 4096n * 4096n, paddr: paddr(1n << 40n), prot, largest: 'pte' });
  const addrs = BigUint64Array.from({ length: 4200 }, (_, n) => start + BigInt(n - 50) * 4096n + BigInt(n % 4096));
  const wanted = new BigUint64Array(addrs.length);
  expect(translateMany(mm, addrs, wanted)).toBe(4096);
  for (const engine of [compile(arch), compile(arch, { top: topOf(3) }), compile(arch, { loads: 'atomic' })]) {
    const out = new BigUint64Array(addrs.length);
    expect(translateMany(mm, addrs, out, engine)).toBe(4096);
    expect(out).toEqual(wanted);
  }
});
