/** Every door under values of every kind: it answers, or throws a documented error. What stands behind the doors is named. */
import * as generic from '@kernel-mm/arch-generic';
import * as s390 from '@kernel-mm/arch-s390';
import * as gup from '@kernel-mm/gup-fast';
import * as core from '@kernel-mm/pgtable-core';
import * as wasm from '@kernel-mm/pgtable-wasm';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const { KERNEL_MM_SEED, KERNEL_MM_RUNS } = process.env;
const seed = Number(KERNEL_MM_SEED ?? 1);
const numRuns = KERNEL_MM_RUNS === 'full' ? 3000 : 150;

/**
 * The doors: what the guides call with values of one's own. What else is exported is asked by walkers and laws with what
 * a door has handed out, and trusts.
 */
const DOORS: readonly (readonly [from: object, names: string])[] = [
  [
    core,
    `walk translate explain ranges map unmap protect machine createMm populate upgrade mmFromRoot mmFromTable flatMemory
    sparseMemory bumpAllocator reusing endOfPages checkPages checkArch checkMachine checkMemory checkMm defineArch
    archFromJson lookup translateMany vaddr paddr linuxMmu`,
  ],
  [generic, 'arm64 x86 riscv powerpc sparc64 um since x86Mmu riscvMmu arm64Mmu'],
  [generic, 'x86FromRegisters riscvFromRegisters arm64FromRegisters armLpaeFromRegisters armShortFromRegisters'],
  [s390, 's390 s390FromRegisters topOf levelsOf asceLimit'],
  [gup, 'countRange pinRange walkLockless getUserPages getUserPagesFast getUserPagesFastOnly'],
  [gup, 'pinUserPages pinUserPagesFast pinUserPagesFastOnly'],
  [wasm, 'compile room wasmMemory'],
];

const arch = generic.x86({ paging: '4-level' });
const memory = core.flatMemory(new ArrayBuffer(0x1_0000));
const tables = core.bumpAllocator(core.paddr(0x1000n), core.paddr(0x1_0000n));
const mm = core.createMm(arch, memory, tables)!;
const prot = { read: true, write: true, exec: false, user: true };
const request = { addr: core.vaddr(0x4000n), paddr: core.paddr(0x8000n), size: 0x1000n, prot };
core.map(mm, tables, request);
const { stepper } = gup.VARIANTS.entryAware;
const counts = { words: new Int32Array(16), first: 0 };

/** What a door means to be handed: whole, or with one part of another kind. */
const GOOD: readonly object[] = [
  ...[mm, memory, tables, prot, request, arch.spec, { stepper }, { write: true, counts, frames: new Float64Array(4) }],
  ...[
    { root: mm.root, addr: 0x4123n, access: 'read' },
    { start: 0n, end: 0n, budget: 50, merge: true },
  ],
  ...[{ paging: '4-level' }, { mode: 'sv39' }, { page: '4k' }, { granule: '4k', va: 48 }, { levels: '4' }],
  ...[generic.x86Mmu(arch), generic.x86Mmu(arch).defaults, { cr0: 1n << 31n, cr3: 0x1000n, cr4: 32n }],
  ...[{ mm, port: gup.memoryPort(mm), stepper }, { bytes: 65536 }, { satp: 8n << 60n }],
];
const WHOLE: readonly unknown[] = [
  ...[arch, core.machine(generic.x86Mmu(arch)), wasm.compile(arch), core.archToJson(arch.spec), 'pmd', 'read', 1, 8],
  ...[mm.root, 0x1000n, 0x4000n, [{ at: 0n, length: 64, offset: 0 }], new BigUint64Array(2), new ArrayBuffer(64)],
];
const ODD: readonly unknown[] = [
  ...[undefined, null, true, 0, -1, 0.5, Number.NaN, 1e300, 2 ** 31, '', 'x', '__proto__', 'constructor', 0n, -1n],
  ...[2n ** 64n, 2n ** 64n - 1n, 2n ** 70n, Symbol('s'), () => 1, () => undefined, () => -1n, () => 2n ** 65n, []],
  ...[[1, 'a'], {}, Object.create(null), new Date(0), new Map(), new Uint8Array(8), new Float64Array(2), /x/],
];

const odd = fc.constantFrom(...ODD);
const spoilt = fc
  .tuple(fc.constantFrom(...GOOD), fc.nat(), odd)
  .map(([good, n, value]) => ({ ...good, [Object.keys(good)[n % Object.keys(good).length]!]: value }));
const anything = fc.oneof(odd, fc.constantFrom<unknown>(...GOOD, ...WHOLE), spoilt);
const isTyped = (error: unknown): boolean => error instanceof core.UsageError || error instanceof core.ArchError;

const doors = DOORS.flatMap(([from, names]) => names.split(/\s+/).map((name) => [name, from] as const));

test.each(doors)('%s', (name, from) => {
  const door = (from as Record<string, unknown>)[name] as (...args: unknown[]) => unknown;
  fc.assert(
    fc.property(fc.array(anything, { minLength: door.length, maxLength: door.length + 2 }), (args) => {
      try {
        const answer = door(...args);
        // A listing looks at memory when it is asked for items.
        if (answer !== null && typeof answer === 'object' && 'next' in answer)
          for (let n = 0; n < 50 && !(answer as Iterator<unknown>).next().done; n++);
      } catch (error) {
        if (!isTyped(error)) throw error;
      }
    }),
    { seed, numRuns },
  );
});

test.each([
  ['-1n', () => -1n],
  ['2^64 + x', () => 2n ** 64n + 0x67n],
  ['a number', () => 0x67],
  ['null', () => null],
  ['a throw', () => void JSON.parse('{')],
])('memory that answers %s is walked by no operation', (_what, read) => {
  const lying = { ...memory, read: read as never };
  const space = { ...mm, memory: lying };
  const machine = core.machine(generic.x86Mmu(arch));
  const root = mm.root!;
  const calls = [
    () => core.walk(space, core.vaddr(0x4000n)),
    () => core.translate(machine, lying, { root, addr: core.vaddr(0x4000n), access: 'read' }),
    () => [...core.ranges(machine, lying, root, { budget: 50 })],
    () => core.map(space, tables, request),
    () => core.unmap(space, request.addr, request.size),
    () => gup.countRange(space, core.vaddr(0n), core.vaddr(0x4000n)),
  ];
  for (const call of calls) {
    expect(call).toThrow(core.UsageError);
    expect(call).toThrow(/memory\.read/);
  }
});

test.each([
  ['x86', generic.x86Mmu(arch), { maxPhysBits: 53 }],
  ['x86', generic.x86Mmu(arch), { user: 1 }],
  ['riscv', generic.riscvMmu(generic.riscv({ mode: 'sv39' })), { pmlen: 8 }],
  ['arm64', generic.arm64Mmu(generic.arm64({ granule: '4k', va: 48 })), { t0sz: -1 }],
  ['powerpc', generic.powerpcMmu(generic.powerpc({ page: '4k' })), { amr: 1n << 64n }],
  ['s390', s390.s390Mmu(s390.s390()), { prefix: -1n }],
])('a state that %s has not is refused', (_name, mmu, state) => {
  expect(() => core.machine(mmu as core.Mmu, state)).toThrow(core.UsageError);
});
