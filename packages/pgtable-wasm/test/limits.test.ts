/** The kernel's own limits, compiled: how far a walk may go, and how high a count. The reference engine says the same. */
import { arm64, riscv, sparc64, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { countRange, pinRange } from '@kernel-mm/gup-fast';
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
  type Vaddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type CompileOptions, compile, room, type WasmMemory, wasmMemory } from '../src/index.ts';

const bit = (n: number): bigint => 1n << BigInt(n);
const PROT = { read: true, write: true, exec: true, user: true };

/** The second page of an address space, at frame 0x80. */
function second(arch: Arch, top: Level = 'pgd'): { mm: Mm; wasm: WasmMemory; size: bigint } {
  const { size } = arch.geometry.pte;
  const wasm = wasmMemory({ bytes: 2 ** 21 });
  const allocator = bumpAllocator(paddr(0x1_0000n), paddr(0x10_0000n));
  const mm = createMm(arch, flatMemory(wasm), allocator, top);
  if (!mm) throw new Error('no memory');
  map(mm, allocator, { addr: vaddr(size), size, paddr: paddr(0x80n * size), prot: PROT });
  return { mm, wasm, size };
}

describe('addresses above user space', () => {
  test.each<[string, Arch, above: bigint, pages: 0 | 1]>([
    ['riscv v6.9', riscv({ mode: 'sv39', linux: '6.9' }), bit(39), 0],
    ['riscv v6.12', riscv({ mode: 'sv39' }), bit(39), 1],
    ['riscv v6.12, up to LONG_MAX', riscv({ mode: 'sv39' }), bit(63) - bit(39), 1],
    ['riscv v6.12, beyond', riscv({ mode: 'sv39' }), bit(63), 0],
    ['riscv v6.12.36', riscv({ mode: 'sv39', linux: '6.12.36' }), bit(39), 0],
    ['riscv v6.16', riscv({ mode: 'sv57', linux: '6.16' }), bit(57), 0],
    ['arm64, 4k, no LPA2', arm64({ granule: '4k', va: 52, lpa2: false }), bit(48), 1],
    ['arm64, 16k, no LPA2', arm64({ granule: '16k', va: 52, lpa2: false }), bit(47), 1],
    ['arm64, 48 bits', arm64({ granule: '4k', va: 48 }), bit(48), 0],
    ['sparc64', sparc64({ cpu: 'sun4v' }), bit(53), 1],
    ['x86-64', x86({ paging: '4-level' }), bit(48), 0],
  ])('%s', (_, arch, above, pages) => {
    const { mm, size } = second(arch);
    const [start, end] = [vaddr(above + size), vaddr(above + 2n * size)];
    const wanted = { pages, strays: 0, ...(pages === 0 && { stop: { kind: 'not-permitted' } }) };
    expect(countRange(mm, start, end)).toEqual(wanted);
    expect(countRange(mm, start, end, { engine: compile(arch) })).toEqual(wanted);
  });

  test.each([2, 3, 4] as const)('s390 with %i levels: its own limit, with and without a fixed top', (levels) => {
    const arch = s390();
    const { mm } = second(arch, topOf(levels));
    const limit = bit({ 2: 31, 3: 42, 4: 53 }[levels]);
    for (const engine of [compile(arch), compile(arch, { top: topOf(levels) })])
      expect(countRange(mm, vaddr(limit), vaddr(limit + 0x1000n), { engine }).stop).toEqual({ kind: 'not-permitted' });
  });
});

describe.each<NonNullable<CompileOptions['counts']>>(['plain', 'cas'])('counts, %s', (counts) => {
  const arch = x86({ paging: '4-level' });
  const { mm, wasm, size } = second(arch);
  const engine = compile(arch, { counts });
  const [start, end]: [Vaddr, Vaddr] = [vaddr(size), vaddr(2n * size)];

  test.each<[count: number, after: number, stop: string | undefined]>([
    [0, 0, 'count-zero'],
    [-1, -1, 'count-negative'],
    [-(2 ** 31), -(2 ** 31), 'count-negative'],
    [1, 2, undefined],
    [2 ** 31 - 2, 2 ** 31 - 1, undefined],
    // Taken once; then it is negative.
    [2 ** 31 - 1, -(2 ** 31), undefined],
  ])('%i becomes %i: %s', (count, after, rule) => {
    const at = room(wasm, 4096);
    const [words, frames] = [new Int32Array(wasm.buffer, at, 1), new Float64Array(wasm.buffer, at + 8, 1)];
    for (const by of [undefined, engine]) {
      words[0] = count;
      const pin = { write: true, counts: { words, first: 0x80 as Pfn }, frames };
      const answer = pinRange(mm, start, end, { ...pin, ...(by && { engine: by }) });
      expect(answer.pages).toBe(rule ? 0 : 1);
      expect(answer.stop && 'rule' in answer.stop ? answer.stop.rule : undefined).toBe(rule);
      expect(words[0]).toBe(after);
    }
  });
});
