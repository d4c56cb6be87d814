/** The table of the variants, derived: every variant under both oracles, on every architecture and kind of folding. */
import { arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { type Arch, type Level, type Neighbour, StackArea } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type FoldKind, judge, VARIANTS, type VariantName } from '../../src/index.ts';
import { rangeOf, spaceWith } from '../support/space.ts';

interface Case {
  readonly name: string;
  readonly arch: Arch;
  readonly top: Level;
  readonly kind: FoldKind;
  /** Multiples of these are crossed; for `dynamic` the first is what a top entry covers. */
  readonly boundaries: readonly bigint[];
}

const cases: Case[] = [
  ...(['classic', 'present'] as const).flatMap((layout) =>
    ([2, 3, 4] as const).map((levels): Case => {
      const shift = { 2: 20n, 3: 31n, 4: 42n }[levels];
      const name = `s390 ${layout}, ${levels} levels`;
      return { name, arch: s390({ layout }), top: topOf(levels), kind: 'dynamic', boundaries: [1n << shift] };
    }),
  ),
  // Nothing is folded with 5 levels, and below the top entry's size no pointer stays on the stack.
  {
    name: 's390, 5 levels',
    arch: s390(),
    top: 'pgd',
    kind: 'static',
    boundaries: [53n, 42n, 31n, 20n].map((n) => 1n << n),
  },
  { name: 's390, 4 levels inside', arch: s390(), top: 'p4d', kind: 'static', boundaries: [1n << 31n, 1n << 20n] },
  { name: 's390, 3 levels inside', arch: s390(), top: 'pud', kind: 'static', boundaries: [1n << 20n] },
  ...[
    x86({ paging: '4-level', fold: 'build' }),
    x86({ paging: '4-level', fold: 'boot' }),
    x86({ paging: '5-level' }),
    riscv({ mode: 'sv39' }),
    riscv({ mode: 'sv48' }),
    riscv({ mode: 'sv57' }),
    arm64({ granule: '4k', va: 48 }),
  ].map((arch): Case => {
    const sizes = new Set((['pgd', 'p4d', 'pud', 'pmd'] as const).map((level) => arch.geometry[level].size));
    const fold = arch.spec.levels.p4d.fold?.when ?? 'nothing';
    return { name: `${arch.id}, p4d folded at ${fold}`, arch, top: 'pgd', kind: 'static', boundaries: [...sizes] };
  }),
  {
    name: 'arm64 16K VA52 without LPA2, Linux v6.9',
    arch: arm64({ granule: '16k', va: 52, lpa2: false, linux: '6.9' }),
    top: 'pgd',
    kind: 'nested',
    boundaries: [1n << 36n, 1n << 25n],
  },
];

const names = Object.keys(VARIANTS) as VariantName[];

describe.each(cases)('$name', ({ arch, top, kind, boundaries }) => {
  for (const boundary of boundaries) {
    const page = arch.geometry.pte.size;
    const start = boundary - 2n * page;
    // What a wrong pointer would find must exist: the pages one top entry lower, and their neighbours.
    const { mm, frameOf } = spaceWith(arch, top, [start, 0n], 6);
    const [addr, end] = rangeOf(arch, start, 4);

    test.each(names)(`%s across 0x${boundary.toString(16)}`, (name) => {
      const { stepper, safety } = VARIANTS[name];
      const walk = judge(mm, stepper, addr, end);
      expect({ addressCorrect: walk.addressCorrect, law: walk.law }).toEqual(safety[kind]);
      expect(walk.strays.length > 0).toBe(!safety[kind].addressCorrect);
      const right = walk.leaves.length === 4 && walk.leaves.every((leaf) => leaf.paddr === frameOf(leaf.addr));
      // Where folds are nested, stack that holds the same entry can give the right pages by luck; it is still a stray read.
      if (kind !== 'nested' || safety.nested.addressCorrect) expect(right).toBe(safety[kind].addressCorrect);
    });

    test.each(names)(`%s across 0x${boundary.toString(16)}: what is safe is safe beside any neighbour`, (name) => {
      const { stepper, safety } = VARIANTS[name];
      for (const neighbour of ['same', 'zero', 'poison', 'garbage'] as Neighbour[]) {
        const walk = judge(mm, stepper, addr, end, new StackArea(neighbour));
        expect(walk.addressCorrect, neighbour).toBe(safety[kind].addressCorrect);
      }
    });
  }
});

test('under dynamic folding only stackCopy is wrong; where folds are nested only real pointers are right', () => {
  const wrong = (kind: FoldKind) => names.filter((name) => !VARIANTS[name].safety[kind].addressCorrect);
  const real: VariantName[] = ['offsetLocklessStrict', 'dummyRead', 'hwPointer', 'readAgain'];
  expect(wrong('static')).toEqual([]);
  expect(wrong('dynamic')).toEqual(['stackCopy']);
  expect(wrong('nested')).toEqual(names.filter((name) => !real.includes(name)));
});

test.each(['6.11', '6.18'] as const)(
  'arm64 of v%s: its own p4d_offset_lockless makes the merged form right',
  (linux) => {
    const arch = arm64({ granule: '16k', va: 52, lpa2: false, linux });
    const start = (1n << 36n) - 2n * arch.geometry.pte.size;
    const { mm } = spaceWith(arch, 'pgd', [start, 0n], 6);
    const judged = (name: VariantName) => judge(mm, VARIANTS[name].stepper, ...rangeOf(arch, start, 4));
    expect(judged('offsetLockless')).toMatchObject({ ...VARIANTS.offsetLockless.safety.static, strays: [] });
    expect(judged('stackCopy')).toMatchObject(VARIANTS.stackCopy.safety.nested);
  },
);
